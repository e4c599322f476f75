"""What the cache meets outside this process."""
