"""How a client is told within a stream that nothing more comes."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.exchange import Dialect

BROKEN, LATE = "upstream_broken", "upstream_timeout"
"""Codes by which a program tells what happened."""


def in_band(words: str, code: str, dialect: Dialect) -> bytes:
    """Return the last event of a stream that broke off; no `[DONE]` follows it."""
    if dialect == "anthropic":
        told: Any = {"type": "error", "error": {"type": "api_error", "message": words}}
        return b"event: error\ndata: " + msgspec.json.encode(told) + b"\n\n"
    told = {"message": words, "type": "upstream_error", "param": None, "code": code}
    return b"data: " + msgspec.json.encode({"error": told}) + b"\n\n"
