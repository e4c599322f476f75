"""The window: how soon it is there, and how smooth it stays while speech is transcribed."""
