"""OpenAI's own library for Python against a real `serve`, over a mock server."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import openai
import pytest

from tests.live.programs import wait_until
from tests.live.served_fixtures import LARGEST_MIB, Mocked
from tests.live.upstream_answers import PROMPT_TOKENS

pytestmark = pytest.mark.live

MODEL = "mock-small"
USER: Any = {"role": "user", "content": "Hello"}
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="  # noqa: E501 - one word
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
SOON_S = 5.0
"""For what the design wants within 100 ms, on a busy machine."""


@pytest.fixture
def client(mocked: Mocked) -> openai.OpenAI:
    """Return the library's client, which tries once."""
    with mocked.openai() as found:
        yield found


def test_models(client: openai.OpenAI):
    """Models and tiers are listed and found; what nobody has is not."""
    listed = {each.id: each.owned_by for each in client.models.list()}
    assert listed[MODEL] == "mock"
    assert listed["fast"] == "tier"
    assert client.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("nobody-has-this")
    assert caught.value.code == "model_not_found"


def test_chat(client: openai.OpenAI, mocked: Mocked):
    """Every field arrives at the server, ours or not, and every field of its answer here."""
    answer = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "developer", "content": "Be brief"}, USER],
        n=2,
        stop=["END"],
        logprobs=True,
        top_logprobs=2,
        seed=7,
        max_completion_tokens=3,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
        extra_body={"x_unknown": [1, {"two": None}]},
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (PROMPT_TOKENS, 3)
    assert answer.model_extra == {"x_server": "mock"}
    asked = mocked.upstream.asked.json()
    assert asked["x_unknown"] == [1, {"two": None}]
    assert (asked["n"], asked["stop"], asked["logprobs"], asked["seed"]) == (2, ["END"], True, 7)
    assert asked["response_format"]["json_schema"] == {"name": "x", "schema": {}}


def test_tiers(client: openai.OpenAI):
    """A tier answers with one of its models, and a header says with which."""
    raw = client.chat.completions.with_raw_response.create(model="fast", messages=[USER])
    assert raw.headers["x-model"] == raw.parse().model
    assert raw.headers["x-endpoint"]
    assert raw.request_id == raw.headers["x-request-id"]


@pytest.mark.parametrize("wants_usage", [True, False])
def test_stream(client: openai.OpenAI, mocked: Mocked, wants_usage: bool):
    """Words come piece by piece; tokens are told where they are wanted, and counted anyway."""
    before = mocked.metric("uat_llm_events_total", 'kind="completion_tokens"')
    options: Any = {"stream_options": {"include_usage": True}} if wants_usage else {}
    with client.chat.completions.create(
        model=MODEL, messages=[USER], stream=True, max_tokens=5, **options
    ) as stream:
        chunks = list(stream)
    text = "".join(c.delta.content or "" for chunk in chunks for c in chunk.choices)
    assert text == "Hello from the möck up"
    told = [chunk.usage.completion_tokens for chunk in chunks if chunk.usage is not None]
    assert told == ([5] if wants_usage else [])
    assert all(chunk.choices for chunk in chunks) is not wants_usage
    assert mocked.metric("uat_llm_events_total", 'kind="completion_tokens"') == before + 5


