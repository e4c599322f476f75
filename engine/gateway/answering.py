"""From an answer to what goes back to the client."""

from __future__ import annotations

from urllib.parse import quote

from engine.exchange import Reply
from engine.gateway.ports import Result

EVENTS = "text/event-stream; charset=utf-8"
READABLE = " !#$&'()*+,/:;=?@[]|~"
"""Beside letters and digits: what stays as it is in a header. What a server calls its model may
hold anything, also line ends."""


def result_of(reply: Reply) -> Result:
    """Return `reply` as it goes to a client that speaks its dialect."""
    headers = reply_headers(reply)
    if reply.stream is None:
        return Result(body=reply.body, headers=headers)
    return stream_result(reply, headers)


def stream_result(reply: Reply, headers: dict[str, str] | None = None) -> Result:
    """Return the events of `reply` as they come."""
    headers = reply_headers(reply) if headers is None else headers
    # Proxies on the way must neither keep nor collect it.
    headers["cache-control"] = "no-cache"
    headers["x-accel-buffering"] = "no"
    return Result(stream=reply.stream, content_type=EVENTS, headers=headers)


def reply_headers(reply: Reply) -> dict[str, str]:
    """Return the headers that tell where an answer comes from."""
    headers = {
        "x-model": header_text(reply.model),
        "x-endpoint": header_text(reply.endpoint),
        "x-cache": reply.cached or "miss",
    }
    if reply.similar is not None:
        likeness = f"{reply.similar.likeness:.2f}"
        headers["x-similar"] = f"{header_text(reply.similar.id)};likeness={likeness}"
    if reply.suggestion_id:
        headers["x-suggestion-id"] = reply.suggestion_id
    return headers


def header_text(text: str) -> str:
    """Return `text` as it may stand in a header: anything but plain ASCII is percent-encoded."""
    if text.isascii() and text.isprintable():
        return text
    return quote(text, safe=READABLE, errors="replace")
