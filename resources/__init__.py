"""Files that come with the application; read with importlib.resources."""
