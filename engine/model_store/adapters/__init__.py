"""Places that models come from: one file for each."""
