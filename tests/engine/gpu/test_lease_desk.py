"""Leases as whoever asks for one meets them."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import Refused, Rejected
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.leases import Ending, LeaseState, Priority
from tests.engine.gpu.lease_world import World, in_world


def order(vram_mib: int, **values: object) -> LeaseOrder:
    """Return an order for so much, for a minute."""
    usual = {"duration_s": 60.0, "name": "tester"}
    return LeaseOrder(vram_mib, **(usual | values))  # type: ignore[arg-type]  # plain values


def test_what_fits_is_granted_at_once():
    """A lease names its card, and the variables with which a program sees it alone."""

    async def work(world: World) -> None:
        lease = await world.desk.allocate(order(4_000))
        assert world.loop.now() == 1000.0
        assert lease.card_ids == ("card-0",)
        assert lease.environment["CUDA_VISIBLE_DEVICES"] == "0"
        assert lease.is_held
        assert not lease.is_asked_to_leave

    in_world(work)


def test_what_does_not_fit_waits_until_somebody_leaves():
    """The second gets its lease when the first is given back and its memory is free."""

    async def work(world: World) -> tuple[bool, bool]:
        first = await world.desk.allocate(order(6_000))
        second = asyncio.ensure_future(world.desk.allocate(order(6_000)))
        await asyncio.sleep(5)
        had_to_wait = not second.done()
        await first.release()
        world.read()
        return had_to_wait, (await second).is_held

    assert in_world(work) == (True, True)


def test_the_snapshot_shows_holders_and_the_queue():
    """Held, queue with position and words, and the account of the card."""

    async def work(world: World) -> None:
        lease = await world.desk.allocate(order(6_000, name="first"))
        asked = await world.desk.ask(order(7_000, name="second"))
        await asyncio.sleep(0.1)
        shown = world.desk.snapshot()
        assert [(each.id, each.state) for each in shown.held] == [(lease.id, LeaseState.ACTIVE)]
        (waiting,) = shown.queue
        assert (waiting.id, waiting.position, waiting.state) == (asked.id, 1, LeaseState.QUEUED)
        assert waiting.wait_s == pytest.approx(60, abs=1)
        assert waiting.reason
        assert shown.rooms["card-0"].leased_mib == 6_000

    in_world(work)


def test_who_stops_to_wait_gives_up_the_request():
    """Cancelled callers leave nothing in the queue."""

    async def work(world: World) -> tuple[int, Ending | None]:
        await_forever = await world.desk.allocate(order(6_000))
        second = asyncio.ensure_future(world.desk.allocate(order(6_000)))
        await asyncio.sleep(1)
        second.cancel()
        await asyncio.wait([second])
        await asyncio.sleep(0.1)
        assert await_forever.is_held
        shown = world.desk.snapshot()
        return len(shown.queue), shown.ended[0].ending

    assert in_world(work) == (0, Ending.CANCELLED)


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"vram_mib": 0}, "vram_mib"),
        ({"vram_mib": -1}, "vram_mib"),
        ({"vram_mib": float("nan")}, "vram_mib"),
        ({"vram_mib": 10**12}, "vram_mib"),
        ({"vram_mib": 100, "duration_s": float("nan")}, "duration_s"),
        ({"vram_mib": 100, "duration_s": 0.0}, "duration_s"),
        ({"vram_mib": 100, "cards": 0}, "cards"),
        ({"vram_mib": 100, "name": "x" * 1000}, "name"),
        ({"vram_mib": 100, "pid": 4_000_000}, "pid"),
        ({"vram_mib": 100, "pid": -5}, "pid"),
    ],
)
def test_what_makes_no_sense_is_rejected(values: dict[str, object], param: str):
    """The error names the field."""

    async def work(world: World) -> str | None:
        with pytest.raises(Rejected) as error:
            await world.desk.allocate(LeaseOrder(**values))  # type: ignore[arg-type]  # wrong
        return error.value.param

    assert in_world(work) == param


def test_what_can_never_fit_is_rejected_with_what_could():
    """Nobody waits for a card that is not there."""

    async def work(world: World) -> str:
        with pytest.raises(Rejected) as error:
            await world.desk.allocate(order(20_000))
        assert error.value.status == 409
        return str(error.value)

    assert "10000 MiB" in in_world(work)


def test_without_a_card_it_is_said_why():
    """The remedy that the drivers gave goes to whoever asks."""

    async def work(world: World) -> str:
        world.source.trouble = "No graphics card was found: models run on the processor."
        with pytest.raises(Rejected) as error:
            await world.desk.allocate(order(1_000))
        return str(error.value)

    assert "models run on the processor" in in_world(work, ())


def test_requests_wait_until_the_cards_are_known():
    """At the start nobody is told that there is no card before somebody has looked."""

    async def work(world: World) -> bool:
        return (await world.desk.allocate(order(1_000))).is_held

    async def late(world: World) -> bool:
        asked = asyncio.ensure_future(work(world))
        await asyncio.sleep(1)
        assert not asked.done()
        world.source.has_looked = True
        return await asked

    async def run(loop: object) -> bool:
        from tests.engine.gpu.lease_world import opened
        from tests.leaping import LeapingLoop

        assert isinstance(loop, LeapingLoop)
        world = World(loop, 10_000)
        world.source.has_looked = False
        async with opened(world):
            return await late(world)

    from tests.leaping import leap

    assert leap(run)


def test_a_handle_gives_signs_of_life_by_itself():
    """Whoever holds the handle loses nothing to silence; time alone ends it."""

    async def work(world: World) -> tuple[bool, Ending | None]:
        lease = await world.desk.allocate(order(1_000, duration_s=120.0))
        await asyncio.sleep(100)
        was_held = lease.is_held
        await asyncio.sleep(30)
        view = lease.view
        assert view is not None
        return was_held, view.ending

    assert in_world(work) == (True, Ending.EXPIRED)


def test_a_lease_whose_handle_was_dropped_is_lost():
    """Nobody can leak memory by forgetting a handle."""

    async def work(world: World) -> Ending | None:
        await world.desk.allocate(order(1_000, duration_s=3_600.0))
        await asyncio.sleep(30)
        return world.desk.snapshot().ended[0].ending

    assert in_world(work) is Ending.LOST


def test_renewing_lets_it_last():
    """From now on, so long."""

    async def work(world: World) -> bool:
        lease = await world.desk.allocate(order(1_000, duration_s=10.0))
        await asyncio.sleep(8)
        await lease.renew(60_000)
        await asyncio.sleep(50)
        return lease.is_held

    assert in_world(work)


def test_async_with_gives_it_back():
    """However the block ends."""

    async def work(world: World) -> Ending | None:
        with pytest.raises(ZeroDivisionError):
            async with await world.desk.allocate(order(1_000)):
                raise ZeroDivisionError
        return world.desk.snapshot().ended[0].ending if world.desk.snapshot().ended else None

    async def published(world: World) -> Ending | None:
        await work(world)
        await asyncio.sleep(0.1)
        return world.desk.snapshot().ended[0].ending

    assert in_world(published) is Ending.RELEASED


def test_a_holder_is_asked_to_leave_for_a_higher_priority():
    """It hears of it, and has the grace to free its memory."""

    async def work(world: World) -> str:
        low = await world.desk.allocate(order(8_000, priority=Priority.LOW, duration_s=3_600.0))
        await asyncio.sleep(30)
        high = asyncio.ensure_future(
            world.desk.allocate(order(8_000, priority=Priority.URGENT, name="important"))
        )
        why = await low.until_asked_to_leave()
        assert low.is_held
        assert not high.done()
        await low.release()
        world.read()
        assert (await high).is_held
        return why

    assert "important" in in_world(work)


def test_who_does_not_leave_within_the_grace_holds_no_lease_any_more():
    """Its memory counts for as long as it is seen in use: nobody is put on top of it."""

    async def work(world: World) -> tuple[Ending | None, bool]:
        low = await world.desk.allocate(order(8_000, priority=Priority.LOW, duration_s=3_600.0))
        world.use("card-0", (world.book.own, 8_000))
        await asyncio.sleep(30)
        high = asyncio.ensure_future(world.desk.allocate(order(8_000, priority=Priority.URGENT)))
        await low.until_asked_to_leave()
        for _ in range(30):
            await asyncio.sleep(1)
            world.use("card-0", foreign_mib=8_000)
        view = low.view
        assert view is not None
        was_put_on_top = high.done()
        high.cancel()
        await asyncio.wait([high])
        return view.ending, was_put_on_top

    assert in_world(work, grace_s=5.0) == (Ending.PREEMPTED, False)


def test_a_lost_card_ends_its_leases():
    """The holder hears of it like of any end."""

    async def work(world: World) -> Ending | None:
        lease = await world.desk.allocate(order(1_000))
        world.lose("card-0")
        await lease.until_asked_to_leave()
        view = lease.view
        return None if view is None else view.ending

    assert in_world(work) is Ending.CARD_GONE


def test_closing_gives_back_what_is_held_here_and_refuses_who_waits():
    """No task waits for ever for a desk that is closed."""

    async def work(world: World) -> bool:
        lease = await world.desk.allocate(order(8_000))
        waiting = asyncio.ensure_future(world.desk.allocate(order(8_000)))
        await asyncio.sleep(1)
        await world.desk.aclose()
        with pytest.raises(Refused):
            await waiting
        with pytest.raises(Refused):
            await world.desk.allocate(order(1))
        return lease.is_held

    assert not in_world(work)
