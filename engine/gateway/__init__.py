"""The gateway: one address on loopback for every client."""
