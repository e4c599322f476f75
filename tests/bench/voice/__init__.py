"""Speech: streams in real time, files, and sounds in which nobody speaks."""
