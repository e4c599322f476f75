"""The engines of Universal AI Tools: ordinary classes, usable without Qt."""
