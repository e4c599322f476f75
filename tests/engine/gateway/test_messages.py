"""`/v1/messages` answers Anthropic's own SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any

import anthropic
import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Overloaded, Rejected
from engine.exchange import Native
from engine.gateway.asking import Malformed
from engine.gateway.messages import routes
from engine.gateway.ports import Call
from engine.tokens import prompt_tokens
from tests.engine.gateway.chats import JSON, Said
from tests.engine.gateway.fake_router import MODEL, FakeRouter
from tests.engine.gateway.in_process import BASE_URL, InProcess

CUTS = [None, 1, 7]
ASKED: dict[str, Any] = {
    "model": "fast",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "What is the weather?"}],
}
TOOL: dict[str, Any] = {"name": "look", "input_schema": {"type": "object"}}
CALLS = Said("Hm.", "Looking.", calls=(("call_0", "look", {"at": 1}), ("call_1", "look", {"b": 2})),
    finish_reason="tool_calls")  # fmt: skip
OURS = b'event: message_start\ndata: {"type":"message_start"}\n\n'

FIELDS = [*ASKED, "system", "tools", "tool_choice", "thinking", "output_config", "stream", "top_k"]

Scene = Callable[[anthropic.AsyncAnthropic, InProcess], Coroutine[Any, Any, Any]]


def play(router: FakeRouter, scene: Scene, *, cut: int | None = None) -> Any:
    """Return what `scene` returns, played with the SDK before the handlers of `router`."""

    async def stage() -> Any:
        ids = count(1)
        made = routes(router, count=lambda body: len(body["messages"]), ids=lambda: str(next(ids)))
        transport = InProcess(made, cut=cut)
        async with httpx2.AsyncClient(transport=transport) as http:
            client = anthropic.AsyncAnthropic(
                api_key="key", base_url=BASE_URL[:-3], http_client=http, max_retries=0
            )
            return await scene(client, transport)

    return asyncio.run(stage())


def test_an_answer():
    """A question is answered by a message of the SDK's, which knows the request by its name."""

    async def scene(client: anthropic.AsyncAnthropic, _: InProcess) -> None:
        message = await client.messages.create(**ASKED)
        assert [block.text for block in message.content] == ["Hello there"]
        assert (message.model, message.stop_reason) == (MODEL, "end_turn")
        assert message.usage.input_tokens == 7
        assert message._request_id == "req_1"

    router = FakeRouter()
    play(router, scene)
    (request,) = router.requests
    assert (request.model, request.via) == ("fast", "messages")
    assert request.native == Native("anthropic", ASKED)
    assert request.messages == ASKED["messages"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_streamed_answer(cut: int | None):
    """The SDK puts the same message together from a stream, cut wherever it is."""

    async def scene(client: anthropic.AsyncAnthropic, transport: InProcess) -> None:
        async with client.messages.stream(**ASKED, tools=[TOOL]) as stream:
            kinds = [each.type async for each in stream]
            message = await stream.get_final_message()
        assert {"thinking", "text", "input_json"} <= set(kinds)
        assert kinds[-1] == "message_stop"
        assert [block.type for block in message.content] == [
            "thinking",
            "text",
            "tool_use",
            "tool_use",
        ]
        assert [block.input for block in message.content[2:]] == [{"at": 1}, {"b": 2}]
        assert (message.stop_reason, message.usage.output_tokens) == ("tool_use", 9)
        assert transport.results[0].content_type.startswith("text/event-stream")

    router = FakeRouter(pieces=CALLS.pieces(Random(1)))
    play(router, scene, cut=cut)
    assert router.requests[0].body["stream_options"] == {"include_usage": True}
    assert router.streams_open == 0


def test_the_turn_after_a_call():
    """What a tool found goes back to the model with the call it belongs to."""

    async def scene(client: anthropic.AsyncAnthropic, _: InProcess) -> None:
        first = await client.messages.create(**ASKED, tools=[TOOL])
        result = {"type": "tool_result", "tool_use_id": first.content[-1].id, "content": "Rain."}
        messages = [
            *ASKED["messages"],
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ]
        await client.messages.create(**(ASKED | {"messages": messages}), tools=[TOOL])

    router = FakeRouter(answer=CALLS.whole())
    play(router, scene)
    assistant, tool = router.requests[1].messages[1:]
    assert [call["id"] for call in assistant["tool_calls"]] == ["call_0", "call_1"]
    assert tool == {"role": "tool", "tool_call_id": "call_1", "content": "Rain."}


def test_anthropics_own_bytes_pass_untouched():
    """What a server of Anthropic's answered is not written anew, streamed or not."""

    async def scene(client: anthropic.AsyncAnthropic, transport: InProcess) -> bytes:
        await client.messages.create(**ASKED)
        async with client.messages.with_streaming_response.create(**ASKED, stream=True) as raw:
            streamed = b"".join([piece async for piece in raw.iter_bytes()])
        return transport.results[0].body + streamed

    answer = {"type": "message", "content": [], "of_the_future": 1}
    router = FakeRouter(answer=answer, pieces=[OURS], reply_fields={"dialect": "anthropic"})
    assert play(router, scene) == msgspec.json.encode(answer) + OURS


def test_what_a_client_wants_to_try_is_passed_on():
    """A header that changes what Anthropic's server answers goes along with the body."""

    async def scene(client: anthropic.AsyncAnthropic, _: InProcess) -> None:
        await client.messages.create(**ASKED, extra_headers={"anthropic-beta": "output-128k"})

    router = FakeRouter(answer={"choices": []})
    play(router, scene)
    native = router.requests[0].native
    assert native is not None
    assert native.headers == (("anthropic-beta", "output-128k"),)


def test_a_break_in_a_stream_raises_in_the_sdk():
    """A stream that breaks off is an error for the client, not a short answer."""

    async def scene(client: anthropic.AsyncAnthropic, _: InProcess) -> None:
        async with client.messages.stream(**ASKED) as stream:
            with pytest.raises(anthropic.APIStatusError, match="before it was whole"):
                await stream.get_final_message()

    play(FakeRouter(pieces=CALLS.pieces(Random(1))[:4]), scene)


def test_a_client_that_leaves_ends_the_answer():
    """Closing a stream in its middle closes the one behind it."""

    async def scene(client: anthropic.AsyncAnthropic, _: InProcess) -> None:
        async with client.messages.stream(**ASKED) as stream:
            async for _word in stream.text_stream:
                break

    router = FakeRouter()
    play(router, scene)
    assert (router.streams_open, router.cancelled) == (0, 1)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), JSON)
