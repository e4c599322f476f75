"""Parameter analytics, measured beside what others use."""
