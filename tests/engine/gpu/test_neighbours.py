"""What a host tells of its promises, and how it shows that it waits for others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.lease_sharing import NOBODY_KNOWS, RENEW_S, SETTLE_S
from engine.gpu.room import LOADING_S
from tests.engine.gpu.lease_world import World, in_world
from tests.engine.gpu.shared_worlds import CARD, Host, PlayedRedis, sharing


def promises_of(host: Host) -> Callable[[str], tuple[int, int]]:
    """Return what tells of a card how much is promised, and how much of that is in use."""

    def look(card_id: str) -> tuple[int, int]:
        told = host.desk._rounds.neighbours._promised(card_id)
        return told.promised_mib, told.seen_mib

    return look


def test_without_other_hosts_nothing_runs_and_nobody_is_shown():
    """A host of its own has no work with others."""

    async def work(world: World) -> None:
        neighbours = world.desk._rounds.neighbours
        assert neighbours.works() == ()
        assert neighbours.others() == ()
        assert not neighbours.sharing.is_on

    in_world(work)


def test_a_new_promise_counts_as_unused_until_it_had_time_to_load():
    """Whose use nobody can tell is taken at his word, but not before he could have loaded."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        promised = promises_of(hosts[0])
        lease = await hosts[0].holds(3_000)
        hosts[0].world.use(CARD)
        assert promised(CARD) == (3_000, 0)
        holding = hosts[0].desk._book.get(lease.id)
        assert holding is not None
        await asyncio.sleep(LOADING_S)
        holding.used_mib.clear()
        assert promised(CARD) == (3_000, 3_000)
        holding.use(CARD, 1_200)
        assert promised(CARD) == (3_000, 1_200)
        holding.use(CARD, 4_000)
        assert promised(CARD) == (3_000, 3_000)

    sharing(work, "one")


def test_memory_that_is_not_seen_free_is_still_promised():
    """What a holder gave back may still lie on the card."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(SETTLE_S + 2 * RENEW_S)
        promised = promises_of(hosts[0])
        lease = await hosts[0].holds(3_000)
        await lease.release()
        assert promised(CARD) == (3_000, 3_000)
        hosts[0].world.use(CARD)
        assert promised(CARD) == (0, 0)

    sharing(work, "one")


def test_who_waits_for_other_hosts_is_told_so():
    """The queue says that it waits for Redis, and promises no time."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await hosts[0].desk.ask(LeaseOrder(1_000, duration_s=60.0))
        await asyncio.sleep(0.5)
        (waiting,) = hosts[0].desk.snapshot().queue
        assert (waiting.reason, waiting.wait_s, waiting.position) == (NOBODY_KNOWS, None, 1)

    def away(redis: PlayedRedis) -> None:
        redis.is_away = True

    sharing(work, "one", redis=away)
