"""How an address that is listened at is written for clients."""

from __future__ import annotations

from engine.gateway.ports import Bound

ALL_INTERFACES = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen at that are none to call."""


def url_of(bound: Bound) -> str:
    """Return what clients take as their base address, such as "http://127.0.0.1:11480/v1"."""
    host = ALL_INTERFACES.get(bound.host, bound.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{bound.port}/v1"
