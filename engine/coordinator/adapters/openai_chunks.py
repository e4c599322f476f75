"""OpenAI's words for what servers with another API answer."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from engine.errors import Rejected

Table = dict[str, Any]

_encode = msgspec.json.Encoder().encode


class Chunks:
    """The events of one streamed answer, each complete and encoded."""

    def __init__(self, *, model: str, created: int, is_chat: bool = True, id: str = "") -> None:
        self._is_chat = is_chat
        self._head: Table = {
            "id": id or new_id("chatcmpl-" if is_chat else "cmpl-"),
            "object": "chat.completion.chunk" if is_chat else "text_completion",
            "created": created,
            "model": model,
        }

    def delta(self, said: Table, reason: str | None = None, more: Table | None = None) -> bytes:
        """Return an event with what was said. more: further fields of the choice."""
        words = {"delta": said} if self._is_chat else {"text": said.get("content", "")}
        choice = {"index": 0} | words | {"finish_reason": reason} | (more or {})
        return self._event({"choices": [choice]})

    def end(self, reason: str, more: Table | None = None) -> bytes:
        """Return the event that says why the answer ended. more: further fields of the chunk."""
        words: Table = {"delta": {}} if self._is_chat else {"text": ""}
        choice = {"index": 0} | words | {"finish_reason": reason}
        return self._event({"choices": [choice]} | (more or {}))

    def usage(self, usage: Table) -> bytes:
        """Return the event with the tokens counted, which has no choices."""
        return self._event({"choices": [], "usage": usage})

    def _event(self, more: Table) -> bytes:
        return b"data: " + _encode(self._head | more) + b"\n\n"


def new_id(prefix: str) -> str:
    """Return a name that nothing else has."""
    return prefix + secrets.token_hex(12)


def count(value: Any) -> int:
    """Return a number of tokens as a server told it; 0 for what is none."""
    return value if isinstance(value, int) and value > 0 else 0


def usage_of(prompt: int, completion: int, cached: int = 0) -> Table:
    """Return tokens as OpenAI tells them."""
    told: Table = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return told | {"prompt_tokens_details": {"cached_tokens": cached}} if cached else told


def encoded(question: Mapping[str, Any]) -> bytes:
    """Return a request as JSON. Raises Rejected for what JSON cannot say."""
    try:
        return _encode(question)
    except (TypeError, ValueError) as error:
        raise Rejected(f"this request cannot be written as JSON ({error})") from error


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Return whether a stream shall tell its tokens."""
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def reject(body: Mapping[str, Any], server: str, cannot: Iterable[str]) -> None:
    """Raise Rejected for the first field of `cannot` that asks for something."""
    for name in cannot:
        value = body.get(name)
        if value and not (name in ("n", "best_of") and value == 1):
            raise Rejected(
                f"{server} cannot do {name}={_short(value)}: leave it out or choose another model",
                code="unsupported_parameter",
                param=name,
            )


def unsupported(server: str, what: str, param: str) -> Rejected:
    """Return the error for something that an API has no words for."""
    message = f"{server} takes no {what}: choose another model"
    return Rejected(message, code="unsupported_value", param=param)


def messages_of(body: Mapping[str, Any]) -> list[Table]:
    """Return the conversation. Raises Rejected where it is none."""
    found = body.get("messages")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Rejected("messages: a list of messages is wanted", param="messages")
    return found


def calls_of(message: Table) -> list[Table]:
    """Return the tool calls of a message. Raises Rejected where they are none."""
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list) or not all(isinstance(each, dict) for each in calls):
        raise Rejected("messages: tool_calls is a list of calls", param="messages")
    return calls


def parts_of(message: Table) -> list[Table]:
    """Return the parts of a message's content; plain text is one part. Raises Rejected."""
    content = message.get("content")
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list) and all(_is_part(each) for each in content):
        return content
    raise Rejected("messages: content is text or a list of parts", param="messages")


def image_of(part: Table) -> tuple[str, str]:
    """Return the media type and base64 of an image given within the request, or "" and its
    address. Raises Rejected.
    """
    given = part.get("image_url")
    url = given.get("url") if isinstance(given, dict) else given
    if not isinstance(url, str):
        raise Rejected("messages: image_url has no url", param="messages")
    return data_of(url)


def data_of(url: str) -> tuple[str, str]:
    """Return the media type and base64 of a data: URL, or "" and the address. Raises Rejected."""
    if not url.startswith("data:"):
        return "", url
    head, comma, data = url[5:].partition(",")
    try:
        if not comma or not head.endswith(";base64"):
            raise ValueError
        base64.b64decode(data, validate=True)
    except ValueError as error:
        raise Rejected(
            "messages: a data: URL needs ';base64,' and base64 after it", param="messages"
        ) from error
    return head.split(";")[0] or "image/png", data


def arguments_of(call: Table) -> tuple[str, Table]:
    """Return the name and the decoded arguments of a tool call. Raises Rejected."""
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Rejected("messages: a tool call needs function.name", param="messages")
    given = function.get("arguments") or "{}"
    try:
        decoded = msgspec.json.decode(given) if isinstance(given, str) else given
    except msgspec.DecodeError as error:
        raise Rejected(
            f"messages: the arguments of {function['name']} are no JSON", param="messages"
        ) from error
    if not isinstance(decoded, dict):
        raise Rejected(f"messages: {function['name']} takes a JSON object", param="messages")
    return function["name"], decoded


def tool_call(index: int, name: str, arguments: Table, id: str = "") -> Table:
    """Return a complete tool call."""
    return {
        "index": index,
        "id": id or new_id("call_"),
        "type": "function",
        "function": {"name": name, "arguments": _encode(arguments).decode()},
    }


def listed(value: Any) -> list[Any]:
    """Return `value` if it is a list, nothing for None, else a list of it alone."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _is_part(part: Any) -> bool:
    return isinstance(part, dict) and all(
        isinstance(part.get(name) or "", str) for name in ("text", "refusal")
    )


def _short(value: Any) -> str:
    return repr(value)[:40]
