"""Where the dear computations are made, and where observations come from."""
