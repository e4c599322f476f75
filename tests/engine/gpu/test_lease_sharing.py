"""Hosts that see the same card never give out more of it than it has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from engine.errors import Damaged, EngineError
from engine.gpu.hosts import CardTold, HostPromise
from engine.gpu.lease_handle import LeaseHandle
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.lease_sharing import IS_AWAY, IS_NEW, NOBODY_KNOWS, PROMISE_S, RENEW_S, SETTLE_S
from engine.gpu.lease_views import LeaseView
from engine.gpu.leases import LeaseState
from engine.gpu.ports import CardTurn
from engine.joints import SharedCards
from tests.engine.gpu.lease_world import World, opened
from tests.engine.gpu.shared_worlds import (
    CARD,
    CARD_MIB,
    Host,
    PlayedCache,
    PlayedRedis,
    sharing,
)
from tests.leaping import LeapingLoop, leap

SETTLED_S = SETTLE_S + 2 * RENEW_S


async def waiting(host: Host, mib: int) -> LeaseView:
    """Return a request that waits, as it stands after a while."""
    asked = await host.desk.ask(LeaseOrder(mib, duration_s=600.0, name="second"))
    await asyncio.sleep(0.5)
    found = host.desk.view(asked.id)
    assert found is not None
    return found


def test_what_one_host_holds_the_other_cannot_have():
    """The second waits, says for whom, and goes on when the first gives back."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        first, second = hosts
        lease = await first.holds(6_000)
        asked = await waiting(second, 6_000)
        assert not asked.is_held
        assert asked.reason is not None
        assert "other hosts hold less" in asked.reason
        assert "6000 MiB" in asked.reason
        assert second.desk.snapshot().rooms[CARD].elsewhere_mib == 6_000
        await second.holds(4_000)
        await lease.release()
        first.world.read()
        granted = await second.desk.wait(asked.id, 10.0)
        assert granted is not None
        assert granted.is_held

    sharing(work, "one", "two")


def test_a_race_has_one_winner():
    """Of hosts that ask in the same moment one is served, and the others wait."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        redis.slowness_s = 0.05
        await asyncio.sleep(SETTLED_S)
        asked = [asyncio.ensure_future(each.holds(6_000)) for each in hosts]
        await asyncio.sleep(5.0)
        assert [each.done() for each in asked].count(True) == 1
        assert sorted(each.held_mib for each in hosts) == [0, 0, 6_000]
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    sharing(work, "one", "two", "three")


def test_a_request_is_pending_until_hosts_have_agreed():
    """Nobody is told that it holds memory before it does."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(SETTLED_S)
        redis.slowness_s = 0.5
        asked = await hosts[0].desk.ask(LeaseOrder(1_000, duration_s=60.0))
        assert asked.state is LeaseState.PENDING
        assert not asked.is_held
        granted = await hosts[0].desk.wait(asked.id, 10.0)
        assert granted is not None
        assert granted.is_held

    sharing(work, "one")


def test_giving_up_while_hosts_are_asked_leaves_nothing():
    """Who stops to wait in that moment holds nothing, and the next one gets the memory."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(SETTLED_S)
        redis.slowness_s = 0.4
        asked = asyncio.ensure_future(hosts[0].holds(9_000))
        await asyncio.sleep(0.3)
        asked.cancel()
        await asyncio.wait([asked])
        assert hosts[0].desk.snapshot().held == ()
        await hosts[0].holds(9_000)
        assert hosts[0].held_mib == 9_000

    sharing(work, "one")


def test_without_redis_a_shared_card_is_shut_and_what_is_held_stays():
    """The reason is told; own leases go on; after its return it goes on by itself."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        first, second = hosts
        lease = await first.holds(3_000)
        await asyncio.sleep(SETTLED_S)
        redis.is_away = True
        await asyncio.sleep(2 * RENEW_S)
        asked = await waiting(second, 3_000)
        assert asked.reason == IS_AWAY
        await asyncio.sleep(40)
        assert lease.is_held
        assert second.held_mib == 0
        redis.is_away = False
        granted = await second.desk.wait(asked.id, SETTLED_S + RENEW_S)
        assert granted is not None
        assert granted.is_held

    sharing(work, "one", "two")


