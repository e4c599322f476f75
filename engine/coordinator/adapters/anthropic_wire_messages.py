"""A conversation in OpenAI's shape, as Anthropic wants it: a system prompt, then turns of two."""

from __future__ import annotations

from typing import Any

from engine.coordinator.adapters.openai_chunks import (
    Table,
    arguments_of,
    calls_of,
    data_of,
    image_of,
    parts_of,
    unsupported,
)
from engine.errors import Rejected

SERVER = "Anthropic"


def conversation(messages: list[Table]) -> tuple[str | list[Table], list[Table]]:
    """Return the system prompt and the turns. Neighbours of one role become one turn, as results
    of tools that were called together must stand together. Raises Rejected.
    """
    system: list[Table] = []
    turns: list[Table] = []
    for message in messages:
        role = message.get("role")
        if role in ("system", "developer"):
            system += [_part(each) for each in parts_of(message)]
            continue
        blocks = _blocks(message, role)
        side = "assistant" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == side:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": side, "content": blocks})
    return _plain(system, "\n\n"), [turn | {"content": _plain(turn["content"])} for turn in turns]


def _blocks(message: Table, role: Any) -> list[Table]:
    match role:
        case "user":
            return [_part(each) for each in parts_of(message)]
        case "assistant":
            return [*_thoughts(message), *map(_part, parts_of(message)), *_calls(message)]
        case "tool":
            return [_result(message)]
        case _:
            raise unsupported(SERVER, f"message of role {role!r}", "messages")


def _plain(blocks: list[Table], between: str = "") -> str | list[Table]:
    """Return simple text as text."""
    is_simple = all(each.keys() == {"type", "text"} and each["type"] == "text" for each in blocks)
    if is_simple and (between or len(blocks) == 1):
        return between.join(each["text"] for each in blocks)
    return blocks


def _thoughts(message: Table) -> list[Table]:
    """Return earlier thoughts with their signatures, without which Anthropic takes none back."""
    blocks = message.get("thinking_blocks")
    return [each for each in blocks if isinstance(each, dict)] if isinstance(blocks, list) else []


def _calls(message: Table) -> list[Table]:
    made = []
    for call in calls_of(message):
        name, arguments = arguments_of(call)
        made.append({"type": "tool_use", "id": call.get("id"), "name": name, "input": arguments})
    return made


def _result(message: Table) -> Table:
    content = _plain([_part(each) for each in parts_of(message)])
    made = {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": content}
    if not content:
        del made["content"]
    for name in ("is_error", "cache_control"):
        if name in message:
            made[name] = message[name]
    return made


def _part(part: Table) -> Table:
    kind = part.get("type")
    kept = {"cache_control": part["cache_control"]} if part.get("cache_control") else {}
    if kind == "text":
        return {"type": "text", "text": part.get("text") or ""} | kept
    if kind == "image_url":
        media_type, data = image_of(part)
        return {"type": "image", "source": _source(media_type, data)} | kept
    if kind == "file":
        return _document(part) | kept
    if kind == "refusal":
        return {"type": "text", "text": part.get("refusal") or ""}
    if kind in ("input_audio", None):
        raise unsupported(SERVER, f"part of type {kind!r}", "messages")
    return part  # one of Anthropic's own


def _source(media_type: str, data: str) -> Table:
    if not media_type:
        return {"type": "url", "url": data}
    return {"type": "base64", "media_type": media_type, "data": data}


def _document(part: Table) -> Table:
    file = part.get("file")
    given = file.get("file_data") if isinstance(file, dict) else None
    if not isinstance(given, str):
        raise unsupported(SERVER, "files but those within the request (file_data)", "messages")
    media_type, data = data_of(given)
    if not media_type:
        raise Rejected("messages: file_data is a data: URL", param="messages")
    made: Table = {"type": "document", "source": _source(media_type, data)}
    name = file.get("filename") if isinstance(file, dict) else None
    return made | ({"title": name} if name else {})
