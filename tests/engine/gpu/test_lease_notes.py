"""Leases over a restart, and what models were seen to take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from engine.errors import Refused
from engine.gpu import lease_notes
from engine.gpu.estimate import CONTEXT_MIB
from engine.gpu.lease_journal import KeptLease, LeaseJournal
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.lease_processes import root_of
from engine.gpu.leases import Ending, LeaseState
from tests.engine.gpu.lease_world import STARTED_S, World, opened
from tests.leaping import LeapingLoop, leap

ResultT = TypeVar("ResultT")
HOLDER = 70


def order(vram_mib: int, **values: object) -> LeaseOrder:
    usual = {"duration_s": 60.0, "name": "tester"}
    return LeaseOrder(vram_mib, **(usual | values))  # type: ignore[arg-type]  # plain values


def over_a_crash(
    path: Path,
    before: Callable[[World], Awaitable[object]],
    between: Callable[[World], object],
    after: Callable[[World], Awaitable[ResultT]],
) -> ResultT:
    """Return what `after` returns in an application that starts when one has crashed."""

    async def run(loop: LeapingLoop) -> ResultT:
        first, second = World(loop, 10_000, data=path), World(loop, 10_000, data=path)
        first.book.start(HOLDER)
        first.read()
        await first.desk.open()
        await before(first)
        await asyncio.sleep(1)
        # A crash: what it would write at its end is never written.
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        assert first.database is not None
        await first.database.aclose()
        second.book.start(HOLDER)
        second.book.start(second.book.own, started_s=STARTED_S + 5)  # it is another process
        between(second)
        async with opened(second):
            await asyncio.sleep(0.1)
            return await after(second)

    return leap(run)


def let_pass(seconds: float) -> Callable[[World], object]:
    return lambda world: world.loop.hold_up(seconds)


def test_a_lease_whose_process_lives_goes_on(tmp_path: Path):
    """With its card, its variables and its time."""

    async def before(world: World) -> None:
        await world.desk.ask(order(4_000, pid=HOLDER))

    async def after(world: World) -> None:
        (view,) = world.desk.snapshot().held
        assert (view.state, view.card_ids, view.pid) == (LeaseState.ACTIVE, ("card-0",), HOLDER)
        assert view.environment["CUDA_VISIBLE_DEVICES"] == "0"
        assert view.expires_s == pytest.approx(1000 + 60, abs=0.5)
        assert world.desk.snapshot().rooms["card-0"].leased_mib == 4_000
        await asyncio.sleep(40)
        assert len(world.desk.snapshot().held) == 1

    over_a_crash(tmp_path / "gpu.sqlite", before, let_pass(5), after)


def test_a_lease_without_a_process_has_to_be_heard_of(tmp_path: Path):
    """Its holder may go on to give signs of life; without any it is lost."""

    async def before(world: World) -> None:
        await world.desk.ask(order(1_000, name="beats", duration_s=600.0))
        await world.desk.ask(order(1_000, name="silent", duration_s=600.0))

    async def after(world: World) -> dict[str, Ending | None]:
        held = {view.name: view.id for view in world.desk.snapshot().held}
        assert set(held) == {"beats", "silent"}
        for _ in range(4):
            await asyncio.sleep(10)
            world.desk.heartbeat(held["beats"])
        views = {name: world.desk.view(id) for name, id in held.items()}
        return {name: view.ending for name, view in views.items() if view}

    found = over_a_crash(tmp_path / "gpu.sqlite", before, let_pass(5), after)
    assert found == {"beats": None, "silent": Ending.LOST}


def test_what_ended_meanwhile_is_told(tmp_path: Path):
    """Time that ran out, a process that ended, and what this application held itself."""

    async def before(world: World) -> None:
        await world.desk.ask(order(1_000, name="short", duration_s=10.0))
        await world.desk.ask(order(1_000, name="dead", duration_s=600.0, pid=HOLDER))
        world.keep = await world.desk.allocate(order(1_000, name="own"))  # type: ignore[attr-defined]

    def between(world: World) -> None:
        world.loop.hold_up(30)
        del world.book.running[HOLDER]

    async def after(world: World) -> dict[str, Ending | None]:
        assert world.desk.snapshot().held == ()
        return {view.name: view.ending for view in world.desk.snapshot().ended}

    assert over_a_crash(tmp_path / "gpu.sqlite", before, between, after) == {
        "short": Ending.EXPIRED,
        "dead": Ending.LOST,
        "own": Ending.LOST,
    }


def test_leases_on_a_card_that_is_gone_end(tmp_path: Path):
    """The machine may have been taken apart meanwhile."""

    async def before(world: World) -> None:
        await world.desk.ask(order(1_000, pid=HOLDER))

    async def after(world: World) -> Ending | None:
        return world.desk.snapshot().ended[0].ending

    def between(world: World) -> None:
        world.cards.clear()

    ending = over_a_crash(tmp_path / "gpu.sqlite", before, between, after)
    assert ending is Ending.CARD_GONE


def test_two_applications_do_not_keep_the_same_leases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The second says so, and gives out what it sees free without the journal."""

    async def run(loop: LeapingLoop) -> tuple[str, ...]:
        first = World(loop, 10_000, data=tmp_path / "gpu.sqlite")
        second = World(loop, 10_000, data=tmp_path / "gpu.sqlite")
        second.book.start(first.book.own, started_s=STARTED_S + 1)
        async with opened(first):
            await first.desk.ask(order(1_000, pid=first.book.own))
            # To the second, the first is another process that lives.
            mine = root_of(first.book, first.book.own)
            monkeypatch.setattr(lease_notes, "is_alive", lambda book, root: root == mine)
            async with opened(second):
                await asyncio.sleep(0.1)
                assert second.desk.snapshot().held == ()
                return second.desk.snapshot().problems

    (problem,) = leap(run)
    assert "leases that are held here are not known there" in problem


