"""An answer in OpenAI's chat shape as Anthropic's message, whole or as its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.gateway.chat_blocks import Block, ChatBlocks, Counted, Step
from engine.gateway.fields import JsonObject
from engine.gateway.sse import event

PING = event("ping", {"type": "ping"})

_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_DELTAS = {
    "reasoning": ("thinking_delta", "thinking"),
    "call": ("input_json_delta", "partial_json"),
    "text": ("text_delta", "text"),
    "refusal": ("text_delta", "text"),
}
_NO_MORE_USAGE = {"cache_creation": None, "inference_geo": None, "service_tier": None}
"""Anthropic's clients expect the fields; no other server knows what stands in them."""
_OVERLOADED = ("overloaded", "rate_limit")


def to_message(answer: Any, *, id: str, model: str, ids: Callable[[], str]) -> JsonObject:
    """Return the message that says what the chat completion `answer` says."""
    blocks = ChatBlocks(ids=ids)
    blocks.take(answer)
    blocks.finish()
    content = [_whole_block(block) for block in blocks.blocks]
    message = _message(id, model, blocks.counted or Counted(0, 0))
    return message | {"content": content} | _stop(blocks)


def error_event(message: str, kind: str = "api_error") -> bytes:
    """Return the event with which a stream says that it broke off."""
    return event("error", {"type": "error", "error": {"type": kind, "message": message}})


class MessageEvents:
    """A Translator to Anthropic's events, from `message_start` to `message_stop`.

    prompt_tokens: the estimate that the first event tells; the last one tells what was counted.
    """

    def __init__(self, *, id: str, model: str, prompt_tokens: int, ids: Callable[[], str]) -> None:
        self._id = id
        self._model = model
        self._prompt_tokens = prompt_tokens
        self._blocks = ChatBlocks(ids=ids)

    @property
    def is_whole(self) -> bool:
        """Whether the answer has come to its end as it should."""
        return bool(self._blocks.finish_reason) and self._blocks.error is None

    def begin(self) -> bytes:
        """Return `message_start` and a first `ping`."""
        message = _message(self._id, self._model, Counted(self._prompt_tokens, 0))
        return event("message_start", {"type": "message_start", "message": message}) + PING

    def take(self, chunk: Any) -> bytes:
        """Return the events that say what `chunk` says; may be none."""
        return b"".join(map(_told, self._blocks.take(chunk)))

    def end(self, problem: str = "") -> bytes:
        """Return the last events; an answer that broke off has no `message_stop`."""
        if self._blocks.error is not None:
            return _broken(self._blocks.error)
        if problem:
            return error_event(problem)
        told = b"".join(map(_told, self._blocks.finish()))
        counted = self._blocks.counted
        usage = _counts(counted) if counted else {"output_tokens": 0}
        delta = {"type": "message_delta", "delta": _stop(self._blocks), "usage": usage}
        return (
            told + event("message_delta", delta) + event("message_stop", {"type": "message_stop"})
        )


def _told(step: Step) -> bytes:
    block = step.block
    at = {"index": block.number}
    if step.what == "opened":
        started = {"type": "content_block_start"} | at | {"content_block": _empty_block(block)}
        return event("content_block_start", started)
    if step.what == "added":
        kind, name = _DELTAS[block.kind]
        return _delta(at, {"type": kind, name: step.text})
    stop = event("content_block_stop", {"type": "content_block_stop"} | at)
    if block.kind == "reasoning":
        # Nobody signed these thoughts; a client that waits for a signature gets an empty one.
        return _delta(at, {"type": "signature_delta", "signature": ""}) + stop
    return stop


def _delta(at: JsonObject, delta: JsonObject) -> bytes:
    told = {"type": "content_block_delta"} | at | {"delta": delta}
    return event("content_block_delta", told)


def _empty_block(block: Block) -> JsonObject:
    if block.kind == "reasoning":
        return {"type": "thinking", "thinking": "", "signature": ""}
    if block.kind == "call":
        call = {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
        return call | {"caller": {"type": "direct"}}
    return {"type": "text", "text": "", "citations": None}


def _whole_block(block: Block) -> JsonObject:
    empty = _empty_block(block)
    if block.kind == "reasoning":
        return empty | {"thinking": block.text}
    if block.kind == "call":
        found = block.arguments if block.parts else {}
        # Small models write arguments that are no JSON; the client should see them.
        return empty | {"input": found if isinstance(found, dict) else {"arguments": block.text}}
    return empty | {"text": block.text}


def _message(id: str, model: str, counted: Counted) -> JsonObject:
    return {
        "id": f"msg_{id}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": _counts(counted) | _NO_MORE_USAGE,
    }


def _counts(counted: Counted) -> JsonObject:
    """Return the tokens as Anthropic counts them: what was cached stands beside the rest."""
    thinking = {"thinking_tokens": counted.reasoning} if counted.reasoning else None
    return {
        "input_tokens": max(0, counted.prompt - counted.cached),
        "output_tokens": counted.completion,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": counted.cached,
        "output_tokens_details": thinking,
        "server_tool_use": None,
    }


def _stop(blocks: ChatBlocks) -> JsonObject:
    """Return why the answer ended."""
    stopped: JsonObject = {"stop_sequence": None, "stop_details": None, "container": None}
    reason = _REASONS.get(blocks.finish_reason, "end_turn")
    if any(block.kind == "refusal" for block in blocks.blocks):
        reason = "refusal"
    elif blocks.has_calls and reason == "end_turn":
        reason = "tool_use"
    elif blocks.stop_sequence is not None and reason == "end_turn":
        stopped["stop_sequence"] = blocks.stop_sequence
        reason = "stop_sequence"
    return stopped | {"stop_reason": reason}


def _broken(error: JsonObject) -> bytes:
    kind = f"{error.get('type')} {error.get('code')}"
    is_load = any(word in kind for word in _OVERLOADED)
    message = str(error.get("message") or "The server broke off: ask again")
    return error_event(message, "overloaded_error" if is_load else "api_error")
