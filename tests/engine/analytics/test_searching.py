"""The search beside the studies."""

from __future__ import annotations

import asyncio

import pytest

from engine.analytics.adapters.simulated import SimulatedSearch
from engine.analytics.settings import RangeSettings
from engine.errors import Rejected
from tests.engine.analytics.opened import with_analytics


def test_the_search_begins_with_what_was_observed(tmp_path):
    """Switched on, it learns what is written down, then every reward, and suggests values."""
    search = SimulatedSearch()

    async def work(service, loop):
        first = await service.optimize("m")
        assert first.arm != ""
        await service.observe(first.id, 1.0)
        await asyncio.sleep(1)
        got = await service.optimize("m")
        assert (got.arm, set(got.parameters)) == ("", {"temperature", "top_p"})
        assert got.propensity is None
        await service.observe(got.id, 0.25)
        assert (await service.inspect("m")).observations == 2
        expected = await service.what_if(got.parameters, model="m")
        assert expected is not None
        assert expected.mean == 0.25
        assert (await service.refreshed()).studies[0].rewards == 2

    with_analytics(tmp_path, work, method="search", search=search)


def test_forgetting_reaches_the_search(tmp_path):
    """The search begins anew where something was forgotten."""

    async def work(service, loop):
        got = await service.optimize("m")
        await service.observe(got.id, 1.0)
        assert (await service.inspect("m")).observations == 1
        await service.forget(model="m")
        assert (await service.inspect("m")).observations == 0

    with_analytics(tmp_path, work)


def test_without_parameters_there_is_nothing_to_search(tmp_path):
    """Where every parameter is switched off, that is told."""

    async def work(service, loop):
        with pytest.raises(Rejected, match=r"analytics\.ranges"):
            await service.inspect("m")

    ranges = RangeSettings(temperature=False, top_p=False)
    with_analytics(tmp_path, work, ranges=ranges)
