"""Bayesian optimisation on a thread of its own."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from engine.analytics.adapters import optimiser_thread
from engine.analytics.adapters.optimiser_thread import MOST_STUDIES, OptimiserThread
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.parameter_sets import space_of
from engine.analytics.ports import SearchOrder
from engine.analytics.settings import RangeSettings
from engine.analytics.space import ChoiceParameter, Condition, FloatParameter, Space
from engine.analytics.tried_values import Tried
from engine.clock import SystemClock
from engine.errors import Rejected

KEY = StudyKey("m", "chat")
SPACE = space_of(RangeSettings())
assert SPACE is not None
ORDER = SearchOrder(KEY, SPACE)


def earned(temperature: float, top_p: float = 0.9, latency_ms: float | None = None) -> Observation:
    """Return an answer that is the better the nearer its temperature is to 0.4."""
    values = {"temperature": temperature, "top_p": top_p}
    reward = max(0.0, 1 - (temperature - 0.4) ** 2)
    return Observation("a", KEY, 1.0, values, reward=reward, latency_ms=latency_ms)


def with_search(work):
    """Run `work(search)`; its thread is gone in the end."""

    async def run():
        search = OptimiserThread(clock=SystemClock(), seed=lambda: 7)
        try:
            await work(search)
        finally:
            await search.aclose()
            await search.aclose()

    asyncio.run(run())


async def ready(search, key=KEY):
    """Return what is prepared, once it is."""
    async with asyncio.timeout(60):
        while (found := search.take(key)) is None:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)
        return found


def test_suggestions_find_what_is_good():
    """What is prepared comes near the best, with a reason and an interval."""

    async def work(search):
        search.learn(ORDER, [earned(each) for each in np.linspace(0.1, 1.2, 12)])
        for _ in range(12):
            found = await ready(search)
            search.tell(ORDER, earned(**found.values))
        view = await search.inspect(KEY, pair=None)
        assert abs(view.best["temperature"] - 0.4) < 0.1
        assert view.observations == 24
        assert found.reward is not None
        assert found.reward.low <= found.reward.mean <= found.reward.high
        assert found.why

    with_search(work)


def test_a_view_has_everything_that_is_drawn():
    """Slices, contour, importances and calibration fit together, in rewards of 0 to 1."""

    async def work(search):
        search.learn(ORDER, [earned(t, p) for t in (0.1, 0.4, 0.8, 1.2) for p in (0.5, 0.8, 1.0)])
        view = await search.inspect(KEY, pair=("top_p", "temperature"))
        assert view.most_important == "temperature"
        assert sum(view.importances.values()) == pytest.approx(1.0)
        along = view.slices["temperature"]
        assert len(along.points) == len(along.mean) == len(along.acquisition) == 41
        assert (along.points[0], along.points[-1]) == (0.1, 1.2)
        assert np.all((along.low <= along.mean) & (along.mean <= along.high))
        assert along.acquisition.max() == 1.0
        assert view.contour is not None
        assert view.contour.mean.shape == (len(view.contour.y), len(view.contour.x))
        assert view.contour.x_name == "top_p"
        assert view.calibration is not None
        assert view.calibration.observed.shape == view.calibration.predicted.shape == (12,)
        assert set(view.next) == {"temperature", "top_p"}
        with pytest.raises(Rejected, match="no parameter 'x'"):
            await search.inspect(KEY, pair=("x", "top_p"))

    with_search(work)


def test_limits_are_learnt_too():
    """Where much of the space is too slow, what is prepared mostly keeps the limit."""
    order = SearchOrder(KEY, ORDER.space, max_latency_ms=1000.0)

    async def work(search):
        told = [earned(t, latency_ms=200 + 1500 * t) for t in np.linspace(0.1, 1.2, 15)]
        search.learn(order, told)
        found = [(await ready(search)).values["temperature"] for _ in range(5)]
        assert sum(200 + 1500 * each < 1100 for each in found) >= 3
        view = await search.inspect(KEY, pair=None)
        assert view.slices["temperature"].feasible[0] > 0.8
        assert view.slices["temperature"].feasible[-1] < 0.2

    with_search(work)


def test_what_is_not_known_is_not_made_up():
    """Without observations nothing is predicted or drawn; values outside are told."""

    async def work(search):
        assert search.take(KEY) is None
        assert "too few" in (await search.inspect(KEY, pair=None)).reason
        search.learn(ORDER, [Observation(str(n), KEY, 1.0, {}, reward=1.0) for n in range(5)])
        view = await search.inspect(KEY, pair=None)
        assert "no rated answer" in view.reason
        with pytest.raises(Rejected, match="temperature"):
            await search.foresee(KEY, {"temperature": "hot"}, (), ORDER.space)
        unknown = await search.foresee(KEY, {"temperature": 0.4}, (), ORDER.space)
        assert (unknown.reward, unknown.latency_ms, unknown.rated) == (None, None, 0)

    with_search(work)


def test_another_space_is_another_search():
    """A study is known only with its space and limits; once forgotten it is not known at all."""

    async def work(search):
        search.learn(ORDER, [])
        assert search.knows(ORDER)
        assert not search.knows(SearchOrder(KEY, ORDER.space, max_latency_ms=5.0))
        search.forget(KEY)
        assert not search.knows(ORDER)
        assert search.take(KEY) is None

    with_search(work)


def test_the_thread_begins_with_the_first_study():
    """Who never searches has no thread."""

    async def work(search):
        assert not [each for each in threading.enumerate() if "optimiser" in each.name]
        search.learn(ORDER, [])
        await ready(search)
        assert [each for each in threading.enumerate() if "optimiser" in each.name]

    with_search(work)


def test_it_stands_on_all_that_is_read(monkeypatch):
    """More than a Gaussian process could look at counts, until the oldest half leaves."""
    monkeypatch.setattr(optimiser_thread, "KEPT", 600)

    async def work(search):
        search.learn(ORDER, [earned(each) for each in np.linspace(0.1, 1.2, 900)])
        assert (await search.inspect(KEY, pair=None)).observations == 600
        for temperature in np.linspace(0.1, 1.2, 601):
            search.tell(ORDER, earned(temperature))
        view = await search.inspect(KEY, pair=None)
        assert view.observations == 600
        assert abs(view.best["temperature"] - 0.4) < 0.1
        assert view.best_reward.mean > 0.9

    with_search(work)


def test_studies_used_longest_ago_leave():
    """So many studies are in memory and no more; what is asked for stays."""

    async def work(search):
        orders = [SearchOrder(StudyKey(f"m{n}", "chat"), SPACE) for n in range(MOST_STUDIES + 1)]
        for order in orders[:-1]:
            search.learn(order, [])
        await ready(search, orders[0].key)
        search.learn(orders[-1], [])
        assert [each for each in orders if not search.knows(each)] == [orders[1]]

    with_search(work)


def effort_space(*choices: str) -> Space:
    """Return a space of a temperature that counts without effort, and the effort."""
    effort = ChoiceParameter("effort", ("none", *choices))
    only = Condition("effort", frozenset({"none"}))
    return Space([effort, FloatParameter("temperature", 0.0, 1.0, only_if=only)])


def test_choices_come_and_go():
    """What was learnt stays where a choice goes or comes; what has gone is not suggested."""
    small, large = (
        SearchOrder(KEY, effort_space("low")),
        SearchOrder(KEY, effort_space("low", "high")),
    )
    rewards = {"none": 0.2, "low": 0.4, "high": 0.9}

    def rated(effort: str, n: int) -> Observation:
        values = {"effort": effort} | ({"temperature": n / 10} if effort == "none" else {})
        return Observation(str(n), KEY, 1.0, values, reward=rewards[effort])

    async def work(search):
        search.learn(large, [rated(each, n) for n in range(8) for each in rewards])
        await search.inspect(KEY, pair=None)
        assert not search.knows(small)
        assert search.adopt(small)
        assert search.knows(small)
        for _ in range(4):
            assert (await ready(search)).values["effort"] in ("none", "low")
        search.tell(small, rated("high", 9))
        view = await search.inspect(KEY, pair=("effort", "temperature"))
        assert (view.observations, view.best) == (16, {"effort": "low"})
        assert search.adopt(large)
        view = await search.inspect(KEY, pair=None)
        assert (view.observations, view.best) == (25, {"effort": "high"})
        assert not search.adopt(ORDER)
        assert not search.adopt(SearchOrder(KEY, small.space, max_cost_usd=1.0))

    with_search(work)


def test_a_new_task_goes_by_others_until_it_knows_itself(monkeypatch):
    """Nothing rated yet, it tries what is good at others, and says so; later it says nothing."""
    monkeypatch.setattr(optimiser_thread, "ENOUGH_OWN", 6)
    others = {"summary": [earned(t) for t in np.linspace(0.1, 1.2, 40)], "few": [earned(0.3)]}

    async def work(search):
        search.learn(ORDER, [], others)
        found = await ready(search)
        assert abs(found.values["temperature"] - 0.4) < 0.25
        assert (
            found.why == "nothing was rated at this task yet, so this goes by 40 answers of summary"
        )
        for temperature in (0.2, 0.4, 0.6):
            search.tell(ORDER, earned(temperature))
        view = await search.inspect(KEY, pair=None)
        assert view.observations == 3
        assert view.calibration is not None
        assert len(view.calibration.observed) == 3
        assert abs(view.best["temperature"] - 0.4) < 0.1
        search.take(KEY)
        search.take(KEY)
        assert "40 answers of summary count too" in (await ready(search)).why
        for temperature in (0.3, 0.5, 0.7):
            search.tell(ORDER, earned(temperature))
        view = await search.inspect(KEY, pair=None)
        assert view.observations == 6
        search.take(KEY)
        assert "summary" not in (await ready(search)).why

    with_search(work)


def test_other_tasks_are_not_mistaken_for_this_one():
    """A task at which others are right is told apart from one at which the contrary is."""

    async def work(search):
        temperatures = np.linspace(0.1, 1.2, 30)
        others = {"summary": [earned(each) for each in temperatures]}
        own = [earned(each) for each in temperatures]
        for each in own:
            assert each.reward is not None
            each.reward = 1.0 - each.reward
        search.learn(ORDER, own, others)
        view = await search.inspect(KEY, pair=None)
        assert view.best["temperature"] > 1.0
        along = view.slices["temperature"]
        assert along.mean[np.argmin(np.abs(np.array(along.points) - 0.4))] < 0.15

    with_search(work)


def test_what_if_is_answered_while_the_optimiser_works():
    """What is asked about is worked out beside the optimiser, of a study that was never begun."""

    async def work(search):
        tried = [Tried(each.values, each.reward, 100.0) for each in map(earned, (0.2, 0.4, 0.9))]
        found = await search.foresee(KEY, {"temperature": 0.4, "top_p": 0.9}, tried, ORDER.space)
        assert found.rated == 3
        assert found.reward.low <= found.reward.mean <= found.reward.high

    with_search(work)