@pytest.mark.parametrize("fault", ["lost data", "frozen"])
def test_after_its_return_nothing_is_given_out_before_all_hosts_have_told(fault: str):
    """Redis knows nothing of what is held: who asks first is not served at its cost."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        first, second = hosts
        lease = await first.holds(6_000)
        await asyncio.sleep(SETTLED_S)
        first.cache.is_cut = True  # it will be late by a moment
        redis.is_away, redis.is_frozen = fault == "lost data", fault == "frozen"
        asked = await second.desk.ask(LeaseOrder(6_000, duration_s=600.0))
        await asyncio.sleep(3 * PROMISE_S)
        if fault == "lost data":
            redis.lose_data()
        redis.is_away = redis.is_frozen = False
        await asyncio.sleep(RENEW_S + 0.5)
        found = second.desk.view(asked.id)
        assert found is not None
        assert found.reason == IS_NEW
        first.cache.is_cut = False
        await asyncio.sleep(2 * SETTLED_S)
        assert lease.is_held
        assert (first.held_mib, second.held_mib) == (6_000, 0)

    sharing(work, "one", "two")


def test_a_card_that_nobody_else_has_goes_on_without_redis():
    """Who is known to be alone is served while Redis is away."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(SETTLED_S)
        redis.is_away = True
        await asyncio.sleep(2 * RENEW_S)
        await hosts[0].holds(6_000)
        assert hosts[0].held_mib == 6_000

    sharing(work, "one")


def test_who_never_heard_anything_gives_nothing_out():
    """At the start it is not known who else has the card: that fails closed."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        asked = await waiting(hosts[0], 1_000)
        assert asked.reason == NOBODY_KNOWS
        await asyncio.sleep(100)
        assert hosts[0].held_mib == 0

    def away(redis: PlayedRedis) -> None:
        redis.is_away = True

    sharing(work, "one", redis=away)


def test_where_it_is_switched_off_redis_is_not_asked():
    """Without the setting leases are this host's own matter."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        redis.is_away = True
        for each in hosts:
            await each.holds(6_000)
            assert each.desk.snapshot().others == ()

    sharing(work, "one", "two", share_leases=False)


def test_switched_off_while_redis_is_away_it_goes_on_alone():
    """Whoever waits for other hosts is served when the user wants that no more."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        from dataclasses import replace

        asked = await waiting(hosts[0], 1_000)
        assert not asked.is_held
        hosts[0].world.settings = replace(hosts[0].world.settings, share_leases=False)
        granted = await hosts[0].desk.wait(asked.id, 10.0)
        assert granted is not None
        assert granted.is_held

    def away(redis: PlayedRedis) -> None:
        redis.is_away = True

    sharing(work, "one", redis=away)


def test_a_dead_host_is_forgotten():
    """What it had promised comes free after a while, and it is not shown any more."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        first, second = hosts
        lease = await first.holds(6_000)
        await asyncio.sleep(RENEW_S)
        assert [each.name for each in second.desk.snapshot().others] == ["one"]
        first.cache.is_cut = True  # nothing is heard of it any more
        asked = await waiting(second, 6_000)
        await asyncio.sleep(PROMISE_S - 5)
        assert second.held_mib == 0
        granted = await second.desk.wait(asked.id, 10.0)
        assert granted is not None
        assert granted.is_held
        assert second.desk.snapshot().others == ()
        assert lease.is_held  # as nobody can tell it, its memory shows as foreign use only

    sharing(work, "one", "two")


