"""`/v1/chat/completions` and `/v1/completions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.exchange import Task
from engine.gateway.answering import result_of
from engine.gateway.asking import Malformed, json_of, request_of
from engine.gateway.ports import Call, Handler, Result, Router


def routes(router: Router) -> Mapping[tuple[str, str], Handler]:
    """Return the handlers of this family."""

    async def chat(call: Call) -> Result:
        body = json_of(call)
        check_messages(body)
        return result_of(await router.handle(request_of(call, body, Task.CHAT, "chat")))

    async def complete(call: Call) -> Result:
        body = json_of(call)
        check_prompt(body)
        return result_of(await router.handle(request_of(call, body, Task.COMPLETION, "completion")))

    return {("POST", "/v1/chat/completions"): chat, ("POST", "/v1/completions"): complete}


def check_messages(body: Mapping[str, Any]) -> None:
    """Raise Malformed where `body` holds no conversation."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Malformed("'messages' must be a list with at least one message", param="messages")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            param = f"messages[{number}]"
            raise Malformed(f"'{param}' must be an object with a 'role'", param=param)
        content = message.get("content")
        if content is None or isinstance(content, str):
            continue
        if not isinstance(content, list) or not all(map(_is_part, content)):
            param = f"messages[{number}].content"
            raise Malformed(f"'{param}' must be a string or a list of parts", param=param)


def check_prompt(body: Mapping[str, Any]) -> None:
    """Raise Malformed where `body` holds no text to go on with."""
    if not isinstance(body.get("prompt"), str | list) or body["prompt"] == []:
        raise Malformed("'prompt' must be a string or a list", param="prompt")


def _is_part(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("type"), str)
