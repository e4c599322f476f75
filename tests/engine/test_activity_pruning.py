from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from engine.activity import ActivityRecord, ActivitySettings
from engine.activity_log import ActivityLog
from tests.conftest import FakeClock


def record(clock: FakeClock) -> ActivityRecord:
    """Return a request that came now."""
    return ActivityRecord(
        id=f"r{clock.now_s}", at_s=clock.wall().timestamp(), kind="chat", client="", asked="m"
    )


def test_a_calendar_that_jumps_takes_nothing_away(tmp_path: Path) -> None:
    """A machine whose calendar is in a far year for a while keeps its list; what is old goes
    all the same once the new time has lasted.
    """

    async def work(log: ActivityLog, clock: FakeClock) -> tuple[int, int, int]:
        month = ActivitySettings(keep_days=30)
        log.add(record(clock))
        clock.wall_at += timedelta(days=9_000)
        await log.flush()
        await log.change_settings(month)
        in_between = await log.count()
        clock.wall_at -= timedelta(days=9_000)
        await log.change_settings(month)
        clock.advance(3_600)
        await log.change_settings(month)
        after = await log.count()
        clock.wall_at += timedelta(days=9_000)
        await log.change_settings(month)
        clock.advance(3_600)
        await log.change_settings(month)
        return in_between, after, await log.count()

    async def story() -> tuple[int, int, int]:
        clock = FakeClock()
        log = ActivityLog(path=tmp_path / "a.sqlite", settings=ActivitySettings(), clock=clock)
        await log.start()
        try:
            await log.change_settings(ActivitySettings())
            return await work(log, clock)
        finally:
            await log.aclose()

    assert asyncio.run(story()) == (1, 1, 0)


def test_a_start_in_a_far_year_takes_nothing_away(tmp_path: Path) -> None:
    """A machine that has lost its calendar while it was off keeps its list at the next start."""

    async def story(clock: FakeClock) -> int:
        log = ActivityLog(path=tmp_path / "a.sqlite", settings=ActivitySettings(), clock=clock)
        await log.start()
        log.add(record(clock))
        await log.flush()
        await log.change_settings(ActivitySettings(keep_days=30))
        try:
            return await log.count()
        finally:
            await log.aclose()

    clock = FakeClock()
    assert asyncio.run(story(clock)) == 1
    clock.advance(1)
    clock.wall_at += timedelta(days=9_000)
    assert asyncio.run(story(clock)) == 2
