"""Ports of the loopback that a test's servers can count on."""

from __future__ import annotations

import random
import socket
from contextlib import closing

LOWEST, HIGHEST = 20_000, 22_767
"""Below what kernels hand out to whoever asks for any port (Linux: from 32,768; others: 49,152): no
connection that another program opens meanwhile can take one, also not while a server restarts.
"""
BUS = 10_000
"""A server of a Redis Cluster takes this much above its port as well."""
TRIES = 200


def free_port() -> int:
    """Return a port of the loopback that nobody uses, and neither the one of its bus."""
    for _ in range(TRIES):
        port = random.SystemRandom().randint(LOWEST, HIGHEST)
        if _is_free(port) and _is_free(port + BUS):
            return port
    raise AssertionError(f"of {TRIES} ports between {LOWEST} and {HIGHEST} none is free")


def _is_free(port: int) -> bool:
    try:
        with closing(socket.create_server(("127.0.0.1", port))):
            return True
    except OSError:
        return False
