"""Anthropic's own library for Python against a real `serve`, over a mock server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.live.programs import wait_until
from tests.live.served_fixtures import LARGEST_MIB, Mocked
from tests.live.upstream_answers import PROMPT_TOKENS

pytestmark = pytest.mark.live

NATIVE, TRANSLATED = "claude-mock", "mock-small"
"""A model behind Anthropic's API, and one behind OpenAI's."""
USER: Any = {"role": "user", "content": "Hello"}
WEATHER: Any = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SOON_S = 5.0
"""For what the design wants within 100 ms, on a busy machine."""
both = pytest.mark.parametrize("model", [NATIVE, TRANSLATED])


def client_of(mocked: Mocked, **options: Any) -> anthropic.Anthropic:
    """Return the library's client, which tries once unless told otherwise."""
    usual: dict[str, Any] = {"api_key": mocked.key, "base_url": mocked.base, "max_retries": 0}
    return anthropic.Anthropic(**(usual | options))


@pytest.fixture
def client(mocked: Mocked) -> Iterator[anthropic.Anthropic]:
    """Return the library's client."""
    with client_of(mocked) as found:
        yield found


def test_models(client: anthropic.Anthropic):
    """The list has what this library looks for; what nobody has is not found."""
    listed = {each.id: each.type for each in client.models.list()}
    assert listed[NATIVE] == listed[TRANSLATED] == "model"
    assert client.models.retrieve(NATIVE).id == NATIVE
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("nobody-has-this")


@both
def test_message(client: anthropic.Anthropic, mocked: Mocked, model: str):
    """System, words and limits arrive at the server, and its words and tokens here."""
    message = client.messages.create(
        model=model,
        max_tokens=3,
        system="Be brief",
        messages=[USER],
        stop_sequences=["END"],
        extra_body={"temperature": 0.5},
    )
    (block,) = message.content
    assert block.type == "text"
    assert block.text == "Hello from the"
    assert (message.role, message.stop_reason) == ("assistant", "end_turn")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (PROMPT_TOKENS, 3)
    asked = mocked.upstream.asked.json()
    assert (asked["max_tokens"], asked["temperature"]) == (3, 0.5)
    assert asked["stop_sequences" if model == NATIVE else "stop"] == ["END"]
    system = asked["system"] if model == NATIVE else asked["messages"][0]["content"]
    assert system == "Be brief"


@both
def test_stream(client: anthropic.Anthropic, mocked: Mocked, model: str):
    """The events have their order, the words come one by one, and tokens are counted."""
    before = mocked.metric("uat_llm_events_total", 'kind="completion_tokens"')
    with client.messages.stream(model=model, max_tokens=4, messages=[USER]) as stream:
        events = [event.type for event in stream]
        message = stream.get_final_message()
    assert events[0] == "message_start"
    assert events[-1] == "message_stop"
    assert events.count("text") == 4
    assert message.content[0].text == "Hello from the möck"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (PROMPT_TOKENS, 4)
    assert mocked.metric("uat_llm_events_total", 'kind="completion_tokens"') == before + 4


@both
@pytest.mark.parametrize("is_stream", [False, True])
def test_tools(client: anthropic.Anthropic, model: str, is_stream: bool):
    """A tool is called and its result answered, whichever API the server speaks."""
    asked: Any = {"model": model, "max_tokens": 64, "messages": [USER], "tools": [WEATHER]}
    if is_stream:
        with client.messages.stream(**asked) as stream:
            message = stream.get_final_message()
    else:
        message = client.messages.create(**asked)
    (block,) = message.content
    assert (message.stop_reason, block.name) == ("tool_use", "get_weather")
    assert block.input == {"city": "Zürich"}
    result = {"type": "tool_result", "tool_use_id": block.id, "content": "12 degrees"}
    asked["messages"] = [
        USER,
        {
            "role": "assistant",
            "content": [block.model_dump(include={"type", "id", "name", "input"})],
        },
        {"role": "user", "content": [result]},
    ]
    assert client.messages.create(**asked).content[0].text.startswith("Hello")


@both
def test_images(client: anthropic.Anthropic, mocked: Mocked, model: str):
    """A picture goes to the server, in the words of its API."""
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    content: Any = [{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}]
    client.messages.create(
        model=model, max_tokens=9, messages=[{"role": "user", "content": content}]
    )
    picture = mocked.upstream.asked.json()["messages"][0]["content"][0]
    if model == NATIVE:
        assert picture == {"type": "image", "source": source}
    else:
        assert picture["image_url"]["url"] == "data:image/png;base64,iVBORw0KGgo="


