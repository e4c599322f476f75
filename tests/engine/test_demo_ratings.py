"""What `--demo` shows of parameters that are learnt."""

from __future__ import annotations

import asyncio
from random import Random

from engine.demo_ratings import BEFORE, STUDIES, DemoRatings
from engine.demo_work import DemoWork
from tests.engine.analytics.opened import with_analytics


def test_there_is_something_to_look_at(tmp_path):
    """Studies have arms that earn differently, and go on being rated."""

    async def work(service, loop):
        demo = DemoWork(DemoRatings(service, Random(1)).live)
        demo.start()
        await asyncio.sleep(60)
        seen = await service.refreshed()
        assert {(each.model, each.task_type) for each in seen.heat} == {
            each[:2] for each in STUDIES
        }
        assert seen.observations > BEFORE
        assert all(each.rewards > BEFORE / 8 for each in seen.studies)
        assert any("became slower" in each.words for each in seen.alarms)
        await asyncio.sleep(60)
        assert (await service.refreshed()).observations > seen.observations
        await demo.aclose()

    with_analytics(tmp_path, work, mode="off")
