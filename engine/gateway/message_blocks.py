"""Messages made of Anthropic's blocks as messages of a chat."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.gateway.fields import JsonObject, entries, entry, required, text

BETWEEN = "\n\n"
"""Between two texts that become one: many chat templates take a string only."""

PDF = "application/pdf"

_encode = msgspec.json.Encoder().encode


def joined_text(content: Any, param: str) -> str:
    """Return the words of `content`, a string or a list of text blocks."""
    if isinstance(content, str):
        return content
    blocks = entries(content, param)
    return BETWEEN.join(
        text(entry(block, f"{param}.{at}").get("text"), f"{param}.{at}.text")
        for at, block in enumerate(blocks)
    )


def user_messages(content: Any, param: str) -> list[JsonObject]:
    """Return the messages that say what a user's `content` says: results of tools come first."""
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results: list[JsonObject] = []
    parts: list[JsonObject] = []
    for at, each in enumerate(entries(content, param)):
        place = f"{param}.{at}"
        block = entry(each, place)
        if block.get("type") == "tool_result":
            result, rest = _tool_result(block, place)
            results.append(result)
            parts += rest
        else:
            parts += _parts(block, place)
    if parts or not results:
        results.append({"role": "user", "content": _content(parts)})
    return results


def assistant_message(content: Any, param: str) -> JsonObject:
    """Return the message that says what a model's earlier `content` says."""
    if isinstance(content, str):
        return {"role": "assistant", "content": content}
    parts: list[JsonObject] = []
    calls: list[JsonObject] = []
    thoughts: list[str] = []
    for at, each in enumerate(entries(content, param)):
        place = f"{param}.{at}"
        block = entry(each, place)
        match block.get("type"):
            case "tool_use":
                calls.append(_call(block, place))
            case "thinking":
                thoughts.append(text(block.get("thinking"), f"{place}.thinking"))
            case "redacted_thinking":
                pass  # nobody but the server that wrote it can read it
            case _:
                parts += _parts(block, place)
    message: JsonObject = {"role": "assistant", "content": _content(parts) if parts else None}
    if calls:
        message["tool_calls"] = calls
        # Models that think between calls want their thoughts back; elsewhere they are forgotten.
        if thoughts:
            message["reasoning_content"] = BETWEEN.join(thoughts)
    elif not parts:
        message["content"] = ""
    return message


def _call(block: JsonObject, param: str) -> JsonObject:
    arguments = block.get("input")
    function = {
        "name": text(required(block, "name", f"{param}.name"), f"{param}.name"),
        "arguments": _encode({} if arguments is None else arguments).decode(),
    }
    id = text(required(block, "id", f"{param}.id"), f"{param}.id")
    return {"id": id, "type": "function", "function": function}


def _tool_result(block: JsonObject, param: str) -> tuple[JsonObject, list[JsonObject]]:
    """Return the tool's message, and what of the result only a user's message may hold."""
    content = block.get("content")
    said: list[str] = []
    shown: list[JsonObject] = []
    if isinstance(content, str):
        said.append(content)
    elif content is not None:
        for at, each in enumerate(entries(content, f"{param}.content")):
            place = f"{param}.content.{at}"
            for part in _parts(entry(each, place), place):
                if part["type"] == "text":
                    said.append(part["text"])
                else:
                    shown.append(part)
    words = BETWEEN.join(said)
    if block.get("is_error") is True:
        words = f"Error: {words}"
    id = text(required(block, "tool_use_id", f"{param}.tool_use_id"), f"{param}.tool_use_id")
    return {"role": "tool", "tool_call_id": id, "content": words}, shown


def _parts(block: JsonObject, param: str) -> list[JsonObject]:
    """Return `block` as parts of a chat message; one of another kind stays as it is."""
    kind = text(required(block, "type", f"{param}.type"), f"{param}.type")
    match kind:
        case "text":
            return [_text_part(text(block.get("text"), f"{param}.text"))]
        case "image":
            return [_image(block, param)]
        case "document":
            return _document(block, param)
        case "search_result":
            found = joined_text(block.get("content") or [], f"{param}.content")
            head = [str(block[name]) for name in ("title", "source") if block.get(name)]
            return [_text_part("\n".join([*head, found]))]
        case _:
            return [block]


def _image(block: JsonObject, param: str) -> JsonObject:
    source = entry(block.get("source"), f"{param}.source")
    match source.get("type"):
        case "base64":
            url = _data_url(source, f"{param}.source")
        case "url":
            url = text(source.get("url"), f"{param}.source.url")
        case _:
            return block
    return {"type": "image_url", "image_url": {"url": url}}


def _document(block: JsonObject, param: str) -> list[JsonObject]:
    source = entry(block.get("source"), f"{param}.source")
    title = block.get("title")
    head = [_text_part(title)] if isinstance(title, str) and title else []
    match source.get("type"):
        case "text":
            return [*head, _text_part(text(source.get("data"), f"{param}.source.data"))]
        case "content":
            content, place = source.get("content"), f"{param}.source.content"
            if isinstance(content, str):
                return [*head, _text_part(content)]
            inner = enumerate(entries(content, place))
            nested = [_parts(entry(each, f"{place}.{at}"), f"{place}.{at}") for at, each in inner]
            return [*head, *(part for parts in nested for part in parts)]
        case "base64":
            name = title if isinstance(title, str) and title else "document.pdf"
            url = _data_url(source, f"{param}.source")
            return [{"type": "file", "file": {"filename": name, "file_data": url}}]
        case _:
            return [block]


def _data_url(source: JsonObject, param: str) -> str:
    kind = text(source.get("media_type") or PDF, f"{param}.media_type")
    return f"data:{kind};base64,{text(source.get('data'), f'{param}.data')}"


def _text_part(words: str) -> JsonObject:
    return {"type": "text", "text": words}


def _content(parts: list[JsonObject]) -> str | list[JsonObject]:
    """Return `parts` as a string where they are nothing but text."""
    if all(part["type"] == "text" for part in parts):
        return BETWEEN.join(part["text"] for part in parts)
    return parts