def test_what_is_seen_of_others_is_not_counted_twice():
    """Memory that another host's program uses shows here as foreign use, and is its promise."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        first, second = hosts
        lease = await first.holds(5_000)
        await asyncio.sleep(SETTLED_S)
        for _ in range(2):
            first.world.use(CARD, (first.world.book.own, 5_000))
            await asyncio.sleep(2 * RENEW_S)
        second.world.use(CARD, foreign_mib=5_000)
        await asyncio.sleep(2 * RENEW_S)
        second.world.read()
        assert second.desk.snapshot().rooms[CARD].free_mib == 5_000
        await second.holds(5_000)
        assert lease.is_held

    sharing(work, "one", "two")


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_no_card_is_promised_twice(seed: int):
    """Hosts ask, give back, come and die; Redis is slow, away, frozen, empty: it always fits."""
    random = Random(seed)

    async def run(loop: LeapingLoop) -> None:
        redis = PlayedRedis(loop, random)
        redis.slowness_s = random.choice([0.0, 0.02, 0.3])
        redis.lost_share = random.choice([0.0, 0.0, 0.1])
        hosts = [Host(redis, f"host {number}") for number in range(3)]
        await asyncio.gather(*(_life(host.world, redis, hosts, host, random) for host in hosts))

    leap(run)


async def _life(
    world: World, redis: PlayedRedis, hosts: list[Host], host: Host, random: Random
) -> None:
    asked: list[asyncio.Task[LeaseHandle]] = []
    await asyncio.sleep(random.random() * 20)
    async with opened(world):
        for _ in range(40):
            world.read()
            match random.choice(["ask", "ask", "ask", "leave", "leave", "give up", "redis"]):
                case "ask":
                    mib, duration_s = random.randrange(500, 9_000), random.uniform(2, 60)
                    asked.append(asyncio.ensure_future(host.holds(mib, duration_s=duration_s)))
                case "leave":
                    for each in asked:
                        if each.done() and not each.cancelled() and not each.exception():
                            await each.result().release()
                            break
                case "give up" if asked:
                    random.choice(asked).cancel()
                case "redis":
                    _fault(redis, random)
            await asyncio.sleep(random.choice([0.0, 0.01, 0.3, 2.0, 20.0]))
            held = {each.name: each.held_mib for each in hosts}
            assert sum(held.values()) <= CARD_MIB, held
        for each in asked:
            each.cancel()
        done = await asyncio.gather(*asked, return_exceptions=True)
        for each in done:
            if isinstance(each, BaseException) and not isinstance(
                each, (asyncio.CancelledError, EngineError)
            ):
                raise each


def _fault(redis: PlayedRedis, random: Random) -> None:
    redis.is_away = redis.is_frozen = False
    match random.choice(["away", "frozen", "empty", "well", "well"]):
        case "away":
            redis.is_away = True
        case "frozen":
            redis.is_frozen = True
        case "empty":
            redis.lose_data()


class OneDamaged(SharedCards):
    """What another host has noted for the first card cannot be read, from some moment on."""

    is_damaged = False

    @asynccontextmanager
    async def turn(self, card_id: str) -> AsyncIterator[CardTurn]:
        if self.is_damaged and card_id == CARD:
            raise Damaged("what another host noted cannot be read")
        async with super().turn(card_id) as turn:
            yield turn

    async def show(self, card_id: str, promise: HostPromise, ttl_s: float) -> CardTold:
        if self.is_damaged and card_id == CARD:
            raise Damaged("what another host noted cannot be read")
        return await super().show(card_id, promise, ttl_s)


def test_what_cannot_be_read_is_somebody():
    """Whoever notes what nobody understands may hold memory: nothing is given out beside it."""

    async def run(loop: LeapingLoop) -> None:
        cache = PlayedCache(PlayedRedis(loop), "one")
        share = OneDamaged(cache, host_name="one", machine="m")  # type: ignore[arg-type]
        world = World(loop, CARD_MIB, share=share, share_leases=True)
        async with opened(world):
            await asyncio.sleep(SETTLED_S + RENEW_S / 4)  # well before it looks again by itself
            share.is_damaged = True
            asked = await world.desk.ask(LeaseOrder(6_000, duration_s=600.0))
            found = await world.desk.wait(asked.id, 10.0)
            assert found is not None
            assert not found.is_held

    leap(run)


def test_what_cannot_be_read_of_one_card_leaves_the_others():
    """Nothing is given out of that card; what is held of others goes on being shown."""

    async def run(loop: LeapingLoop) -> None:
        cache = PlayedCache(PlayedRedis(loop), "one")
        share = OneDamaged(cache, host_name="one", machine="m")  # type: ignore[arg-type]
        world = World(loop, CARD_MIB, CARD_MIB, share=share, share_leases=True)
        async with opened(world):
            await asyncio.sleep(SETTLED_S)
            share.is_damaged = True
            await asyncio.sleep(2 * PROMISE_S)
            lease = await world.desk.allocate(LeaseOrder(6_000, duration_s=600.0))
            assert lease.card_ids == ("card-1",)
            await asyncio.sleep(2 * PROMISE_S)
            async with share.turn("card-1") as turn:
                assert [each.promised_mib for each in (await turn.read()).promises] == [6_000]

    leap(run)
