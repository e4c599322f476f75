"""The state of the cache and since when."""

from __future__ import annotations

import logging

import pytest

from engine.cache.condition import ConditionKeeper
from engine.cache.snapshot import CacheState
from tests.conftest import FakeClock


def test_the_time_is_that_of_the_change(clock: FakeClock):
    """A state keeps the time it began at, also when its reason changes."""
    keeper = ConditionKeeper(clock)
    began = clock.wall()
    keeper.become(CacheState.DEGRADED, "full")
    clock.advance(5)
    keeper.become(CacheState.DEGRADED, "read-only")
    assert (keeper.now.reason, keeper.now.since) == ("read-only", began)
    keeper.become(CacheState.REDIS, "fine")
    assert keeper.now.since == clock.wall()


def test_one_line_for_each_change(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    """A change is logged once; it is a warning where Redis is lost."""
    caplog.set_level(logging.INFO)
    keeper = ConditionKeeper(clock)
    keeper.become(CacheState.REDIS, "connected")
    for _ in range(3):
        keeper.become(CacheState.MEMORY, "it does not answer")
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("INFO", "redis: connected"),
        ("WARNING", "memory: it does not answer"),
    ]
