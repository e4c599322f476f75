"""The coordinator as its users see it."""

from __future__ import annotations

from pathlib import Path

from engine.exchange import DONE, Usage
from tests.engine.coordinator.world import World, endpoint, read, run


def test_a_request_is_answered(tmp_path: Path):
    """`route()` returns the answer of the server that has the model, with tokens and time."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:
            reply = await coordinator.route(
                model="fake", messages=[{"role": "user", "content": "hi"}], top_k=7
            )
            assert reply.text == "The answer is 42."
            assert (reply.model, reply.endpoint, reply.is_over) == ("fake", "a", True)
            assert reply.usage == Usage(9, 5)
            assert reply.cost_usd == 0
            assert world["a"].calls[0].request.body["top_k"] == 7

    run(tmp_path, work)


def test_a_stream_is_handed_on_to_its_end(tmp_path: Path):
    """A streamed answer comes whole, ends with [DONE], and tells its figures when it is over."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:
            reply = await coordinator.route(model="fake", messages=[], stream=True)
            assert not reply.is_over
            said = await read(reply)
            assert said.endswith(DONE)
            assert said.count(b"data:") == 8
            assert (reply.is_over, reply.finish_reason, reply.problem) == (True, "stop", "")
            assert [attempt.outcome for attempt in reply.attempts] == ["answered"]

    run(tmp_path, work)
