"""What can be typed after `universal-ai-tools`: one file a command, no Qt."""
