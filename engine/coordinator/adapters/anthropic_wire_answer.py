"""What Anthropic answers, in OpenAI's words; fields that OpenAI does not have keep their names."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from engine.coordinator.adapters.openai_chunks import Table, count, tool_call, usage_of
from engine.errors import Damaged
from engine.exchange import ServedModel

REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
TRANSLATED = frozenset({"id", "type", "role", "model", "content", "usage"})
SUPPORTS = {"image_input": "vision", "structured_outputs": "json", "thinking": "reasoning"}
ALWAYS = frozenset({"chat", "tools"})
"""What every model of Anthropic's can do."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def chat_answer(body: bytes, created: int) -> bytes:
    """Return a whole chat. Raises Damaged."""
    try:
        answer = _decode(body)
        blocks = [each for each in answer["content"] if isinstance(each, dict)]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise Damaged(f"Anthropic answers no message ({error})") from error
    reason = finish_reason(answer.get("stop_reason"))
    choice = {"index": 0, "message": _message(blocks), "finish_reason": reason, "logprobs": None}
    made: Table = {
        "id": answer.get("id"),
        "object": "chat.completion",
        "created": created,
        "model": answer.get("model"),
        "choices": [choice],
    }
    if isinstance(usage := answer.get("usage"), dict):
        made["usage"] = usage_from(usage)
    unknown = {name: value for name, value in answer.items() if name not in TRANSLATED}
    return msgspec.json.encode(made | unknown)


def finish_reason(stop_reason: Any) -> str:
    """Return OpenAI's word for why an answer ended."""
    return REASONS.get(str(stop_reason), "stop")


def usage_from(usage: Table) -> Table:
    """Return tokens as OpenAI counts them, where what was cached is part of the prompt."""
    read = count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens"))
    prompt = count(usage.get("input_tokens")) + read + written
    own = {
        name: value
        for name, value in usage.items()
        if name not in ("input_tokens", "output_tokens") and value is not None
    }
    return usage_of(prompt, count(usage.get("output_tokens")), read) | own


def served_models(listing: Table) -> tuple[ServedModel, ...]:
    """Return the models of a `/models` answer; those that are retired are left out."""
    found = listing.get("data")
    entries = found if isinstance(found, list) else []
    return tuple(
        ServedModel(
            name=each["id"],
            context_tokens=size if isinstance(size := each.get("max_input_tokens"), int) else None,
            capabilities=_capabilities(each.get("capabilities")),
            details=str(each.get("display_name") or ""),
        )
        for each in entries
        if isinstance(each, dict) and each.get("id") and each.get("lifecycle") != "retired"
    )


def now_s() -> int:
    """Return the calendar time as answers carry it: Anthropic's have none."""
    return int(time.time())


def _capabilities(told: Any) -> frozenset[str] | None:
    if not isinstance(told, dict):
        return None
    return ALWAYS | {
        ours
        for theirs, ours in SUPPORTS.items()
        if isinstance(told.get(theirs), dict) and told[theirs].get("supported") is True
    }


def _message(blocks: list[Table]) -> Table:
    texts: list[str] = []
    thoughts: list[Table] = []
    calls: list[Table] = []
    others: list[Table] = []
    for block in blocks:
        match block.get("type"):
            case "text":
                texts.append(str(block.get("text") or ""))
                if block.get("citations"):
                    others.append(block)
            case "thinking" | "redacted_thinking":
                thoughts.append(block)
            case "tool_use":
                name, given = str(block.get("name")), block.get("input")
                known = given if isinstance(given, dict) else {}
                calls.append(tool_call(len(calls), name, known, str(block.get("id") or "")))
            case _:
                others.append(block)
    message: Table = {"role": "assistant", "content": "".join(texts) if texts else None}
    message["refusal"] = None  # what OpenAI always sends, some clients always want
    if calls:
        message["tool_calls"] = calls
    if thoughts:
        message["reasoning"] = "".join(str(each.get("thinking") or "") for each in thoughts)
        message["thinking_blocks"] = thoughts
    if others:
        message["content_blocks"] = others
    return message
