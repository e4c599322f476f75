"""The router: chooses the model, adds context, and keeps every reason."""
