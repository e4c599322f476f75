"""Round by round: nothing is oversubscribed, lost or forgotten, whatever callers do."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.gpu.lease_handle import LeaseHandle
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.leases import Priority
from tests.engine.gpu.lease_world import World, in_world

CARD_MIB = 10_000
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("ask", "leave", "give up", "wait", "silence", "renew", "use")),
        st.integers(1, 11_000),
        st.sampled_from(list(Priority)),
        st.floats(0.0, 15.0),
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=40)
def test_whatever_callers_do_no_card_is_promised_twice(
    steps: list[tuple[str, int, Priority, float]],
):
    """Held leases never exceed a card, and in the end nothing is held and nobody waits."""

    async def work(world: World) -> None:
        asked: list[asyncio.Task[LeaseHandle]] = []
        for kind, number, priority, pause_s in steps:
            done = [task for task in asked if task.done() and not task.exception()]
            match kind:
                case "ask":
                    order = LeaseOrder(number, priority, duration_s=30.0)
                    asked.append(asyncio.ensure_future(world.desk.allocate(order)))
                case "leave" if done:
                    await done[number % len(done)].result().release()
                case "give up" if asked:
                    asked[number % len(asked)].cancel()
                case "silence" if asked:
                    asked.remove(asked[number % len(asked)])
                case "renew" if done:
                    with contextlib.suppress(EngineError):
                        await done[number % len(done)].result().renew(number)
                case "use":
                    world.use("card-0", (world.book.own, min(number, CARD_MIB)))
            await asyncio.sleep(pause_s)
            asked = [task for task in asked if not task.cancelled()]
            check(world)
        world.use("card-0")
        await asyncio.sleep(700)
        world.use("card-0")
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.sleep(40)
        shown = world.desk.snapshot()
        assert [each for each in shown.held if each.is_held] == []
        assert shown.queue == ()
        everybody = asyncio.all_tasks() - {asyncio.current_task()} - world.desk._tasks
        for task in everybody:  # those that were dropped while they waited
            task.cancel()
        await asyncio.gather(*everybody, return_exceptions=True)

    in_world(work, (CARD_MIB,))


def check(world: World) -> None:
    """See that what is promised fits on the card, and that every lease is in one place only."""
    shown = world.desk.snapshot()
    held = [each for each in shown.held if each.is_held and not each.is_asked_to_leave]
    assert sum(each.vram_mib for each in held) <= CARD_MIB
    ids = [each.id for each in (*shown.held, *shown.queue)]
    assert len(ids) == len(set(ids))


def test_a_mistake_in_a_round_is_shown_and_the_next_round_works(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """Nobody is left waiting for ever because of one bad round."""

    async def work(world: World) -> tuple[bool, tuple[str, ...]]:
        decide = world.desk._rounds.allocator.decide
        failures = iter([RuntimeError("boom")])

        def once(now_s: float) -> object:
            for error in failures:
                raise error
            return decide(now_s)

        monkeypatch.setattr(world.desk._rounds.allocator, "decide", once)
        lease = await world.desk.allocate(LeaseOrder(1_000))
        await asyncio.sleep(0.1)
        return lease.is_held, world.desk.snapshot().problems

    assert in_world(work) == (True, ())
    assert "leases could not be given out" in caplog.text


def test_who_loads_is_watched_closely():
    """Memory is read often while somebody waits for it to come free."""

    async def work(world: World) -> float:
        lease = await world.desk.allocate(LeaseOrder(1_000))
        await lease.release()
        return world.source.hurried_s

    assert in_world(work) > 0


def test_nothing_is_granted_where_the_driver_does_not_answer():
    """Who asks waits with the reason, goes elsewhere where it can, and has its turn later."""

    async def work(world: World) -> None:
        world.source.silent = {"card-0", "card-1"}
        first = await world.desk.ask(LeaseOrder(4_000))
        assert (first.is_held, first.position, first.wait_s) == (False, 1, None)
        assert "driver" in (first.reason or "")
        assert any("does not answer" in each for each in world.desk.snapshot().problems)
        world.source.silent = {"card-0"}
        await asyncio.sleep(3)
        found = world.desk.view(first.id)
        assert found is not None
        assert found.card_ids == ("card-1",)
        second = await world.desk.ask(LeaseOrder(8_000))
        assert not second.is_held
        world.source.silent = set()
        await asyncio.sleep(3)
        found = world.desk.view(second.id)
        assert found is not None
        assert found.card_ids == ("card-0",)

    in_world(work, (CARD_MIB, CARD_MIB))
