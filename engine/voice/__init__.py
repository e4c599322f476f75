"""Voice: microphone and files in, words out."""
