"""Where readings of the machine come from."""
