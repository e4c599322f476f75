"""Benchmarks: run by hand with `make bench AREA=...`, never asserted."""
