"""`/v1/messages` and `/v1/messages/count_tokens`: Anthropic's dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import msgspec

from engine.exchange import LlmRequest, Native, Reply, Task
from engine.gateway.answering import result_of, stream_result
from engine.gateway.asking import json_of, request_of
from engine.gateway.messages_stream import MessageEvents, to_message
from engine.gateway.messages_wire import conversation, to_chat
from engine.gateway.ports import Call, Handler, Result, Router
from engine.gateway.translation import translated

COUNTED = "/v1/messages/count_tokens"
PASSED = ("anthropic-beta",)
"""Headers that a server of the same dialect must see: what they ask for is in the body."""

_encode = msgspec.json.Encoder().encode

CountTokens = Callable[[Mapping[str, Any]], int]
"""Returns about how many tokens the prompt of a chat body has."""


def routes(
    router: Router, *, count: CountTokens, ids: Callable[[], str] = lambda: uuid4().hex
) -> Mapping[tuple[str, str], Handler]:
    """Return the handlers of this family.

    ids: makes the unique part of the names of messages and calls.
    """

    async def create(call: Call) -> Result:
        body = json_of(call)
        chat = to_chat(body)
        request = request_of(call, chat, Task.CHAT, "messages")
        headers = tuple((name, call.headers[name]) for name in PASSED if name in call.headers)
        request = replace(request, native=Native("anthropic", body, headers))
        return _result(await router.handle(request), request, count=count, ids=ids)

    async def estimate(call: Call) -> Result:
        tokens = count(conversation(json_of(call)))
        return Result(body=_encode({"input_tokens": tokens}))

    return {("POST", "/v1/messages"): create, ("POST", COUNTED): estimate}


def _result(
    reply: Reply, request: LlmRequest, *, count: CountTokens, ids: Callable[[], str]
) -> Result:
    if reply.dialect == "anthropic":
        result = result_of(reply)
    elif request.is_stream:
        events = MessageEvents(
            id=ids(), model=reply.model, prompt_tokens=count(request.body), ids=ids
        )
        result = stream_result(reply)
        result.stream = translated(reply, events)
    else:
        result = result_of(reply)
        result.body = _encode(to_message(reply.json(), id=ids(), model=reply.model, ids=ids))
    return _named(result, request)


def _named(result: Result, request: LlmRequest) -> Result:
    """Return `result` with the header by which Anthropic's clients name a request."""
    result.headers = {**result.headers, "request-id": request.id}
    return result
