"""What the world sees, made anew while somebody looks."""

from __future__ import annotations

import asyncio

from engine.analytics.publishing import LOOKED_S, MOST_SHOWN
from tests.engine.analytics.opened import with_analytics


def test_who_looks_sees_what_is_new(tmp_path):
    """While somebody looks the snapshot is a quarter of a second old at most; else it rests."""

    async def work(service, loop):
        service.snapshot()
        got = await service.optimize("m")
        await service.observe(got.id, 1.0)
        await asyncio.sleep(1)
        seen = service.snapshot()
        assert seen.studies[0].rewards == 1
        assert seen.suggestions[0].id == got.id
        await asyncio.sleep(LOOKED_S + 1)
        await service.observe(got.id, 0.0)
        await asyncio.sleep(10)
        assert service.snapshot() is seen
        await asyncio.sleep(1)
        assert service.snapshot().studies[0].columns.reward[0] == 0.0

    with_analytics(tmp_path, work)


def test_nothing_new_is_the_same_picture(tmp_path):
    """The same snapshot is returned until something changes, and studies that rest stay as well."""

    async def work(service, loop):
        await service.optimize("m")
        before = await service.refreshed()
        assert await service.refreshed() is before
        await service.optimize("n")
        after = await service.refreshed()
        assert after.version == before.version + 1
        assert after.studies[1] is before.studies[0]

    with_analytics(tmp_path, work)


def test_many_studies_are_on_the_map(tmp_path):
    """Of many studies those used last are shown whole, and all of them on the map."""

    async def work(service, loop):
        for number in range(MOST_SHOWN + 3):
            await service.optimize(f"m{number}")
        seen = await service.refreshed()
        assert len(seen.studies) == MOST_SHOWN
        assert seen.studies[0].model == f"m{MOST_SHOWN + 2}"
        assert len(seen.heat) == MOST_SHOWN + 3

    with_analytics(tmp_path, work)


def test_drift_is_told(tmp_path):
    """When answers become bad, the alarm and the study say so; alarms survive a restart."""

    async def work(service, loop):
        for number in range(200):
            got = await service.optimize("m")
            await service.observe(got.id, 1.0 if number < 100 else 0.0)
        seen = await service.refreshed()
        assert "the reward fell" in seen.alarms[0].words
        assert seen.studies[0].is_drifting

    async def look(service, loop):
        assert "the reward fell" in (await service.refreshed()).alarms[0].words

    with_analytics(tmp_path, work)
    with_analytics(tmp_path, look)
