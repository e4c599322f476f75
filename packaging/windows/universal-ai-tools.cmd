@"%~dp0..\universal-ai-tools-cli.exe" %*
