"""What every provider promises: asked in OpenAI's words, it answers in them."""

from __future__ import annotations

import asyncio
import copy

import pytest

from engine.errors import Rejected
from engine.exchange import Task
from tests.contracts.provider_worlds import (
    EVERY_KIND,
    MODEL,
    World,
    chunks,
    request,
    said,
    whole,
    with_world,
)
from tests.live.cache import until

every_provider = pytest.mark.parametrize("kind", EVERY_KIND)


@every_provider
def test_whole_answers_have_openais_shape(kind: str):
    """A chat is answered with a message, a reason, tokens counted and the model's name."""

    async def work(world: World) -> None:
        answer = await whole(await world.send())
        assert answer["object"] == "chat.completion"
        assert answer["model"] == MODEL
        assert answer["id"]
        assert isinstance(answer["created"], int)
        [choice] = answer["choices"]
        assert choice["message"]["role"] == "assistant"
        assert choice["message"]["content"]
        assert choice["finish_reason"] in ("stop", "length")
        usage = answer["usage"]
        assert usage["prompt_tokens"] > 0
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]

    with_world(kind, work)


@every_provider
def test_streams_are_events_that_end_with_done(kind: str):
    """A stream begins with the role, says words, gives one reason, and ends with [DONE].

    Tokens are told also where nobody asked for them; the answer says whether that is so.
    """

    async def work(world: World) -> None:
        answer = await world.send(stream=True)
        found = await chunks(answer)
        assert answer.has_extra_usage
        assert {chunk["object"] for chunk in found} == {"chat.completion.chunk"}
        assert len({chunk["id"] for chunk in found}) == 1
        assert found[0]["choices"][0]["delta"]["role"] == "assistant"
        assert said(found)
        reasons = [c["finish_reason"] for chunk in found for c in chunk["choices"]]
        assert [each for each in reasons if each] == ["stop"]
        assert [chunk["choices"] for chunk in found if chunk.get("usage")] == [[]]

    with_world(kind, work)


@every_provider
def test_tokens_of_a_stream_are_told_on_request(kind: str):
    """With include_usage the last chunk has no choices, and the tokens."""

    async def work(world: World) -> None:
        options = {"include_usage": True}
        answer = await world.send(stream=True, stream_options=options)
        *_, last = await chunks(answer)
        assert not answer.has_extra_usage
        assert last["choices"] == []
        assert last["usage"]["completion_tokens"] > 0

    with_world(kind, work)


@every_provider
def test_answers_end_at_the_limit(kind: str):
    """Where two tokens are allowed, no more are written."""

    async def work(world: World) -> None:
        answer = await whole(await world.send(max_tokens=2))
        assert answer["usage"]["completion_tokens"] == 2

    with_world(kind, work)


@every_provider
def test_requests_stay_as_they_are(kind: str):
    """Sending changes nothing in the request, which other servers may still get."""

    async def work(world: World) -> None:
        asked = request(
            messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "?"}],
            stop="END",
            response_format={"type": "text"},
        )
        before = copy.deepcopy(asked.body)
        await world.provider.send(asked, MODEL)
        assert asked.body == before

    with_world(kind, work)


@every_provider
def test_unknown_models_are_the_callers_mistake(kind: str):
    """A model that is not there is Rejected with 404 and the code that every client knows."""

    async def work(world: World) -> None:
        with pytest.raises(Rejected) as caught:
            await world.provider.send(request(), "no-such-model")
        assert (caught.value.status, caught.value.code) == (404, "model_not_found")

    with_world(kind, work)


@every_provider
def test_models_are_listed(kind: str):
    """The server's models come by the names under which they are asked."""

    async def work(world: World) -> None:
        assert [each.name for each in await world.provider.models()] == [MODEL, "mock-large"]

    with_world(kind, work)


@every_provider
def test_closing_a_stream_ends_the_request(kind: str):
    """Closing a stream after its first piece, as before it, ends the work at the server."""

    async def work(world: World) -> None:
        for pieces in (0, 1):
            answer = await world.send(stream=True)
            assert answer.stream is not None
            if pieces:
                await anext(answer.stream)
            assert world.open_requests == 1
            await answer.stream.aclose()
            await answer.stream.aclose()
            await until(lambda: world.open_requests == 0)

    with_world(kind, work, is_slow=True)


@every_provider
def test_cancelling_ends_the_request(kind: str):
    """Whoever is cancelled while waiting for a piece leaves nothing running at the server."""

    async def work(world: World) -> None:
        answer = await world.send(stream=True)
        assert answer.stream is not None
        stream = answer.stream

        async def read() -> None:
            async for _ in stream:
                pass

        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await until(lambda: world.open_requests == 0)

    with_world(kind, work, is_slow=True)


@every_provider
def test_many_are_answered_at_once(kind: str):
    """Sixty-four requests at the same time, whole and streamed, are all answered."""

    async def work(world: World) -> None:
        async def ask(number: int) -> bool:
            answer = await world.send(stream=number % 2 == 0)
            return bool(await (whole if answer.stream is None else chunks)(answer))

        assert all(await asyncio.gather(*map(ask, range(64))))

    with_world(kind, work)


@pytest.mark.parametrize("kind", [each for each in EVERY_KIND if each != "anthropic"])
def test_texts_become_vectors(kind: str):
    """Each input gets a vector of numbers, in the order of the inputs."""

    async def work(world: World) -> None:
        answer = await whole(await world.send(Task.EMBEDDING, input=["one", "two"]))
        assert answer["object"] == "list"
        assert [each["index"] for each in answer["data"]] == [0, 1]
        first, second = (each["embedding"] for each in answer["data"])
        assert len(first) == len(second) > 1
        assert first != second
        assert answer["usage"]["prompt_tokens"] > 0

    with_world(kind, work)


@pytest.mark.parametrize("kind", [each for each in EVERY_KIND if each != "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
def test_texts_are_continued(kind: str, stream: bool):
    """A completion has text instead of messages, whole and streamed."""

    async def work(world: World) -> None:
        answer = await world.send(Task.COMPLETION, prompt="Once", stream=stream)
        found = await chunks(answer) if stream else [await whole(answer)]
        assert {each["object"] for each in found} == {"text_completion"}
        assert "".join(choice["text"] for each in found for choice in each["choices"])

    with_world(kind, work)


@pytest.mark.parametrize("task", [Task.EMBEDDING, Task.COMPLETION])
def test_anthropic_chats_only(task: Task):
    """What Anthropic's API has no words for is Rejected before anything is sent."""

    async def work(world: World) -> None:
        assert world.server is not None
        with pytest.raises(Rejected):
            await world.send(task, input="text", prompt="text")
        assert world.server.seen == []

    with_world("anthropic", work)


@every_provider
def test_closing_twice_does_no_harm(kind: str):
    """A provider may be closed twice, and has no state of its own to tell."""

    async def work(world: World) -> None:
        assert world.provider.state is None
        await world.provider.aclose()
        await world.provider.aclose()

    with_world(kind, work)
