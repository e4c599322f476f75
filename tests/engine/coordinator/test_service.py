"""The coordinator as its users see it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.coordinator.link import BREAKER
from engine.coordinator.secrecy import login_of
from engine.coordinator.settings import Price
from engine.coordinator.snapshot import EndpointState
from engine.errors import EngineError, Overloaded, Refused, Rejected, TimedOut, Unreachable
from engine.exchange import DONE, Usage
from tests.engine.coordinator.fake_provider import (
    Step,
    broken,
    fails,
    silent,
    stalled,
    stream,
    whole,
)
from tests.engine.coordinator.world import World, chat, endpoint, read, run


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


def test_what_a_server_is_sent_in_secret_is_known_by_its_shown_address(tmp_path: Path):
    """Who unloads a model sends the login that the snapshot hides; a stranger gets none."""

    async def work(world: World) -> None:
        server = replace(endpoint("a"), url="http://ada:secret@127.0.0.1:1/v1")
        async with world.opened(server) as coordinator:
            (seen,) = coordinator.snapshot().endpoints
            assert "secret" not in seen.endpoint.url
            sent = coordinator.headers_for(seen.endpoint.url.removesuffix("/v1"))
            assert sent == {"authorization": login_of(server.url)}
            assert coordinator.headers_for("http://127.0.0.1:2") == {}

    run(tmp_path, work)


def test_a_jump_of_the_calendar_moves_nothing(tmp_path: Path):
    """Deadlines, pauses and cooldowns go by a clock that cannot be set."""

    async def work(world: World) -> None:
        right, jumps = world.loop.wall, itertools.cycle((-900, 0, 900))
        world.loop.wall = lambda: right() + timedelta(days=next(jumps))  # type: ignore[method-assign]
        async with world.opened(endpoint("a"), deadline_s=60, retry_share=0):
            world["a"].usual = silent()
            began_s = world.loop.time()
            with pytest.raises(TimedOut):
                await world.send(chat(is_stream=True))
            assert world.loop.time() - began_s == pytest.approx(60)
            world["a"].usual = fails(Overloaded("a: 429", retry_after_s=30))
            for _ in range(2):
                with pytest.raises(Overloaded):
                    await world.send(chat())
            assert len(world["a"].calls) == 2
            await asyncio.sleep(31)
            world["a"].usual = fails(Refused("a: 500"))
            for _ in range(3):  # the fourth failure, with the one that was too late
                with pytest.raises(Refused):
                    await world.send(chat())
            retry_in_s = world.view("a").retry_in_s
            assert world.view("a").state is EndpointState.ILL
            assert 0 < retry_in_s <= 1.25 * BREAKER.first_cooldown_s
            world["a"].usual = whole()
            await asyncio.sleep(retry_in_s + 1)
            assert (await world.send(chat())).text
            assert world.view("a").state is EndpointState.READY

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


class Answers:
    """An answer store in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def fetch(
        self, key: str, make: Callable[[], Awaitable[bytes]], ttl_s: float, stale_s: float
    ) -> bytes:
        if key not in self.kept:
            self.kept[key] = await make()
        return self.kept[key]

    async def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    async def put(self, key: str, answer: bytes, ttl_s: float) -> None:
        self.kept[key] = answer


def test_the_same_question_is_answered_from_the_cache(tmp_path: Path):
    """With temperature 0 a server is asked once, whole and streamed; it counts as a request."""

    async def work(world: World) -> None:
        world.answers = Answers()
        async with world.opened(endpoint("a")) as coordinator:
            for is_stream in (False, True):
                said = []
                for _ in range(3):
                    reply = await coordinator.route(
                        model="fake", messages=[], temperature=0, stream=is_stream
                    )
                    said.append(await read(reply) if is_stream else reply.body)
                assert len(set(said)) == 1
                assert reply.cached == "hit"
            assert len(world["a"].calls) == 2
            counts = coordinator.snapshot().counts
            assert (counts["requests"], counts["answered"]) == (6, 6)
            assert (counts["cache_hits"], counts["prompt_tokens"]) == (4, 9)

    run(tmp_path, work)


