"""Hosts that share a card wait for each other as if they stood in one line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from engine.gpu.claims import SILENT_S
from engine.gpu.guests import OFFER_S
from engine.gpu.hosts import HostClaim, HostPromise
from engine.gpu.lease_sharing import PROMISE_S, RENEW_S, SETTLE_S
from engine.gpu.leases import Priority
from engine.gpu.queueing import Order
from tests.engine.gpu.shared_worlds import CARD, CARD_MIB, Host, PlayedRedis, sharing

SETTLED_S = SETTLE_S + 2 * RENEW_S
READ_S = 0.5


class Race:
    """Workers of several hosts that ask, hold and ask again; it never holds too much."""

    def __init__(self, hosts: list[Host], random: Random) -> None:
        self.hosts, self.random = hosts, random
        self.granted = {each.name: 0 for each in hosts}
        self.waits_s: list[float] = []
        self._loop = asyncio.get_running_loop()

    async def work(self, host: Host, mib: Callable[[], int], hold_s: float, **words: Any) -> None:
        """Ask, hold and ask again until cancelled."""
        while True:
            asked_s, told_s = self._loop.time(), hold_s * self.random.uniform(0.5, 1.0)
            lease = await host.holds(mib(), duration_s=told_s + 1.0, **words)
            self.waits_s.append(self._loop.time() - asked_s)
            self.granted[host.name] += 1
            assert sum(each.held_mib for each in self.hosts) <= CARD_MIB
            await asyncio.sleep(told_s * self.random.random())
            await lease.release()

    @asynccontextmanager
    async def run(self, *workers: Awaitable[None]) -> AsyncIterator[None]:
        """Let workers work, and the cards be read, for as long as the block runs."""
        tasks = [asyncio.ensure_future(each) for each in (*workers, self._read())]
        try:
            yield
        finally:
            for each in tasks:
                each.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(each) for each in done} == {asyncio.CancelledError}, done

    async def _read(self) -> None:
        while True:
            for each in self.hosts:
                each.world.read()
            await asyncio.sleep(READ_S)


@pytest.mark.parametrize("slowness_s", [0.0, 0.02])
def test_hosts_that_ask_all_the_time_are_served_in_turn(slowness_s: float):
    """Who gives back is the first to know, and yet not always the next to get it."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        redis.slowness_s = slowness_s
        await asyncio.sleep(SETTLED_S)
        race = Race(hosts, Random(1))
        async with race.run(*(race.work(hosts[at % 2], lambda: 6_000, 0.1) for at in range(6))):
            await asyncio.sleep(60)
        assert min(race.granted.values()) >= 0.4 * sum(race.granted.values())
        assert sum(race.granted.values()) >= 60
        assert max(race.waits_s) <= 15

    sharing(work, "one", "two")


def test_a_large_request_is_not_overtaken_for_ever_by_small_ones_of_another_host():
    """The other host lets its card run empty for it."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(SETTLED_S)
        race = Race(hosts, Random(2))
        async with race.run(*(race.work(hosts[0], lambda: 2_000, 10.0) for _ in range(8))):
            await asyncio.sleep(30)
            async with asyncio.timeout(60):
                await hosts[1].holds(9_000, duration_s=20.0)

    sharing(work, "one", "two")


@pytest.mark.parametrize("seed", range(4))
def test_whoever_waits_is_served_in_bounded_time(seed: int):
    """Hosts, sizes, lengths and priorities at random, Redis slow: it always fits, nobody starves.

    12 workers hold for 6 s at most, so 72 s are enough where each has to be alone on the card;
    higher priorities come before for as long as a step of priority counts.
    """
    random = Random(seed)
    number, hold_s = random.randrange(2, 5), 6.0
    priorities = [Priority.NORMAL, *([Priority.LOW] * (seed % 2))]
    bound_s = 12 * hold_s + Order().priority_step_s * (seed % 2)

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        redis.slowness_s = random.choice([0.0, 0.01, 0.05])
        await asyncio.sleep(SETTLED_S)
        race = Race(hosts, random)

        def mib(largest: int = random.choice([3_000, 9_900])) -> int:
            return random.randrange(500, largest)

        workers = [
            race.work(hosts[at % number], mib, hold_s, priority=random.choice(priorities))
            for at in range(12)
        ]
        async with race.run(*workers):
            await asyncio.sleep(200)
        assert min(race.granted.values()) >= 3
        assert max(race.waits_s) <= bound_s

    sharing(work, *(f"host {at}" for at in range(number)))


def test_a_dead_host_holds_up_the_others_for_seconds_only():
    """Its claim came first; nobody waits for it longer than for a host that lives."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(SETTLED_S)
        first, second = hosts
        held = await second.holds(9_000)
        asked = asyncio.ensure_future(first.holds(9_000))
        await asyncio.sleep(RENEW_S)
        first.cache.is_cut = True  # nothing is heard of it any more
        behind = asyncio.ensure_future(second.holds(9_000))
        await asyncio.sleep(0.1)
        await held.release()
        second.world.read()
        async with asyncio.timeout(SILENT_S + RENEW_S):
            await behind
        asked.cancel()
        await asyncio.wait([asked])

    sharing(work, "one", "two")