def test_nothing_a_client_sends_is_our_mistake(fields: dict[str, Any], content: Any):
    """Any JSON is answered or refused, never met with an error of ours."""
    messages = [{"role": "user", "content": content}]
    handlers = routes(FakeRouter(), count=prompt_tokens)

    async def scene() -> None:
        for body in (ASKED | fields, ASKED | {"messages": messages}):
            for path in ("/v1/messages", "/v1/messages/count_tokens"):
                call = Call("POST", path, "1", "anna", body=msgspec.json.encode(body))
                with suppress(Malformed):
                    result = await handlers["POST", path](call)
                    if result.stream is not None:
                        _ = [piece async for piece in result.stream]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Rejected("no such model", status=404), anthropic.NotFoundError),
        (Rejected("too long"), anthropic.BadRequestError),
        (Overloaded("wait", retry_after_s=3), anthropic.RateLimitError),
    ],
)
def test_errors_are_the_sdks(error: Exception, kind: type[Exception]):
    """Each error has the class by which the SDK knows it."""

    async def scene(client: anthropic.AsyncAnthropic, _: InProcess) -> None:
        for is_stream in (False, True):
            with pytest.raises(kind, match=str(error)):
                await client.messages.create(**ASKED, stream=is_stream)

    play(FakeRouter(error=error), scene)


def test_tokens_are_counted_without_a_model():
    """The length of a prompt is told without sending it anywhere."""

    async def scene(client: anthropic.AsyncAnthropic, _: InProcess) -> int:
        counted = await client.messages.count_tokens(
            model="fast", messages=ASKED["messages"], system="Be brief."
        )
        return counted.input_tokens

    router = FakeRouter()
    assert play(router, scene) == 2
    assert router.requests == []
