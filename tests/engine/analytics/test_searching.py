"""The search beside the studies."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.analytics import searching
from engine.analytics.adapters.simulated import SimulatedSearch
from engine.analytics.observations import StudyKey
from engine.analytics.own_parameters import own_parameters
from engine.analytics.settings import AnalyticsSettings, RangeSettings
from engine.errors import Rejected
from engine.exchange import Native
from tests.engine.analytics.opened import advised, found_type, request, with_analytics


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
        assert expected.reward.mean == 0.25
        assert expected.rated == 2
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


class Counting(SimulatedSearch):
    """A search that counts how often a study was begun."""

    begun = 0

    def learn(self, order, observations, others=None):
        self.begun += 1
        self.others = others
        super().learn(order, observations, others)


def test_described_parameters_are_chosen_and_learnt(tmp_path):
    """A model gets the parameters described for it; another choice keeps what was learnt."""
    search = Counting()

    def ranges(*choices: str) -> RangeSettings:
        entry = {"name": "effort", "choices": list(choices), "models": ["gpt*"]}
        return RangeSettings(parameter=own_parameters("parameter", [entry]))

    async def work(service, loop):
        await service.inspect("gpt-5")
        got = await service.optimize("gpt-5")
        assert got.parameters["effort"] in ("low", "high")
        await service.observe(got.id, 1.0)
        await service.inspect("llama")
        assert "effort" not in (await service.optimize("llama")).parameters
        begun = search.begun
        await service.change_settings(replace(usual, ranges=ranges("low", "high", "max")))
        await asyncio.sleep(6)  # longer than studies wait that are worked out again
        assert (await service.inspect("gpt-5")).observations == 1
        assert search.begun == begun
        chosen = {(await service.optimize("gpt-5")).parameters["effort"] for _ in range(40)}
        assert chosen == {"low", "high", "max"}
        bound = await service.optimize("gpt-5", constraints={"effort": "max"})
        assert bound.parameters["effort"] == "max"

    usual = AnalyticsSettings(mode="automatic", method="search", ranges=ranges("low", "high"))
    with_analytics(tmp_path, work, method="search", ranges=usual.ranges, search=search)


def test_other_dialects_get_what_they_know(tmp_path):
    """A request in Anthropic's dialect is never said to have had a parameter it cannot carry."""
    entry = {"name": "min_p", "low": 0.0, "high": 1.0}
    ranges = RangeSettings(parameter=own_parameters("parameter", [entry]))

    async def work(service, loop):
        asked = request(of_request={"native": Native("anthropic", {"model": "m"})})
        await service.inspect("m", found_type(asked))
        for _ in range(5):
            advice = await advised(service, asked)
            assert "min_p" not in advice.found.values
        plain = await advised(service, request())
        assert "min_p" in plain.found.values

    with_analytics(tmp_path, work, method="search", ranges=ranges)


def test_a_new_task_learns_from_the_models_others(tmp_path):
    """A study with little of its own is begun with those of its model, until they are forgotten."""
    search = Counting()

    async def work(service, loop):
        for model, task, reward in (("m", "chat", 0.7), ("m", "summary", 0.3), ("n", "chat", 0.1)):
            got = await service.optimize(model, task)
            await service.observe(got.id, reward)
        await service.inspect("m", "code-generation")
        rewards = {name: [e.reward for e in found] for name, found in search.others.items()}
        assert rewards == {"chat": [0.7], "summary": [0.3]}
        await service.forget(model="m", task_type="summary")
        await service.inspect("m", "code-generation")
        assert set(search.others) == {"chat"}

    with_analytics(tmp_path, work, method="search", search=search)


def test_who_knows_enough_learns_from_nobody(tmp_path, monkeypatch):
    """With enough answers of its own, those of other tasks are not even read."""
    monkeypatch.setattr(searching, "ENOUGH_OWN", 2)
    search = Counting()

    async def work(service, loop):
        for task in ("chat", "summary", "summary", "summary"):
            await service.inspect("m", task)  # so that the search chooses, not an arm
            got = await service.optimize("m", task)
            await service.observe(got.id, 1.0)
            await asyncio.sleep(1)
        search.forget(StudyKey("m", "summary"))
        await service.inspect("m", "summary")
        assert search.others == {}

    with_analytics(tmp_path, work, method="search", search=search)