def test_the_snapshot_counts_who_used_what(tmp_path: Path):
    """By model, endpoint and client's key, failures too; and what it cost."""

    async def work(world: World) -> None:
        far = endpoint("far", is_local=False)
        async with world.opened(far, retry_share=0) as coordinator:
            await coordinator.set_prices((Price("fake", 1.0, 2.0),))
            await world.send(chat(client="me"))
            world["far"].then(fails(Refused("far: 500")))
            with pytest.raises(Refused):
                await world.send(chat(client="me"))
            snapshot = coordinator.snapshot()
            row = snapshot.usage[0]
            assert (row.client, row.endpoint, row.requests, row.failures) == ("me", "far", 2, 1)
            assert snapshot.cost_usd == pytest.approx(19e-6)
            assert snapshot.prices[0].model == "fake"
            counts = snapshot.counts
            assert (counts["requests"], counts["answered"], counts["failed"]) == (2, 1, 1)

    run(tmp_path, work)


def test_a_request_without_a_time_came_now(tmp_path: Path):
    """A library's caller need not know the engine's clock."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")):
            world["a"].then(whole(after_s=2))
            reply = await world.send(chat(came_s=0.0))
            assert reply.ended_s == pytest.approx(2)

    run(tmp_path, work)


def test_closing_ends_what_is_under_way(tmp_path: Path):
    """Streams whose readers are still there tell them; nothing is left behind."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")):
            world["a"].usual = stream(each_s=1)
            reply = await world.send(chat(is_stream=True))
        await reply.aclose()
        assert world["a"].in_flight == 0

    run(tmp_path, work)


STEPS = st.sampled_from(
    [
        None,
        whole(after_s=0.5),
        stream(each_s=0.3),
        fails(Unreachable("gone")),
        fails(Overloaded("429", retry_after_s=2)),
        fails(Overloaded("429")),
        fails(Refused("500"), after_s=0.2),
        fails(Rejected("400")),
        fails(Rejected("404", status=404)),
        broken(0),
        broken(2, each_s=0.1),
        stalled(1),
        silent(),
        Step(body=b"<html>"),
    ]
)


@given(
    scripts=st.lists(st.lists(STEPS, max_size=6), min_size=1, max_size=3),
    requests=st.lists(
        st.tuples(st.booleans(), st.floats(0, 3), st.none() | st.floats(0, 4)), max_size=12
    ),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_servers_do_every_request_ends_once(
    tmp_path_factory: pytest.TempPathFactory,
    scripts: list[list[Step | None]],
    requests: list[tuple[bool, float, float | None]],
):
    """Each is answered, refused with an error of ours, or cancelled by its client; afterwards
    nothing is under way anywhere, and the counts add up.
    """
    names = [f"s{number}" for number in range(len(scripts))]

    async def one(world: World, is_stream: bool, leaves_s: float | None) -> None:
        request, trail = chat(is_stream=is_stream, deadline_s=30), []  # type: ignore[var-annotated]
        try:
            async with asyncio.timeout(leaves_s):
                reply = await world.coordinator.send(request, "fake", trail)
                if reply.stream is not None:
                    said = await read(reply)
                    assert said.endswith(DONE) == (not reply.problem)
                assert reply.is_over
        except (EngineError, TimeoutError):
            pass
        assert world.loop.time() - request.came_s <= 31

    async def work(world: World) -> None:
        async with world.opened(*map(endpoint, names)) as coordinator:
            for name, script in zip(names, scripts, strict=True):
                world[name].then(*(step or whole() for step in script))
            tasks = []
            for is_stream, pause_s, leaves_s in requests:
                tasks.append(asyncio.create_task(one(world, is_stream, leaves_s)))
                await asyncio.sleep(pause_s)
            await asyncio.gather(*tasks)
            snapshot = coordinator.snapshot()
            ends = ("answered", "failed", "rejected", "abandoned")
            assert snapshot.counts["requests"] == len(requests)
            assert sum(snapshot.counts[end] for end in ends) == len(requests)
            assert all(view.in_flight == 0 for view in snapshot.endpoints)
            assert all(world[name].in_flight == 0 for name in names)

    run(tmp_path_factory.mktemp("any"), work)