def test_a_disk_that_refuses_keeps_nobody_from_a_lease(tmp_path: Path):
    """Leases are granted all the same, and it is said that they are not written down."""

    async def run(loop: LeapingLoop) -> tuple[bool, tuple[str, ...]]:
        world = World(loop, 10_000, data=tmp_path / "gpu.sqlite")
        async with opened(world):
            assert world.database is not None

            async def refuse(work: object) -> object:
                raise Refused("the disk is full: free some space")

            world.database.run = refuse  # type: ignore[method-assign]
            lease = await world.desk.allocate(order(1_000))
            await asyncio.sleep(1)
            await lease.release()
            await asyncio.sleep(1)
            return lease.is_held, world.desk.snapshot().problems

    was_held, problems = leap(run)
    assert not was_held
    assert problems == ("Leases are not written down: the disk is full: free some space",)


@pytest.mark.parametrize(("slow_s", "is_written"), [(0.5, True), (100.0, False)])
def test_whoever_has_a_lease_finds_it_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow_s: float, is_written: bool
):
    """A lease is told when it is on the disk; a disk that hangs keeps nobody waiting for long."""
    written: list[str] = []

    async def keep(journal: LeaseJournal, lease: KeptLease) -> None:
        await asyncio.sleep(slow_s)
        written.append(lease.request.name)

    monkeypatch.setattr(LeaseJournal, "keep", keep)

    async def run(loop: LeapingLoop) -> None:
        world = World(loop, 10_000, data=tmp_path / "gpu.sqlite")
        async with opened(world):
            began_s = loop.time()
            await world.desk.ask(order(1_000, name="asked"))
            assert written == ["asked"] * is_written
            handle = await world.desk.allocate(order(1_000, name="held"))
            assert written == ["asked", "held"] * is_written
            assert loop.time() - began_s < 2 * (lease_notes.LONGEST_WRITE_S + 0.5)
            await handle.release()

    leap(run)


def test_a_models_peak_corrects_the_next_estimate(tmp_path: Path):
    """What its processes took at most, without the driver's part, over what the formulas said."""

    async def run(loop: LeapingLoop) -> float | None:
        world = World(loop, 10_000, data=tmp_path / "gpu.sqlite")
        world.book.start(HOLDER)
        async with opened(world):
            asked = await world.desk.ask(
                order(6_000, pid=HOLDER, model="llama", estimate_mib=4_000)
            )
            for used_mib in (1_000, 5_000 + CONTEXT_MIB, 3_000):
                await asyncio.sleep(3)
                world.use("card-0", (HOLDER, used_mib))
            world.desk.release(asked.id)
            await asyncio.sleep(1)
            return await world.desk._notes.seen_share("llama")

    assert leap(run) == pytest.approx(5_000 / 4_000)
