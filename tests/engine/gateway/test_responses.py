"""`/v1/responses` answers OpenAI's own SDK, and remembers what was said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any, cast

import httpx2
import msgspec
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from engine.errors import Rejected
from engine.gateway.asking import Malformed
from engine.gateway.ports import Call
from engine.gateway.response_shelf import ResponseShelf
from engine.gateway.responses import routes
from engine.tokens import prompt_tokens
from tests.conftest import FakeClock
from tests.engine.gateway.chats import JSON, Said
from tests.engine.gateway.fake_router import MODEL, FakeRouter
from tests.engine.gateway.in_process import BASE_URL, InProcess

CUTS = [None, 1, 7]
TOOL: Any = {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}
CALLS = Said("Hm.", "Looking.", calls=(("call_0", "look", {"at": 1}), ("call_1", "look", {"b": 2})),
    finish_reason="tool_calls")  # fmt: skip

FIELDS = [
    *("model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "stream"),
    *("max_output_tokens", "include", "top_logprobs", "metadata", "store", "temperature"),
]

Scene = Callable[[openai.AsyncOpenAI], Coroutine[Any, Any, Any]]


class Place(BaseModel):
    """What a structured answer is."""

    city: str


def play(router: FakeRouter, *scenes: Scene, cut: int | None = None) -> list[Any]:
    """Return what `scenes` return, each a client of its own before the same handlers."""

    async def stage() -> list[Any]:
        ids = count(1)
        made = routes(
            router,
            shelf=ResponseShelf(),
            count=lambda body: len(body["messages"]),
            clock=FakeClock(),
            ids=lambda: str(next(ids)),
        )
        found = []
        for number, scene in enumerate(scenes):
            transport = InProcess(made, cut=cut, client=f"key {number}")
            async with httpx2.AsyncClient(transport=transport) as http:
                client = openai.AsyncOpenAI(
                    api_key="key", base_url=BASE_URL, http_client=http, max_retries=0
                )
                found.append(await scene(client))
        return found

    return asyncio.run(stage())


def test_an_answer():
    """A question is answered by a response of the SDK's."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        response = await client.responses.create(
            model="fast", input="What?", instructions="Be brief.", temperature=0
        )
        assert response.output_text == "Hello there"
        assert (response.status, response.model, response.temperature) == ("completed", MODEL, 0)
        assert response.usage is not None
        assert response.usage.total_tokens == 9

    router = FakeRouter()
    play(router, scene)
    (request,) = router.requests
    assert (request.model, request.via) == ("fast", "responses")
    assert [message["role"] for message in request.messages] == ["system", "user"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_streamed_answer(cut: int | None):
    """The SDK puts the same response together from a stream, cut wherever it is."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        async with client.responses.stream(model="fast", input="What?", tools=[TOOL]) as stream:
            names = [each.type async for each in stream]
            response = await stream.get_final_response()
        assert names[0] == "response.created"
        assert "response.function_call_arguments.delta" in names
        assert [item.type for item in response.output] == [
            "reasoning",
            "message",
            "function_call",
            "function_call",
        ]
        assert response.output_text == "Looking."
        assert response.output[2].arguments == '{"at":1}'

    router = FakeRouter(pieces=CALLS.pieces(Random(1)))
    play(router, scene, cut=cut)
    assert router.streams_open == 0


def test_an_answer_of_a_schema_is_parsed():
    """The SDK's structured answers work, streamed and not."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        response = await client.responses.parse(model="fast", input="Where?", text_format=Place)
        assert response.output_parsed == Place(city="Bonn")
        async with client.responses.stream(
            model="fast", input="Where?", text_format=Place
        ) as stream:
            assert (await stream.get_final_response()).output_parsed == Place(city="Bonn")

    router = FakeRouter(words=['{"city":', '"Bonn"}'])
    play(router, scene)
    assert router.requests[0].body["response_format"]["json_schema"]["name"] == "Place"


def test_a_conversation_goes_on():
    """The next turn names the one before and sends only what is new; instructions do not stay."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        first = await client.responses.create(model="m", input="One.", instructions="Be brief.")
        second = await client.responses.create(
            model="m", input="Two.", previous_response_id=first.id
        )
        assert second.previous_response_id == first.id
        await client.responses.create(model="m", input="Three.", previous_response_id=second.id)

    router = FakeRouter(words=["Yes."])
    play(router, scene)
    assert [message["content"] for message in router.requests[2].messages] == [
        "One.",
        "Yes.",
        "Two.",
        "Yes.",
        "Three.",
    ]


def test_the_turn_after_a_call():
    """What a tool found goes back, by the kept conversation or with the items themselves."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        first = await client.responses.create(model="m", input="Weather?", tools=[TOOL])
        found: Any = {"type": "function_call_output", "call_id": "call_1", "output": "Rain."}
        await client.responses.create(model="m", input=[found], previous_response_id=first.id)
        items: Any = [{"role": "user", "content": "Weather?"}, *first.output, found]
        await client.responses.create(model="m", input=items, store=False)

    router = FakeRouter(answer=CALLS.whole())
    play(router, scene)
    assert router.requests[1].messages == router.requests[2].messages
    _, assistant, tool = router.requests[1].messages
    assert assistant["reasoning_content"] == "Hm."
    assert [call["id"] for call in assistant["tool_calls"]] == ["call_0", "call_1"]
    assert tool["content"] == "Rain."


def test_an_item_can_be_named_instead_of_sent():
    """Clients that send references to earlier items get the items."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        first = await client.responses.create(model="m", input="One.")
        named: Any = [{"type": "item_reference", "id": first.output[0].id}]
        await client.responses.create(model="m", input=named)
        named[0]["id"] = "msg_unknown"
        with pytest.raises(openai.BadRequestError, match="msg_unknown"):
            await client.responses.create(model="m", input=named)

    router = FakeRouter(words=["Yes."])
    play(router, scene)
    assert router.requests[1].messages == [{"role": "assistant", "content": "Yes."}]


def test_responses_are_read_listed_and_forgotten():
    """A streamed response can be read again with its input, until it is deleted."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        items: Any = [{"role": "user", "content": word} for word in ("One.", "Two.", "Three.")]
        async with client.responses.stream(model="m", input=items) as stream:
            made = await stream.get_final_response()
        assert (await client.responses.retrieve(made.id)).output_text == made.output_text
        listed = await client.responses.input_items.list(made.id, limit=2)
        assert [item.content for item in listed.data] == ["Three.", "Two."]
        assert listed.has_next_page()
        rest = await listed.get_next_page()
        assert [item.content for item in rest.data] == ["One."]
        await client.responses.delete(made.id)
        for lost in (client.responses.retrieve, client.responses.delete):
            with pytest.raises(openai.NotFoundError, match=made.id):
                await lost(made.id)

    play(FakeRouter(), scene)


def test_what_is_not_to_be_stored_is_not():
    """With `store` false a response cannot be read again or gone on from."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        made = await client.responses.create(model="m", input="One.", store=False)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)
        with pytest.raises(openai.BadRequestError) as caught:
            await client.responses.create(model="m", input="Two.", previous_response_id=made.id)
        assert caught.value.code == "previous_response_not_found"

    play(FakeRouter(), scene)


def test_clients_see_nothing_of_each_other():
    """One key cannot read or go on from what another key was told."""
    made: list[str] = []

    async def first(client: openai.AsyncOpenAI) -> None:
        made.append((await client.responses.create(model="m", input="Secret.")).id)

    async def second(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made[0])
        with pytest.raises(openai.BadRequestError):
            await client.responses.create(model="m", input="And?", previous_response_id=made[0])

    play(FakeRouter(), first, second)


def test_a_break_fails_the_response():
    """A stream that breaks off ends with a failed response, which is not kept."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        stream = await client.responses.create(model="m", input="One.", stream=True)
        last = [each async for each in stream][-1]
        assert last.type == "response.failed"
        assert last.response.error is not None
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(last.response.id)

    play(FakeRouter(pieces=CALLS.pieces(Random(1))[:4]), scene)


def test_a_client_that_leaves_ends_the_answer():
    """Closing a stream in its middle closes the one behind it."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        async with client.responses.stream(model="m", input="One.") as stream:
            async for each in stream:
                if each.type == "response.output_text.delta":
                    break

    router = FakeRouter()
    play(router, scene)
    assert (router.streams_open, router.cancelled) == (0, 1)


def test_what_cannot_be_done_is_refused():
    """What no chat server can do is refused by name, before anything is asked."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        made = await client.responses.create(model="m", input="One.")
        create: Any = client.responses.create
        for odd in ({"background": True}, {"conversation": "c"}, {"tools": [{"type": "mcp"}]}):
            with pytest.raises(openai.BadRequestError) as caught:
                await create(model="m", input="One.", **odd)
            assert caught.value.param.startswith(next(iter(odd)))
        with pytest.raises(openai.BadRequestError, match="close its stream"):
            await client.responses.cancel(made.id)
        with pytest.raises(openai.BadRequestError):
            await client.responses.retrieve(made.id, stream=True)
        with pytest.raises(openai.NotFoundError):
            await client.responses.cancel("resp_unknown")
        with pytest.raises(openai.BadRequestError, match="'input' is required"):
            await create(model="m")
        with pytest.raises(openai.BadRequestError, match="limit"):
            await client.responses.input_items.list(made.id, limit=1000)
        with pytest.raises(openai.BadRequestError, match="limit"):
            await client.responses.input_items.list(made.id, limit=cast(int, "0" * 8 + "1" * 5000))

    router = FakeRouter()
    play(router, scene)
    assert len(router.requests) == 1


@given(st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from([[TOOL], ["x", TOOL]])))
def test_nothing_a_client_sends_is_our_mistake(fields: dict[str, Any]):
    """Any JSON is answered or refused, never met with an error of ours."""
    body = msgspec.json.encode({"model": "m", "input": "Hi"} | fields)
    handlers = routes(FakeRouter(), shelf=ResponseShelf(), count=prompt_tokens, clock=FakeClock())

    async def scene() -> None:
        for path in ("/v1/responses", "/v1/responses/input_tokens"):
            with suppress(Malformed):
                result = await handlers["POST", path](Call("POST", path, "1", "anna", body=body))
                if result.stream is not None:
                    _ = [piece async for piece in result.stream]

    asyncio.run(scene())


def test_errors_are_the_sdks():
    """A router's error has the class by which the SDK knows it."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        for is_stream in (False, True):
            with pytest.raises(openai.NotFoundError, match="no such model"):
                await client.responses.create(model="m", input="One.", stream=is_stream)

    play(FakeRouter(error=Rejected("no such model", status=404)), scene)


def test_tokens_are_counted_without_a_model():
    """The length of an input is told without sending it anywhere."""

    async def scene(client: openai.AsyncOpenAI) -> int:
        counted = await client.responses.input_tokens.count(
            model="m", input="One.", instructions="Be brief."
        )
        return counted.input_tokens

    router = FakeRouter()
    assert play(router, scene) == [2]
    assert router.requests == []
