"""How a client is told within a stream that nothing more comes."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import EngineError, TimedOut
from engine.exchange import Dialect


def in_band(error: EngineError, dialect: Dialect) -> bytes:
    """Return the last event of a stream that broke off; no `[DONE]` follows it."""
    if dialect == "anthropic":
        told: Any = {"type": "error", "error": {"type": "api_error", "message": str(error)}}
        return b"event: error\ndata: " + msgspec.json.encode(told) + b"\n\n"
    code = "upstream_timeout" if isinstance(error, TimedOut) else "upstream_broken"
    told = {"message": str(error), "type": "upstream_error", "param": None, "code": code}
    return b"data: " + msgspec.json.encode({"error": told}) + b"\n\n"
