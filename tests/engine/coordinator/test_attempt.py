"""One try at one server."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from engine.coordinator.snapshot import EndpointState
from engine.errors import Damaged, EngineError, Overloaded, Refused, Rejected, TimedOut
from engine.exchange import Task, Usage
from tests.engine.coordinator.fake_provider import Step, fails, silent, whole
from tests.engine.coordinator.world import World, chat, endpoint, run

A, B = endpoint("a"), endpoint("b")


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"", Damaged, "no JSON"),
        (b"<html>Welcome</html>", Damaged, "<html>Welcome"),
        (b'{"hello": 1}', Damaged, "no answer"),
        (b'{"error": {"message": "no memory"}}', Refused, "no memory"),
    ],
)
def test_what_came_instead_is_told(tmp_path: Path, body: bytes, error: type[Exception], words: str):
    """The message names the server and what it sent."""

    async def work(world: World) -> None:
        async with world.opened(A, retry_share=0):
            world["a"].usual = Step(body=body)
            with pytest.raises(error, match=words) as raised:
                await world.send(chat())
            assert str(raised.value).startswith("a ")
            assert words in world.view("a").last_error

    run(tmp_path, work)


def test_an_answer_that_comes_whole_may_take_longer_than_a_first_byte(tmp_path: Path):
    """Its first byte comes with its last: half of what is left is allowed."""

    async def work(world: World) -> None:
        async with world.opened(A, first_byte_timeout_s=10, deadline_s=100):
            world["a"].then(whole(after_s=49))
            assert (await world.send(chat())).first_byte_s == pytest.approx(49)
            world["a"].usual = silent()
            with pytest.raises(TimedOut):
                await world.send(chat())
            assert world.trail[0].ended_s == pytest.approx(50)

    run(tmp_path, work)


def test_embeddings_and_anthropics_answers_are_answers(tmp_path: Path):
    """They come back byte for byte, with their tokens read."""
    vectors = b'{"object":"list","data":[{"embedding":[0.5]}],"usage":{"prompt_tokens":3}}'
    message = b'{"type":"message","content":[],"stop_reason":"end_turn","usage":{"input_tokens":2}}'

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(Step(body=vectors), Step(body=message, dialect="anthropic"))
            reply = await world.send(chat(task=Task.EMBEDDING))
            assert (reply.body, reply.usage) == (vectors, Usage(3, 0))
            reply = await world.send(chat())
            assert (reply.body, reply.dialect) == (message, "anthropic")
            assert (reply.finish_reason, reply.usage) == ("end_turn", Usage(2, 0))

    run(tmp_path, work)


@pytest.mark.parametrize("kind", [Rejected, Overloaded, Refused])
def test_no_error_repeats_a_key(tmp_path: Path, kind: type[EngineError]):
    """A server that repeats its key in whatever it says tells it to nobody."""

    async def work(world: World) -> None:
        world.secrets.kept["endpoint.a"] = "sk-secret"
        async with world.opened(endpoint("a")) as coordinator:
            world["a"].usual = fails(kind("a: sk-secret is wrong"))
            with pytest.raises(kind) as caught:
                await world.send(chat())
            told = "".join(traceback.format_exception(caught.value))
            assert "sk-secret" not in told + repr((coordinator.snapshot(), world.trail))

    run(tmp_path, work)


@pytest.mark.parametrize("tokens", ["-10", "1" + "0" * 400])
def test_impossible_counts_are_unknown(tmp_path: Path, tokens: str):
    """A server that miscounts has answered all the same, and nobody reckons with its number."""
    body = b'{"choices":[{"finish_reason":"stop"}],"usage":{"completion_tokens":%b}}'

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")):
            world["a"].usual = Step(body=body % tokens.encode(), after_s=1)
            reply = await world.send(chat())
            assert (reply.usage, reply.cost_usd) == (None, None)
            assert world.tried() == [("a", "answered")]

    run(tmp_path, work)


def test_a_mistake_in_an_adapter_leaves_nothing_under_way(tmp_path: Path):
    """It goes through as what it is, and the server counts as having failed."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].usual = Step(error=ZeroDivisionError("oops"))  # type: ignore[arg-type]
            with pytest.raises(ZeroDivisionError):
                await world.send(chat())
            assert world.tried() == [("a", "failed")]
            view = world.view("a")
            assert (view.in_flight, view.failures) == (0, 1)
            assert view.state is EndpointState.READY

    run(tmp_path, work)
