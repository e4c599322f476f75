"""Files that come with the application; found by `engine.shipped`."""
