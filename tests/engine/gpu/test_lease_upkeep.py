"""What happens to leases while nobody calls."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.errors import Refused
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.lease_upkeep import QUIET_LOOK_S
from engine.gpu.leases import Ending, LeaseState, Priority
from engine.gpu.loaded_models import LoadedModel
from tests.engine.gpu.lease_world import World, in_world

HOUR_S = 3_600.0
OLLAMA = LoadedModel("llama", "http://127.0.0.1:11434", "Ollama", "llama", 6_000)
SERVER_PID = 500


def order(vram_mib: int, **values: object) -> LeaseOrder:
    usual = {"duration_s": HOUR_S, "name": "tester"}
    return LeaseOrder(vram_mib, **(usual | values))  # type: ignore[arg-type]  # plain values


def test_a_lease_lives_with_its_process():
    """Without a single call it lasts as long as the process, and ends with it."""

    async def work(world: World) -> tuple[LeaseState, Ending | None]:
        world.book.start(70)
        asked = await world.desk.ask(order(1_000, pid=70))
        await asyncio.sleep(300)
        during = world.desk.view(asked.id)
        del world.book.running[70]
        await asyncio.sleep(3)
        after = world.desk.view(asked.id)
        assert during is not None
        assert after is not None
        return during.state, after.ending

    assert in_world(work) == (LeaseState.ACTIVE, Ending.LOST)


def test_who_waits_and_dies_leaves_the_queue():
    """Nobody waits behind a dead process."""

    async def work(world: World) -> Ending | None:
        lease = await world.desk.allocate(order(8_000))
        world.book.start(70)
        asked = await world.desk.ask(order(8_000, pid=70))
        del world.book.running[70]
        await asyncio.sleep(3)
        assert lease.is_held
        view = world.desk.view(asked.id)
        return None if view is None else view.ending

    assert in_world(work) is Ending.CANCELLED


def test_who_waits_without_asking_any_more_leaves_the_queue():
    """A client that has gone holds no place; one that asks from time to time does."""

    async def work(world: World) -> tuple[bool, bool]:
        lease = await world.desk.allocate(order(8_000))
        gone = await world.desk.ask(order(8_000))
        asks = await world.desk.ask(order(8_000))
        for _ in range(12):
            await asyncio.sleep(10)
            await world.desk.wait(asks.id, 1.0)
        assert lease.is_held
        views = world.desk.view(gone.id), world.desk.view(asks.id)
        return tuple(view is not None and view.is_over for view in views)  # type: ignore[return-value]

    assert in_world(work) == (True, False)


def with_resting_model(world: World) -> None:
    """Let a model server hold 6,000 MiB with a model that nobody uses."""
    world.book.start(SERVER_PID)
    world.servers.models = [OLLAMA]
    load(world, 6_000)

    def free(model: LoadedModel) -> None:
        world.servers.models = []
        world.use("card-0")

    world.servers.on_unload = free


def load(world: World, mib: int) -> None:
    """Let the server use so much; its process has a name by which it is known."""
    from engine.gpu.cards import CardProcess, CardReading

    listed = (CardProcess(SERVER_PID, mib, name="ollama"),)
    reading = CardReading(memory_used_mib=mib, processes=listed)
    world.cards["card-0"] = replace(world.cards["card-0"], reading=reading)
    world.read()


def test_a_resting_model_makes_room():
    """Its server is asked to unload it, and the lease is granted when the memory is free."""

    async def work(world: World) -> list[str]:
        with_resting_model(world)
        lease = await world.desk.allocate(order(8_000))
        assert lease.is_held
        return world.servers.unloaded

    assert in_world(work, idle_after_s=5.0) == ["llama"]


@pytest.mark.parametrize("holds_models", [False, True])
def test_model_servers_are_asked_seldom_while_nobody_waits(holds_models: bool):
    """And not at all where none of them uses a card."""

    async def work(world: World) -> int:
        with_resting_model(world)
        if not holds_models:
            world.use("card-0")
        await asyncio.sleep(100)
        return world.servers.looks

    assert in_world(work) == (100 // QUIET_LOOK_S if holds_models else 0)


def test_what_rests_is_known_before_somebody_asks():
    """Whoever needs its room waits for the unload alone, whoever wants the model gets it."""

    async def work(world: World) -> list[str]:
        with_resting_model(world)
        await asyncio.sleep(3 * QUIET_LOOK_S)
        assert world.desk.snapshot().rooms["card-0"].idle_mib == 6_000
        async with asyncio.timeout(0.5):
            taken = await world.desk.allocate(order(8_000, model="llama"))
        assert world.servers.unloaded == []
        await taken.release()
        world.read()
        await asyncio.sleep(3 * QUIET_LOOK_S)
        async with asyncio.timeout(0.5):
            await world.desk.allocate(order(8_000))
        return world.servers.unloaded

    assert in_world(work, idle_after_s=5.0) == ["llama"]


def test_a_model_that_is_used_again_is_not_unloaded():
    """It is looked at once more before its server is asked."""

    async def work(world: World) -> list[str]:
        with_resting_model(world)
        await asyncio.sleep(3 * QUIET_LOOK_S)
        world.servers.models = [replace(OLLAMA, used_mark="used again")]
        waiting = asyncio.ensure_future(world.desk.allocate(order(8_000)))
        await asyncio.sleep(3.0)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])
        return world.servers.unloaded

    assert in_world(work, idle_after_s=5.0) == []


def test_a_holder_learns_whether_its_model_may_stay():
    """Not where somebody waits for another one."""

    async def work(world: World) -> None:
        lease = await world.desk.allocate(order(8_000, model="llama"))
        other = await world.desk.allocate(order(500))
        await asyncio.sleep(1.0)
        assert lease.may_stay
        assert not other.may_stay
        waiting = await world.desk.ask(order(8_000, model="qwen"))
        await asyncio.sleep(1.0)
        assert not lease.may_stay
        views = {each.id: each.may_stay for each in world.desk.snapshot().held}
        assert views == {lease.id: False, other.id: None}
        world.desk.release(waiting.id)
        await asyncio.sleep(1.0)
        assert lease.may_stay
        await lease.release()
        assert not lease.may_stay

    in_world(work)


def test_models_stay_where_the_user_wants_it():
    """The setting is heeded; whoever asks waits."""

    async def work(world: World) -> list[str]:
        with_resting_model(world)
        waiting = asyncio.ensure_future(world.desk.allocate(order(8_000)))
        await asyncio.sleep(60)
        waiting.cancel()
        await asyncio.wait([waiting])
        return world.servers.unloaded

    assert in_world(work, unload_idle_models=False) == []


def test_a_model_that_does_not_leave_is_a_problem_to_see():
    """Whoever waits can read why."""

    async def work(world: World) -> tuple[str, ...]:
        with_resting_model(world)
        world.servers.refusal = Refused("Ollama does not unload llama (HTTP 500)")
        waiting = asyncio.ensure_future(world.desk.allocate(order(8_000)))
        await asyncio.sleep(40)
        waiting.cancel()
        await asyncio.wait([waiting])
        return world.desk.snapshot().problems

    assert in_world(work, idle_after_s=5.0) == ("Ollama does not unload llama (HTTP 500)",)


@pytest.mark.parametrize("wanted", [False, True])
def test_a_holder_that_exceeds_its_lease_is_shown(wanted: bool):
    """By name and amount; it is asked to leave only where the user wants it."""

    async def work(world: World) -> tuple[tuple[str, ...], bool]:
        world.book.start(70)
        world.book.start(71, parent=70)
        asked = await world.desk.ask(order(2_000, pid=70, name="greedy"))
        world.use("card-0", (71, 5_000))
        await asyncio.sleep(3)
        world.use("card-0", (71, 5_000))
        await asyncio.sleep(3)
        shown = world.desk.snapshot()
        view = world.desk.view(asked.id)
        assert view is not None
        assert (view.used_mib, view.peak_mib) == (5_000, 5_000)
        assert shown.lease_of_pid == {71: asked.id}
        return shown.problems, view.is_asked_to_leave

    problems, was_asked = in_world(work, ask_to_leave_if_exceeding=wanted)
    assert problems == (
        "greedy uses 3000 MiB more than the 2000 MiB of its lease: ask for more, or end it",
    )
    assert was_asked is wanted


def test_what_a_holder_uses_beyond_its_lease_is_given_to_nobody():
    """The next request waits for memory that is really free."""

    async def work(world: World) -> bool:
        world.book.start(70)
        await world.desk.ask(order(2_000, pid=70))
        world.use("card-0", (70, 7_000))
        await asyncio.sleep(3)
        world.use("card-0", (70, 7_000))
        second = asyncio.ensure_future(world.desk.allocate(order(5_000, priority=Priority.LOW)))
        await asyncio.sleep(10)
        is_granted = second.done()
        second.cancel()
        await asyncio.wait([second])
        return is_granted

    assert in_world(work) is False


def test_a_jump_of_the_clock_costs_nobody_a_lease_or_a_place():
    """While the machine slept nobody could give a sign of life; who stays silent then has gone."""

    async def work(world: World) -> None:
        holder = await world.desk.ask(order(8_000, duration_s=60.0))
        waiting = await world.desk.ask(order(8_000))
        world.loop.hold_up(HOUR_S)
        await asyncio.sleep(3)
        for each in (holder, waiting):
            assert world.desk.heartbeat(each.id).ending is None
        assert world.desk.snapshot().queue[0].id == waiting.id
        await asyncio.sleep(90)
        endings = [world.desk.view(each.id) for each in (holder, waiting)]
        assert [each and each.ending for each in endings] == [Ending.EXPIRED, Ending.LOST]

    in_world(work)
