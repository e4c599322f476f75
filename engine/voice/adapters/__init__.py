"""The outside of the voice engine: one file for each real thing."""