async def _claims_and_never_takes(host: Host, *, is_steady: bool) -> None:
    """Tell of somebody who has waited for ages, and do nothing; of another one each time."""
    share = host.share
    for told in range(1, 10_000):
        name = "same" if is_steady else f"other {told}"
        claim = HostClaim(name, 5_000, int(Priority.URGENT), 1e6, 60.0)
        promise = HostPromise(share.host_id, share.host_name, claim=claim, told=told)
        await share.show(CARD, promise, PROMISE_S)
        await asyncio.sleep(RENEW_S)


@pytest.mark.parametrize("is_steady", [True, False])
def test_a_host_that_does_not_take_its_turn_loses_it(is_steady: bool):
    """It holds the others up once, then ever more seldom, however often it says it is first."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        broken = asyncio.ensure_future(
            _claims_and_never_takes(Host(redis, "broken"), is_steady=is_steady)
        )
        await asyncio.sleep(SETTLED_S)
        race = Race(hosts, Random(3))
        async with race.run(*(race.work(hosts[at % 2], lambda: 6_000, 0.1) for at in range(2))):
            await asyncio.sleep(200)
        # Turns with 20, 40, 80 s between them; each of the two hosts passes it over itself.
        assert sum(each > 2.0 for each in race.waits_s) <= 2 * 4 * 2
        assert max(race.waits_s) <= 2 * OFFER_S + RENEW_S
        assert min(race.granted.values()) >= 60
        broken.cancel()
        await asyncio.wait([broken])

    sharing(work, "one", "two")


def test_whoever_gives_up_is_not_waited_for():
    """The others are told that nobody waits there any more."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(SETTLED_S)
        first, second = hosts
        held = await second.holds(9_000)
        asked = asyncio.ensure_future(first.holds(9_000))
        await asyncio.sleep(1.0)
        behind = asyncio.ensure_future(second.holds(9_000))
        await asyncio.sleep(1.0)
        asked.cancel()
        await asyncio.sleep(0.2)
        await held.release()
        second.world.read()
        async with asyncio.timeout(0.5):
            await behind

    sharing(work, "one", "two")


def test_a_host_of_an_older_version_is_understood():
    """It tells no claim: its promise counts, and nobody waits for it."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        old = Host(redis, "old").share
        await asyncio.sleep(SETTLED_S)
        await old.show(CARD, HostPromise(old.host_id, old.host_name, 4_000), PROMISE_S)
        await asyncio.sleep(RENEW_S + 0.1)
        assert hosts[0].desk.snapshot().rooms[CARD].elsewhere_mib == 4_000
        async with asyncio.timeout(0.5):
            await hosts[0].holds(6_000)

    sharing(work, "one")


def test_who_waits_for_another_host_is_told_how_long():
    """When leases of another host end is known here."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(SETTLED_S)
        await hosts[0].holds(6_000, duration_s=100.0)
        await asyncio.sleep(RENEW_S)
        asked = asyncio.ensure_future(hosts[1].holds(6_000))
        await asyncio.sleep(0.5)
        (waiting,) = hosts[1].desk.snapshot().queue
        assert waiting.wait_s == pytest.approx(97.5, abs=RENEW_S)
        assert waiting.reason is not None
        assert waiting.reason.startswith("waits until other hosts hold less")
        asked.cancel()
        await asyncio.wait([asked])

    sharing(work, "one", "two")
