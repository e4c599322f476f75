"""The coordinator: sends a request to the best server that is healthy, and again elsewhere."""
