"""A whole answer as the stream that was asked for."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import Damaged
from engine.exchange import DONE, LlmRequest


def unrolled(body: bytes, request: LlmRequest) -> bytes:
    """Return the events of a stream that says the same as `body`, `[DONE]` included.

    For servers that answer whole although a stream was asked for. Raises Damaged where `body` is
    no answer in OpenAI's shape.
    """
    whole = msgspec.json.decode(body)
    choices = whole.get("choices")
    if not isinstance(choices, list) or not all(isinstance(each, dict) for each in choices):
        raise Damaged("the answer has no choices")
    usage = whole.pop("usage", None)
    if whole.get("object") == "chat.completion":
        whole["object"] = "chat.completion.chunk"
    begun = [_begun(choice) for choice in choices]
    ended = [_ended(choice) for choice in choices]
    events = [_event(whole | {"choices": begun}), _event(whole | {"choices": ended})]
    options = request.body.get("stream_options")
    if usage is not None and isinstance(options, dict) and options.get("include_usage"):
        events.append(_event(whole | {"choices": [], "usage": usage}))
    return b"".join((*events, DONE))


def _begun(choice: dict[str, Any]) -> dict[str, Any]:
    """Return `choice` without its end; a message becomes a delta."""
    begun = choice | {"finish_reason": None}
    message = begun.pop("message", None)
    if isinstance(message, dict):
        calls = message.get("tool_calls")
        if isinstance(calls, list):
            numbered = [
                {"index": at} | call if isinstance(call, dict) else call
                for at, call in enumerate(calls)
            ]
            message = message | {"tool_calls": numbered}
        begun["delta"] = message
    return begun


def _ended(choice: dict[str, Any]) -> dict[str, Any]:
    """Return the end of `choice`."""
    empty: dict[str, Any] = {"delta": {}} if "message" in choice else {"text": ""}
    reason = choice.get("finish_reason") or "stop"
    return {"index": choice.get("index", 0), "finish_reason": reason} | empty


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"
