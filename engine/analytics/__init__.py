"""Which settings work: what was tried, what came of it, and what to try next."""
