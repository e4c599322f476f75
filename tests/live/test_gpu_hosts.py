"""Two managers that see one card, and a real Redis between them that is killed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import pytest

from engine.cache.service import RedisService
from engine.clock import SystemClock
from engine.gpu.adapters.simulated import SimulatedHost
from engine.gpu.adapters.simulated_cards import SimulatedCards
from engine.gpu.adapters.simulated_programs import SimulatedPrograms
from engine.gpu.lease_sharing import IS_AWAY, RENEW_S
from engine.gpu.outside import Lending
from engine.gpu.service import VisionResourceManager
from engine.gpu.settings import ResourceSettings
from engine.joints import SharedCards
from tests.live.cache import caches, run, until
from tests.live.redis import RedisServer

pytestmark = pytest.mark.live

KEPT_MIB, ASKED_MIB = 2_000, 13_000
"""Of the simulated cards, which have 24 and 16 GiB: one that asks fits at a time."""


def manager(cache: RedisService, name: str) -> VisionResourceManager:
    """Return what watches a machine whose card others see too, not yet started."""
    clock = SystemClock()
    programs = SimulatedPrograms(clock=clock)
    return VisionResourceManager(
        settings=ResourceSettings(share_leases=True),
        probe=SimulatedHost(clock=clock),
        backends=(SimulatedCards(clock=clock, programs=programs),),
        book=programs,
        clock=clock,
        lending=Lending(share=SharedCards(cache, host_name=name, machine="one")),
    )


@asynccontextmanager
async def both(url: str) -> AsyncIterator[list[VisionResourceManager]]:
    """Return two managers that know all cards, each with a cache of its own."""
    async with caches(url, url) as made, AsyncExitStack() as stack:
        managers = [manager(cache, f"host {at}") for at, cache in enumerate(made)]
        for each in managers:
            await stack.enter_async_context(each)
        await until(lambda: all(each.leases.snapshot().rooms for each in managers))
        await until(lambda: all(each.leases.snapshot().others for each in managers))
        yield managers


def fits(managers: list[VisionResourceManager]) -> bool:
    """Tell whether what is held of each card, on all hosts, is no more than it has."""
    held: dict[str, int] = {}
    shown = [each.leases.snapshot() for each in managers]
    for lease in (lease for each in shown for lease in each.held if lease.is_held):
        for card_id in lease.card_ids:
            held[card_id] = held.get(card_id, 0) + lease.vram_mib
    return all(
        held.get(card_id, 0) <= room.capacity_mib for card_id, room in shown[0].rooms.items()
    )


def test_racing_hosts_never_oversubscribe_a_card_while_redis_is_killed(redis_server: RedisServer):
    """Each grant fits on all hosts together; without Redis nothing is granted, then it goes on."""

    async def story() -> None:
        async with both(redis_server.url) as managers:
            granted, random = [0, 0], Random(1)
            kept = await managers[0].allocate_resources(KEPT_MIB, duration=600_000)

            async def race(at: int) -> None:
                while True:
                    async with managers[at].allocate_resources(ASKED_MIB, duration=60_000):
                        granted[at] += 1
                        assert fits(managers)
                        await asyncio.sleep(random.random() / 20)

            racers = [asyncio.ensure_future(race(at % 2)) for at in range(6)]
            await until(lambda: min(granted) >= 2)
            redis_server.kill()
            await until(lambda: all(IS_AWAY in reasons(each) for each in managers))
            before = sum(granted)
            await asyncio.sleep(2 * RENEW_S)
            assert (sum(granted), kept.is_held) == (before, True)
            redis_server.start()  # empty: it knows nothing of what is held
            await until(lambda: sum(granted) > before + 1)
            assert kept.is_held
            for racer in racers:
                racer.cancel()
            done = await asyncio.gather(*racers, return_exceptions=True)
            assert {type(each) for each in done} == {asyncio.CancelledError}

    run(story())


def reasons(manager: VisionResourceManager) -> set[str | None]:
    """Return what those say who wait."""
    return {each.reason for each in manager.leases.snapshot().queue}