@pytest.mark.parametrize("model", [MODEL, "claude-mock"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_tools(client: openai.OpenAI, model: str, is_stream: bool):
    """A tool is called and its result answered, whichever API the server speaks."""
    messages: list[Any] = [USER]
    if is_stream:
        with client.chat.completions.stream(model=model, messages=messages, tools=[WEATHER]) as s:
            message = s.get_final_completion().choices[0].message
    else:
        found = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
        assert found.choices[0].finish_reason == "tool_calls"
        message = found.choices[0].message
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Zürich"}
    said = message.model_dump(include={"role", "content", "tool_calls"})
    result = {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"}
    last = client.chat.completions.create(
        model=model, messages=[*messages, said, result], tools=[WEATHER]
    )
    assert (last.choices[0].message.content or "").startswith("Hello")


def test_images(client: openai.OpenAI, mocked: Mocked):
    """A picture goes to the server as it is."""
    picture: Any = {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}}
    content: Any = [{"type": "text", "text": "What is this?"}, picture]
    client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    assert mocked.upstream.asked.json()["messages"][0]["content"] == content


def test_embeddings(client: openai.OpenAI):
    """Vectors are the same as numbers and as base64, which is how the library asks for them."""
    texts = ["one", "two"]
    packed = client.embeddings.create(model="embed-mock", input=texts)
    plain = client.embeddings.create(model="embed-mock", input=texts, encoding_format="float")
    assert [each.embedding for each in packed.data] == [each.embedding for each in plain.data]
    assert plain.data[1].embedding == [0.25, -0.5, 1.0, 1.0]
    assert (plain.usage.prompt_tokens, plain.data[1].index) == (4, 1)


def test_responses(client: openai.OpenAI):
    """A response goes on where another ended, can be fetched again, and be forgotten."""
    first = client.responses.create(model=MODEL, input="Hello", instructions="Be brief")
    assert first.output_text.startswith("Hello from")
    again = client.responses.retrieve(first.id)
    assert again.output_text == first.output_text
    second = client.responses.create(model=MODEL, input="And?", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)


def test_response_events(client: openai.OpenAI):
    """The events of a response have their order, and end with the whole of it."""
    with client.responses.stream(model=MODEL, input="Hello") as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [each.type for each in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    deltas = [each.delta for each in events if each.type == "response.output_text.delta"]
    assert "".join(deltas) == final.output_text
    assert final.usage is not None
    assert final.usage.input_tokens == PROMPT_TOKENS


@pytest.mark.parametrize(
    ("model", "error", "status"),
    [
        ("says-400", openai.BadRequestError, 400),
        ("says-429", openai.RateLimitError, 429),
        ("nobody-has-this", openai.NotFoundError, 404),
        # Not 401: the key that was refused is not the client's.
        ("says-401", openai.InternalServerError, 502),
        ("says-500", openai.InternalServerError, 502),
        ("answers-html", openai.InternalServerError, 502),
        ("closes", openai.InternalServerError, 503),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_errors_of_servers(
    client: openai.OpenAI, model: str, error: type[openai.APIStatusError], status: int, is_stream
):
    """What goes wrong behind the gateway is the right exception, and tells no key."""
    with pytest.raises(error) as caught:
        client.chat.completions.create(model=model, messages=[USER], stream=is_stream)
    assert caught.value.status_code == status
    assert caught.value.message
    assert "sk-provider" not in caught.value.response.text
    if status == 429:
        assert int(caught.value.response.headers["retry-after"]) >= 1


def test_errors_of_clients(client: openai.OpenAI, mocked: Mocked):
    """What a client does wrong is told to it, before any server is asked."""
    asked = mocked.upstream.counts["requests"]
    create = client.chat.completions.create
    with pytest.raises(openai.BadRequestError) as wrong:
        create(model=MODEL, messages=[USER], temperature="hot")  # type: ignore[call-overload]
    assert wrong.value.param == "temperature"
    with pytest.raises(openai.BadRequestError):
        create(model=MODEL, messages=[])
    large = "x" * ((LARGEST_MIB << 20) + 1)
    with pytest.raises(openai.APIStatusError) as refused:
        create(model=MODEL, messages=[{"role": "user", "content": large}])
    assert refused.value.status_code == 413
    with (
        mocked.openai(api_key="sk-nobody") as stranger,
        pytest.raises(openai.AuthenticationError) as shut,
    ):
        stranger.models.list()
    assert "sk-nobody" not in shut.value.message
    assert mocked.upstream.counts["requests"] == asked


def test_retry_after_is_honoured(mocked: Mocked):
    """The library waits as long as the server wants, and then gets its answer."""
    mocked.upstream.of_model["moody"] = iter(["429"])
    began_s = time.monotonic()
    with mocked.openai(max_retries=2) as client:
        answer = client.chat.completions.create(model="moody", messages=[USER])
    assert answer.choices[0].message.content
    # A clock cannot run faster than this; how much slower is the machine's matter.
    assert time.monotonic() - began_s >= float(mocked.upstream.retry_after) * 0.9


def test_stream_that_breaks(client: openai.OpenAI):
    """A stream that the server breaks off is an error, never an answer that looks whole."""
    with client.chat.completions.create(model="breaks", messages=[USER], stream=True) as stream:
        with pytest.raises(openai.APIError) as caught:
            list(stream)
    assert "breaks" in str(caught.value)


@pytest.mark.parametrize("is_stream", [False, True])
def test_client_that_leaves(mocked: Mocked, is_stream: bool):
    """Who stops reading ends the work at the server at once."""
    upstream = mocked.upstream
    aborted = upstream.counts["aborted"]
    upstream.of_model["moody"] = iter(["stall" if is_stream else "silent"])
    with mocked.openai(timeout=1.0) as client:
        if is_stream:
            stream = client.chat.completions.create(model="moody", messages=[USER], stream=True)
            next(iter(stream))
            stream.close()
        else:
            with pytest.raises(openai.APITimeoutError):
                client.chat.completions.create(model="moody", messages=[USER])
        wait_until(
            lambda: upstream.counts["aborted"] > aborted, "the server to be left", within_s=SOON_S
        )


def test_sixty_four_at_once(mocked: Mocked):
    """Many requests at once are each answered, half of them streams."""
    before = len(mocked.upstream.seen)

    async def one(client: openai.AsyncOpenAI, number: int) -> str:
        asked: Any = {"model": MODEL, "messages": [USER], "user": str(number)}
        if number % 2:
            answer = await client.chat.completions.create(**asked)
            return answer.choices[0].message.content
        stream = await client.chat.completions.create(**asked, stream=True)
        return "".join([c.delta.content or "" async for x in stream for c in x.choices])

    async def work() -> list[str]:
        async with openai.AsyncOpenAI(
            api_key=mocked.key, base_url=mocked.url, max_retries=0
        ) as client:
            return list(await asyncio.gather(*(one(client, number) for number in range(64))))

    answers = asyncio.run(work())
    assert len(set(answers)) == 1
    posts = [each for each in mocked.upstream.seen[before:] if each.method == "POST"]
    assert {each.json()["user"] for each in posts} == {str(number) for number in range(64)}
