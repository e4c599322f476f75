"""The outside of the gateway: the HTTP server and WebRTC."""
