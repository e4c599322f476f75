"""Server-sent events: read from pieces that may be cut anywhere, and written."""

from __future__ import annotations

from typing import Any

import msgspec

END = b"[DONE]"
"""What an OpenAI stream says last."""

_encode = msgspec.json.Encoder().encode


class EventReader:
    """Puts pieces of a stream together again. Knows both line ends, comments and long data."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of every event that `piece` completes, in order."""
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        found = []
        for line in lines:
            line = line.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                found.append(b"\n".join(self._data))
                self._data = []
        return found


def event(name: str, data: Any) -> bytes:
    """Return one event called `name`, with `data` as JSON."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(data))


def nameless_event(data: Any) -> bytes:
    """Return one event without a name, with `data` as JSON."""
    return b"data: %b\n\n" % _encode(data)
