"""What parameter analytics is made of, put together."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from engine.analytics.adapters.simulated import SimulatedSearch
from engine.analytics.parts import Parts
from engine.analytics.settings import AnalyticsSettings, RangeSettings
from engine.errors import SettingsError, Unreachable
from tests.engine.analytics.stub_policy import STUBS


def made(folder, clock):
    """Return the parts of a service."""
    return Parts(
        settings=AnalyticsSettings(), data=folder, search=SimulatedSearch(), channel=None,
        policy=STUBS, clock=clock, random=Random(1), host="here",
    )  # fmt: skip


def test_nothing_is_shown_before_something_was_read(tmp_path, clock, monkeypatch):
    """While the first study is read nobody is told that there is none; then all that is known."""
    parts, seen = made(tmp_path, clock), []

    async def studies(most):
        return ["first", "second"][:most]

    async def get(key):
        parts.publisher.latest()
        seen.append((key, parts.publisher.is_watched))

    monkeypatch.setattr(parts.book, "studies", studies)
    monkeypatch.setattr(parts.studies, "get", get)
    asyncio.run(parts.preload(9))
    assert seen == [("first", False), ("second", True)]


def test_what_cannot_be_read_is_not_waited_for(tmp_path, clock, monkeypatch):
    """Where the disk refuses, what is learnt from now on shows all the same."""
    parts = made(tmp_path, clock)

    async def studies(most):
        raise Unreachable("the disk is gone")

    monkeypatch.setattr(parts.book, "studies", studies)
    asyncio.run(parts.preload(9))
    parts.publisher.latest()
    assert parts.publisher.is_watched


def test_settings_reach_every_part(tmp_path, clock):
    """New settings are used everywhere, or, where they cannot be, nowhere."""
    parts = made(tmp_path, clock)
    searching = AnalyticsSettings(method="search")
    parts.use(searching)
    assert parts.deciding.is_searching
    assert parts.studies.settings is parts.learning.settings is searching
    with pytest.raises(SettingsError):
        parts.use(AnalyticsSettings(ranges=RangeSettings(top_p_low=1.0, top_p_high=0.5)))
    assert parts.learning.settings is searching