def test_count_tokens(client: anthropic.Anthropic):
    """More words have more tokens."""
    few = client.messages.count_tokens(model=NATIVE, messages=[USER])
    many = client.messages.count_tokens(
        model=NATIVE, messages=[{"role": "user", "content": "Hello " * 100}]
    )
    assert 0 < few.input_tokens < many.input_tokens


@pytest.mark.parametrize(
    ("model", "error", "status"),
    [
        ("says-400", anthropic.BadRequestError, 400),
        ("says-429", anthropic.RateLimitError, 429),
        ("nobody-has-this", anthropic.NotFoundError, 404),
        ("says-401", anthropic.InternalServerError, 502),
        ("says-500", anthropic.InternalServerError, 502),
        ("closes", anthropic.InternalServerError, 503),
    ],
)
def test_errors_of_servers(client: anthropic.Anthropic, model: str, error: Any, status: int):
    """What goes wrong behind the gateway is the right exception, in Anthropic's shape."""
    for is_stream in (False, True):
        with pytest.raises(error) as caught:
            client.messages.create(model=model, max_tokens=9, messages=[USER], stream=is_stream)
        assert caught.value.status_code == status
        assert caught.value.body["type"] == "error"
        assert caught.value.body["error"]["message"]
        assert "sk-provider" not in caught.value.response.text
        if status == 429:
            assert int(caught.value.response.headers["retry-after"]) >= 1


def test_errors_of_clients(client: anthropic.Anthropic, mocked: Mocked):
    """What a client does wrong is told to it, before any server is asked."""
    asked = mocked.upstream.counts["requests"]
    create = client.messages.create
    with pytest.raises(anthropic.BadRequestError):
        create(model=NATIVE, max_tokens=9, messages=[])
    with pytest.raises(anthropic.BadRequestError):
        create(model=NATIVE, max_tokens=9, messages=[USER], extra_body={"max_tokens": "many"})
    large: Any = {"role": "user", "content": "x" * ((LARGEST_MIB << 20) + 1)}
    with pytest.raises(anthropic.RequestTooLargeError):
        create(model=NATIVE, max_tokens=9, messages=[large])
    with (
        client_of(mocked, api_key="sk-nobody") as stranger,
        pytest.raises(anthropic.AuthenticationError),
    ):
        stranger.messages.create(model=NATIVE, max_tokens=9, messages=[USER])
    assert mocked.upstream.counts["requests"] == asked


def test_retry_after_is_honoured(mocked: Mocked):
    """The library waits as long as the server wants, and then gets its answer."""
    mocked.upstream.of_model["moody"] = iter(["429"])
    began_s = time.monotonic()
    with client_of(mocked, max_retries=2) as client:
        answer = client.messages.create(model="moody", max_tokens=9, messages=[USER])
    assert answer.content
    assert time.monotonic() - began_s >= float(mocked.upstream.retry_after) * 0.9


def test_stream_that_breaks(client: anthropic.Anthropic):
    """A stream that the server breaks off is an error, never an answer that looks whole."""
    with (
        pytest.raises(anthropic.APIError),
        client.messages.stream(model="breaks", max_tokens=9, messages=[USER]) as stream,
    ):
        stream.get_final_message()


@both
def test_client_that_leaves(mocked: Mocked, model: str):
    """Who stops reading ends the work at the server at once."""
    upstream = mocked.upstream
    aborted = upstream.counts["aborted"]
    upstream.of_model[model] = iter(["stall"])
    with client_of(mocked) as client:
        stream = client.messages.create(model=model, max_tokens=9, messages=[USER], stream=True)
        next(iter(stream))
        stream.close()
        wait_until(
            lambda: upstream.counts["aborted"] > aborted, "the server to be left", within_s=SOON_S
        )


@both
def test_sixty_four_at_once(mocked: Mocked, model: str):
    """Many requests at once are each answered, half of them streams."""
    asked: Any = {"model": model, "max_tokens": 9, "messages": [USER]}

    async def one(client: anthropic.AsyncAnthropic, number: int) -> str:
        if number % 2:
            return (await client.messages.create(**asked)).content[0].text
        async with client.messages.stream(**asked) as stream:
            return await stream.get_final_text()

    async def work() -> list[str]:
        async with anthropic.AsyncAnthropic(
            api_key=mocked.key, base_url=mocked.base, max_retries=0
        ) as client:
            return list(await asyncio.gather(*(one(client, number) for number in range(64))))

    assert len(set(asyncio.run(work()))) == 1
