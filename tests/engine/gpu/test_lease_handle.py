"""A lease in the hands of a program's own code."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import Rejected
from engine.gpu.lease_handle import Allocation, LeaseHandle
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.leases import Ending
from tests.engine.gpu.lease_world import World, in_world


def allocation(world: World, vram_mib: int = 1_000) -> Allocation:
    order = LeaseOrder(vram_mib, duration_s=60.0)

    async def ask() -> LeaseHandle:
        return await world.desk.allocate(order)

    return Allocation(ask)


def ending(lease: LeaseHandle) -> Ending | None:
    return None if lease.view is None else lease.view.ending


def test_it_is_awaited_or_entered():
    """Both ways give the same; the block gives it back, the other way its holder does."""

    async def work(world: World) -> None:
        lease = await allocation(world)
        assert lease.is_held
        async with lease:
            assert lease.is_held
        assert ending(lease) is Ending.RELEASED
        async with allocation(world) as entered:
            assert entered.is_held
            assert entered.id != lease.id
        assert ending(entered) is Ending.RELEASED

    in_world(work)


def test_it_may_be_given_back_twice():
    """The second time does nothing."""

    async def work(world: World) -> None:
        lease = await allocation(world)
        await lease.release()
        await lease.release()
        assert await lease.until_asked_to_leave()

    in_world(work)


def test_what_is_over_cannot_be_used():
    """Signs of life and more time are refused, so that its holder stops to use the memory."""

    async def work(world: World) -> None:
        lease = await allocation(world)
        await lease.heartbeat()
        await asyncio.sleep(70)
        assert lease.is_asked_to_leave
        with pytest.raises(Rejected):
            await lease.heartbeat()
        with pytest.raises(Rejected):
            await lease.renew(1_000)

    in_world(work)


@pytest.mark.parametrize("duration", [0, -5, float("nan"), float("inf"), 1e300])
def test_renewing_for_no_time_is_refused(duration: float):
    """The lease stays as it was."""

    async def work(world: World) -> bool:
        lease = await allocation(world)
        with pytest.raises(Rejected):
            await lease.renew(duration)
        return lease.is_held

    assert in_world(work)


def test_who_was_asked_to_leave_gets_no_more_time():
    """Else the grace would have no end."""

    async def work(world: World) -> None:
        lease = await allocation(world)
        world.desk.ask_to_leave(lease.id, "the user wants the memory")
        assert await lease.until_asked_to_leave() == "the user wants the memory"
        with pytest.raises(Rejected, match="the user wants the memory"):
            await lease.renew(60_000)
        await asyncio.sleep(20)
        assert ending(lease) is Ending.PREEMPTED

    in_world(work)
