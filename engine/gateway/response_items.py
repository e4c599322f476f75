"""Items of the Responses dialect as messages of a chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.gateway.asking import Malformed
from engine.gateway.fields import JsonObject, entries, entry, required, text

BETWEEN = "\n"
"""Between two texts that become one: many chat templates take a string only."""

_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
"""Few servers beside OpenAI's know a developer; his words are a system prompt there."""


def unsupported(param: str, what: str, remedy: str) -> Malformed:
    """Return the error that says that `what` cannot be done here."""
    return Malformed(
        f"{what} is not possible here: {remedy}", param=param, code="unsupported_value"
    )


def items_of(value: Any) -> list[JsonObject]:
    """Return the field `input` as items; a string is what the user says.

    Raises Malformed where it is neither a string nor a list of objects.
    """
    if isinstance(value, str):
        part = {"type": "input_text", "text": value}
        return [{"type": "message", "role": "user", "content": [part]}]
    return [entry(each, f"input[{number}]") for number, each in enumerate(entries(value, "input"))]


def kind_of(item: JsonObject) -> str:
    """Return the type of `item`, which may be left out for messages and references."""
    kind = item.get("type")
    if kind is None:
        return "message" if "role" in item else "item_reference" if "id" in item else ""
    return kind if isinstance(kind, str) else ""


def messages_of(items: Iterable[JsonObject], known: Sequence[JsonObject] = ()) -> list[JsonObject]:
    """Return the messages that say what `items` say, in their order, after those of `known`.

    known: items of earlier turns. Raises Malformed for items that a chat cannot hold.
    """
    made = _Messages()
    for number, item in enumerate((*known, *items), -len(known)):
        made.add(item, f"input[{number}]")
    return made.messages


class _Messages:
    """Messages so far. Calls that follow each other belong to one message of the model."""

    def __init__(self) -> None:
        self.messages: list[JsonObject] = []
        self._thoughts: list[str] = []

    def add(self, item: JsonObject, param: str) -> None:
        match kind_of(item):
            case "message":
                self._add_message(item, param)
            case "function_call":
                self._add_call(item, param)
            case "function_call_output":
                self._add_output(item, param)
            case "reasoning":
                self._thoughts += _thoughts(item, param)
            case kind:
                raise unsupported(
                    f"{param}.type",
                    f"An item of type '{kind}'" if kind else "An item without a type",
                    "send messages, function calls, their outputs and reasoning",
                )

    def _add_message(self, item: JsonObject, param: str) -> None:
        said = text(required(item, "role", f"{param}.role"), f"{param}.role")
        role = _ROLES.get(said)
        if role is None:
            raise unsupported(f"{param}.role", f"The role '{said}'", f"use {', '.join(_ROLES)}")
        content = _content(required(item, "content", f"{param}.content"), f"{param}.content")
        if role != "user" and not isinstance(content, str):
            raise unsupported(
                f"{param}.content", f"Anything but text from '{said}'", "send it as the user"
            )
        if role != "assistant":
            self._thoughts.clear()
        self.messages.append({"role": role, "content": content})

    def _add_call(self, item: JsonObject, param: str) -> None:
        function = {
            "name": text(required(item, "name", f"{param}.name"), f"{param}.name"),
            "arguments": text(
                required(item, "arguments", f"{param}.arguments"), f"{param}.arguments"
            ),
        }
        id = text(required(item, "call_id", f"{param}.call_id"), f"{param}.call_id")
        if not self.messages or self.messages[-1]["role"] != "assistant":
            self.messages.append({"role": "assistant", "content": None})
        message = self.messages[-1]
        call = {"id": id, "type": "function", "function": function}
        message.setdefault("tool_calls", []).append(call)
        # Models that think between calls want their thoughts back; elsewhere they are forgotten.
        if self._thoughts:
            message["reasoning_content"] = BETWEEN.join(self._thoughts)
            self._thoughts.clear()

    def _add_output(self, item: JsonObject, param: str) -> None:
        id = text(required(item, "call_id", f"{param}.call_id"), f"{param}.call_id")
        output = _content(required(item, "output", f"{param}.output"), f"{param}.output")
        shown: list[JsonObject] = []
        if not isinstance(output, str):
            # A tool's message holds words only: the user shows the rest.
            shown = [part for part in output if part["type"] != "text"]
            output = BETWEEN.join(part["text"] for part in output if part["type"] == "text")
        self.messages.append({"role": "tool", "tool_call_id": id, "content": output})
        if shown:
            self.messages.append({"role": "user", "content": shown})


def _thoughts(item: JsonObject, param: str) -> list[str]:
    """Return what a reasoning item says in words; what is encrypted, nobody here can read."""
    found = item.get("content") or item.get("summary") or []
    parts = enumerate(entries(found, f"{param}.content"))
    return [
        text(entry(part, f"{param}.content[{at}]").get("text"), f"{param}.content[{at}].text")
        for at, part in parts
    ]


def _content(value: Any, param: str) -> str | list[JsonObject]:
    """Return a content as a string where it is nothing but text, else as parts."""
    if isinstance(value, str):
        return value
    parts = [
        _part(entry(each, f"{param}[{at}]"), f"{param}[{at}]")
        for at, each in enumerate(entries(value, param))
    ]
    if all(part["type"] == "text" for part in parts):
        return BETWEEN.join(part["text"] for part in parts)
    return parts


def _part(part: JsonObject, param: str) -> JsonObject:
    kind = part.get("type")
    match kind:
        case "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text":
            return {"type": "text", "text": text(part.get("text"), f"{param}.text")}
        case "refusal":
            return {"type": "text", "text": text(part.get("refusal"), f"{param}.refusal")}
        case "input_image":
            return _image(part, param)
        case "input_file":
            return _file(part, param)
        case "input_audio":
            sound = entry(part.get("input_audio"), f"{param}.input_audio")
            return {"type": "input_audio", "input_audio": sound}
        case _:
            raise unsupported(
                f"{param}.type",
                f"A part of type '{kind}'" if isinstance(kind, str) else "A part without a type",
                "send input_text, input_image, input_file or input_audio",
            )


def _image(part: JsonObject, param: str) -> JsonObject:
    if part.get("image_url") is None:
        raise unsupported(
            f"{param}.file_id", "A picture of a file service", "send its address or its data"
        )
    image: JsonObject = {"url": text(part["image_url"], f"{param}.image_url")}
    if part.get("detail") is not None:
        image["detail"] = part["detail"]
    return {"type": "image_url", "image_url": image}


def _file(part: JsonObject, param: str) -> JsonObject:
    if part.get("file_data") is None:
        raise unsupported(f"{param}.type", "A file by its id or address", "send its file_data")
    name = text(part.get("filename") or "file", f"{param}.filename")
    data = text(part["file_data"], f"{param}.file_data")
    return {"type": "file", "file": {"filename": name, "file_data": data}}
