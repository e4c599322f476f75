"""A second try beside a slow one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from engine.coordinator.hedging import LEAST_S, delay_s, faster
from engine.coordinator.pace import LEAST_KEPT, Pace
from engine.errors import Refused, Unreachable
from engine.exchange import Reply
from tests.engine.coordinator.fake_provider import silent, stream
from tests.engine.coordinator.world import World, chat, endpoint, read, run
from tests.leaping import LeapingLoop, leap


async def answer(
    name: str, after_s: float, log: list[str], error: Exception | None = None
) -> Reply:
    try:
        await asyncio.sleep(after_s)
    except asyncio.CancelledError:
        log.append(f"{name} cancelled")
        raise
    if error is not None:
        raise error
    return Reply("m", name)


@pytest.mark.parametrize(
    ("first_s", "second_s", "winner", "log", "took_s"),
    [
        (0.5, 9, "first", [], 0.5),
        (5, 1, "second", ["first cancelled"], 2),
        (3, 9, "first", ["second cancelled"], 3),
        (2, 1, "first", [], 2),
    ],
)
def test_the_faster_one_counts(
    first_s: float, second_s: float, winner: str, log: list[str], took_s: float
):
    """The second is asked after a second; who loses is cancelled, and no task stays."""

    async def work(loop: LeapingLoop) -> None:
        heard: list[str] = []
        reply = await faster(
            answer("first", first_s, heard), 1.0, lambda: answer("second", second_s, heard)
        )
        assert (reply.endpoint, heard) == (winner, log)
        assert loop.time() == pytest.approx(1000 + took_s)

    leap(work)


def test_a_failure_waits_for_the_other():
    """One that fails beside the other does no harm; if both fail the first one's reason counts."""

    async def work(loop: LeapingLoop) -> None:
        log: list[str] = []
        refused, gone = Refused("first"), Unreachable("second")
        reply = await faster(answer("first", 2, log, refused), 1, lambda: answer("second", 5, log))
        assert reply.endpoint == "second"
        with pytest.raises(Refused):
            await faster(
                answer("first", 2, log, refused), 1, lambda: answer("second", 5, log, gone)
            )
        with pytest.raises(Refused):
            await faster(answer("first", 0.5, log, refused), 1, lambda: answer("second", 5, log))

    leap(work)


def test_who_is_cancelled_cancels_both():
    """A client that leaves leaves nothing behind."""

    async def work(loop: LeapingLoop) -> None:
        log: list[str] = []
        racing = asyncio.create_task(
            faster(answer("first", 9, log), 1, lambda: answer("second", 9, log))
        )
        await asyncio.sleep(3)
        racing.cancel()
        await asyncio.wait([racing])
        assert racing.cancelled()
        assert sorted(log) == ["first cancelled", "second cancelled"]

    leap(work)


def test_who_leaves_just_as_one_wins_leaves_no_stream():
    """The winner's stream is closed too where its client goes away while the loser ends."""

    async def work(loop: LeapingLoop) -> None:
        closed: list[str] = []

        async def events() -> AsyncGenerator[bytes, None]:
            try:
                yield b""
            finally:
                closed.append("winner")

        async def winner() -> Reply:
            await asyncio.sleep(2)
            stream = events()
            await anext(stream)
            kept.append(stream)
            return Reply("m", "winner", stream=stream)

        async def loser() -> Reply:
            try:
                await asyncio.sleep(9)
            finally:
                await asyncio.sleep(1)  # such as a connection that is slow to close
            raise AssertionError

        kept: list[AsyncGenerator[bytes, None]] = []  # else the collector closes it
        racing = asyncio.create_task(faster(winner(), 1, loser))
        await asyncio.sleep(2.5)
        racing.cancel()
        await asyncio.wait([racing])
        assert racing.cancelled()
        assert closed == ["winner"]
        await asyncio.sleep(1)  # until the loser has ended too

    leap(work)


