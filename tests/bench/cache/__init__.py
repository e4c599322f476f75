"""The cache: its first tier, its eviction, its codecs, and Redis."""
