"""The pieces panels are made of, one a file."""
