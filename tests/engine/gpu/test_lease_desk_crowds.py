"""Many who ask for leases at once, and hang up."""

from __future__ import annotations

import asyncio

from engine.gpu.leases import Ending
from tests.engine.gpu.lease_world import World, in_world
from tests.engine.gpu.test_lease_desk import order


def test_who_hangs_up_while_asking_leaves_nothing_behind():
    """Nobody learned the lease's id: neither a place in the queue nor a grant may remain."""

    async def work(world: World) -> None:
        asked = [asyncio.ensure_future(world.desk.ask(order(6_000))) for _ in range(3)]
        await asyncio.sleep(0)
        for each in asked:
            each.cancel()
        await asyncio.wait(asked)
        await asyncio.sleep(0.1)
        world.read()
        shown = world.desk.snapshot()
        assert (shown.held, shown.queue) == ((), ())
        assert len(shown.ended) == 3

    in_world(work)


def test_more_may_be_refused_at_once_than_are_remembered():
    """Everybody hears why, also where the last hundred ends are newer."""

    async def work(world: World) -> None:
        asked = [world.desk.ask(order(50_000)) for _ in range(300)]
        assert {each.ending for each in await asyncio.gather(*asked)} == {Ending.REJECTED}

    in_world(work)