def test_who_leaves_just_as_both_answer_leaves_no_stream():
    """Both streams are closed and entered where their client goes away in that same moment."""

    async def work(loop: LeapingLoop) -> None:
        racing: asyncio.Task[Reply]
        closed: list[str] = []
        unused: list[str] = []

        async def events(name: str) -> AsyncGenerator[bytes, None]:
            try:
                yield b""
            finally:
                closed.append(name)

        async def answered(name: str, after_s: float) -> Reply:
            await asyncio.sleep(after_s)
            stream = events(name)
            await anext(stream)
            kept.append(stream)
            # Once for the race to see that somebody answered, once more for it to begin to end.
            loop.call_soon(lambda: loop.call_soon(lambda: loop.call_soon(racing.cancel)))
            return Reply("m", name, stream=stream)

        kept: list[AsyncGenerator[bytes, None]] = []  # else the collector closes it
        racing = asyncio.create_task(
            faster(
                answered("first", 2),
                1,
                lambda: answered("second", 1),
                lambda each: unused.append(each.endpoint),
            )
        )
        await asyncio.wait([racing])
        assert (sorted(closed), sorted(unused)) == (["first", "second"], ["first", "second"])
        assert racing.cancelled()

    leap(work)


def test_the_delay_is_the_p95():
    """It is known once enough streams are, and never too small to be worth it."""
    pace = Pace()
    assert delay_s(pace) is None
    for _ in range(LEAST_KEPT):
        pace.note_first(0.001, 0)
    assert delay_s(pace) == LEAST_S


async def warmed(world: World, **more: Any) -> None:
    """Let both servers answer often enough that the p95 is known: 0.1 s."""
    for name in ("a", "b"):
        world[name].usual = stream(first_s=0.1)
    for number in range(6 * LEAST_KEPT):
        await read(await world.send(chat(str(number), is_stream=True, **more)))


def test_a_slow_stream_is_asked_for_a_second_time(tmp_path: Path):
    """The client gets the stream of the faster server, the other one's request is cancelled."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), endpoint("b")):
            await warmed(world)
            world["a"].usual = silent()
            for number in range(20):
                reply = await world.send(chat(f"x{number}", is_stream=True))
                assert b"42" in await read(reply)
                if len(world.trail) > 1:
                    break
            assert sorted(world.tried()) == [("a", "abandoned"), ("b", "answered")]
            hedge = next(each for each in world.trail if each.is_hedge)
            assert (hedge.endpoint, hedge.began_s) == ("b", pytest.approx(0.11))
            assert "faster" in next(each for each in world.trail if not each.is_hedge).reason
            counts = world.coordinator.snapshot().counts
            assert (counts["hedges"], counts["hedge_wins"]) == (1, 1)
            assert world["a"].calls[-1].was_cancelled
            assert world.view("a").in_flight == 0
            rows = {row.endpoint: row for row in world.coordinator.snapshot().usage}
            assert (rows["a"].unused, rows["b"].unused) == (1, 0)
            assert hedge.unused is None

    run(tmp_path, work)


def test_an_answer_that_came_too_late_is_told():
    """Where both have an answer at the same moment, the one nobody takes is closed and entered."""

    async def work(loop: LeapingLoop) -> None:
        log: list[str] = []
        unused: list[str] = []
        reply = await faster(
            answer("first", 2, log),
            1,
            lambda: answer("second", 1, log),
            lambda each: unused.append(each.endpoint),
        )
        assert (reply.endpoint, unused) == ("first", ["second"])

    leap(work)


@pytest.mark.parametrize(
    ("more", "settings", "hedges"),
    [
        ({}, {"hedge": False}, False),
        ({"is_local": False}, {}, False),
        ({"is_local": False}, {"hedge_paid": True}, True),
        ({"is_local": False, "may_hedge": True}, {}, True),
        ({"may_hedge": False}, {}, False),
    ],
)
def test_nobody_pays_twice_unasked(
    tmp_path: Path, more: dict[str, Any], settings: dict[str, Any], hedges: bool
):
    """Servers that cost money are asked a second time only where somebody said so."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a", **more), endpoint("b", **more), **settings):
            await warmed(world)
            for name in ("a", "b"):
                world[name].usual = stream(first_s=5)
            await read(await world.send(chat("last", is_stream=True)))
            assert (len(world.trail) == 2) is hedges

    run(tmp_path, work)
