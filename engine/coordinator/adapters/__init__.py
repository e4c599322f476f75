"""The outside of the coordinator: servers of every kind, and the built-in one."""
