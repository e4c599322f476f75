"""What tells which version is out: a file that is fetched, and a made-up one."""
