"""Asked what to try, told what came of it."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analytics.optimiser import FIRST, Optimiser
from engine.analytics.space import (
    ChoiceParameter,
    Condition,
    FloatParameter,
    IntParameter,
    LinearConstraint,
    Space,
)
from engine.errors import Rejected

PLANE = Space([FloatParameter("x", -1, 3), FloatParameter("y", -1, 3)])
MIXED = Space(
    [
        ChoiceParameter("model", ("small", "large", "wise")),
        FloatParameter("heat", 0.0, 2.0),
        IntParameter("tokens", 16, 4096, is_log=True),
        FloatParameter("effort", 0, 1, only_if=Condition("model", frozenset({"wise"}))),
    ],
    [LinearConstraint({"heat": 1000.0, "tokens": 1.0}, 3000.0)],
)


def bowl(values):
    """Return a reward whose best is 0, at x = 1 and y = 1."""
    return -((values["x"] - 1) ** 2) - (values["y"] - 1) ** 2


def quality(values):
    """Return a reward that prefers the large model at heat 0.7."""
    good = {"small": 0.3, "large": 0.8, "wise": 0.5 + 0.2 * values.get("effort", 0)}
    return good[values["model"]] - (values["heat"] - 0.7) ** 2 - 1e-5 * values["tokens"]


def run(optimiser, reward, times):
    """Ask and tell, and return all values that were tried."""
    tried = []
    for _ in range(times):
        suggestion = optimiser.ask()
        optimiser.tell(suggestion.values, reward(suggestion.values))
        tried.append(suggestion)
    return tried


def test_the_best_of_a_bowl_is_found():
    """Twenty-five tries are enough to come within a thousandth."""
    optimiser = Optimiser(PLANE, seed=0)
    run(optimiser, bowl, 25)
    best = optimiser.best()
    assert best is not None
    assert best.observed > -1e-3
    assert best.mean == pytest.approx(best.observed, abs=0.01)


@settings(max_examples=5)
@given(st.integers(0, 2**32), st.booleans())
def test_what_is_suggested_is_always_allowed(seed, is_noisy):
    """With choices, conditions, whole numbers and a linear constraint."""
    optimiser = Optimiser(MIXED, seed=seed, is_noisy=is_noisy)
    for suggestion in run(optimiser, quality, FIRST + 8):
        assert MIXED.refusal(suggestion.values) == ""


@settings(max_examples=4)
@given(st.integers(0, 2**32))
def test_nothing_is_suggested_twice_without_noise(seed):
    """Also where most of the best lies on a coarse grid."""
    coarse = Space([IntParameter("x", -1, 3), IntParameter("y", -1, 3)])
    tried = run(Optimiser(coarse, seed=seed), bowl, 25)
    assert len({(each.values["x"], each.values["y"]) for each in tried}) == 25


def test_a_suggestion_is_the_point_of_its_values():
    """Also of numbers that do not count, have one value only, or are whole and very many."""
    space = Space(
        [
            ChoiceParameter("model", ("plain", "wise")),
            FloatParameter("effort", 0, 1, only_if=Condition("model", frozenset({"wise"}))),
            FloatParameter("fixed", 2, 2),
            IntParameter("seed", 0, 10_000_000),
        ]
    )
    optimiser = Optimiser(space, seed=0)
    for each in run(optimiser, lambda values: values.get("effort", 0.4), FIRST + 6):
        np.testing.assert_array_equal(each.unit, space.encode(each.values))


def test_when_everything_was_tried_the_best_is_repeated_and_said_to_be():
    """A finite space ends; asking goes on."""
    optimiser = Optimiser(Space([ChoiceParameter("model", ("a", "b", "c"))]), seed=0)
    run(optimiser, lambda values: "abc".index(values["model"]), 3)
    suggestion = optimiser.ask()
    assert suggestion.is_repeat
    assert suggestion.values == {"model": "c"}


@pytest.mark.parametrize("is_noisy", [False, True])
def test_what_is_awaited_is_not_suggested_again(is_noisy):
    """Eight at once are eight different ones; each told is awaited no more."""
    optimiser = Optimiser(PLANE, seed=1, is_noisy=is_noisy)
    run(optimiser, bowl, FIRST + 2)
    batch = []
    for _ in range(8):
        suggestion = optimiser.ask()
        optimiser.pend(suggestion.values)
        batch.append(suggestion)
    units = np.array([each.unit for each in batch])
    apart = np.abs(units[:, None] - units[None]).max(2) + np.eye(8)
    assert apart.min() > 1e-4
    for each in batch:
        optimiser.tell(each.values, bowl(each.values))
    assert optimiser.awaited == 0


def test_the_first_tries_differ_while_nothing_was_told():
    """Many may be asked at once from the beginning."""
    optimiser = Optimiser(PLANE, seed=0)
    seen = set()
    for _ in range(FIRST + 3):
        suggestion = optimiser.ask()
        optimiser.pend(suggestion.values)
        seen.add(tuple(suggestion.unit))
    assert len(seen) == FIRST + 3


def test_a_dropped_value_is_no_longer_awaited():
    """Dropping what is not awaited does nothing."""
    optimiser = Optimiser(PLANE, seed=0)
    optimiser.pend({"x": 1.0, "y": 1.0})
    optimiser.drop({"x": 1.0, "y": 1.0})
    optimiser.drop({"x": 1.0, "y": 1.0})
    assert optimiser.awaited == 0


@pytest.mark.parametrize("reward", [math.nan, math.inf, -math.inf, 1e200])
def test_rewards_that_are_not_finite_are_refused(reward):
    """Nothing is learnt of them."""
    optimiser = Optimiser(PLANE, seed=0)
    with pytest.raises(Rejected, match="not finite"):
        optimiser.tell({"x": 0.0, "y": 0.0}, reward)
    assert optimiser.count == 0


@pytest.mark.parametrize("constraints", [(), (1.0, 2.0), (math.nan,)])
def test_constraints_are_as_many_as_announced_and_finite(constraints):
    """Otherwise nothing is learnt."""
    optimiser = Optimiser(PLANE, seed=0, constraint_count=1)
    with pytest.raises(Rejected, match="constraints"):
        optimiser.tell({"x": 0.0, "y": 0.0}, 1.0, constraints)
    assert optimiser.count == 0


def test_the_best_keeps_its_limits():
    """The optimum within a measured limit is found, not the better one outside."""
    optimiser = Optimiser(PLANE, seed=2, constraint_count=1)
    for _ in range(30):
        values = optimiser.ask().values
        optimiser.tell(values, bowl(values), [values["x"] + values["y"] - 1.0])
    best = optimiser.best()
    assert best is not None
    assert best.values["x"] + best.values["y"] <= 1.0
    assert best.observed == pytest.approx(-0.5, abs=0.02)
    inside, outside = optimiser.feasibility(np.array([[0.1, 0.1], [0.9, 0.9]]))
    assert inside > 0.95
    assert outside < 0.05


def test_where_nothing_is_feasible_there_is_no_best():
    """Asking goes on, and says what it looks for."""
    optimiser = Optimiser(PLANE, seed=2, constraint_count=1)
    for _ in range(FIRST + 3):
        suggestion = optimiser.ask()
        optimiser.tell(suggestion.values, 0.0, [5.0])
    assert optimiser.best() is None
    assert "keeps all limits" in optimiser.ask().why


def test_choices_come_and_go_while_running():
    """What was learnt of a choice is kept for its return; no vanished one is suggested."""
    optimiser = Optimiser(MIXED, seed=0)
    run(optimiser, quality, FIRST + 5)
    before = optimiser.count
    fewer = MIXED.with_choices("model", ("small", "wise"))
    optimiser.adopt(fewer)
    assert 0 < optimiser.count < before
    assert {each.values["model"] for each in run(optimiser, quality, 6)} <= {"small", "wise"}
    late = {"model": "large", "heat": 0.7, "tokens": 16}
    optimiser.tell(late, quality(late))
    optimiser.adopt(MIXED.with_choices("model", ("new", "wise", "large", "small")))
    assert optimiser.count == before + 7
    best = optimiser.best()
    assert best is not None
    assert best.values["model"] == "large"


def test_another_space_is_refused():
    """A study keeps its parameters."""
    with pytest.raises(Rejected, match="another study"):
        Optimiser(PLANE, seed=0).adopt(MIXED)


def test_the_same_seed_suggests_the_same():
    """Two runs are equal to the last digit."""
    one, other = (run(Optimiser(PLANE, seed=5), bowl, FIRST + 4) for _ in range(2))
    np.testing.assert_array_equal([each.unit for each in one], [each.unit for each in other])


@pytest.mark.parametrize("is_noisy", [False, True])
def test_identical_points_and_rewards_do_no_harm(is_noisy):
    """The same told forty times over: suggestions go on and beliefs stay finite."""
    optimiser = Optimiser(PLANE, seed=0, is_noisy=is_noisy, is_background=True)
    for _ in range(40):
        optimiser.tell({"x": 0.5, "y": 0.5}, -0.5)
    optimiser.refit()
    suggestion = optimiser.ask()
    mean, deviation = optimiser.predict(np.array([suggestion.unit, [0.375, 0.375]]))
    assert np.isfinite(mean).all()
    assert (deviation > 0).all()
    assert mean[1] == pytest.approx(-0.5, abs=0.01)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.25, 0.25 + 1e-9, 1.0]) | st.floats(0, 1),
            st.sampled_from([0.0, 1.0, -1e100, 1e100, 1e-300]) | st.floats(-1e9, 1e9),
            st.floats(-1e100, 1e100),
        ),
        min_size=1,
        max_size=25,
    ),
    st.booleans(),
)
def test_whatever_is_told_beliefs_stay_finite(told, is_noisy):
    """Huge, tiny and equal rewards at points that repeat or nearly do."""
    line = Space([FloatParameter("x", 0, 1)])
    optimiser = Optimiser(line, seed=0, is_noisy=is_noisy, constraint_count=1)
    for x, reward, limit in told:
        optimiser.tell({"x": x}, reward, [limit])
    for _ in range(2):
        assert line.is_allowed(optimiser.ask().values)
        mean, deviation = optimiser.predict(np.linspace(0, 1, 7)[:, None])
        assert np.isfinite(mean).all()
        assert np.isfinite(deviation).all()
        assert (deviation >= 0).all()
        chance = optimiser.feasibility(np.linspace(0, 1, 7)[:, None])
        assert ((chance >= 0) & (chance <= 1)).all()
        optimiser.tell({"x": 0.25}, 1.0, [0.0])


def test_a_background_search_is_taken_up_by_the_next_question():
    """`ask` itself changes nothing that is believed of lengthscales; `refit` on a thread does."""
    optimiser = Optimiser(PLANE, seed=0, is_background=True)
    run(optimiser, bowl, 15)
    before = optimiser.beliefs().objective.process.believed
    optimiser.ask()
    assert optimiser.beliefs().objective.process.believed is before
    thread = threading.Thread(target=optimiser.refit)
    thread.start()
    run(optimiser, bowl, 3)
    thread.join()
    assert optimiser.beliefs().objective.process.believed is not before


def test_before_anything_was_measured_there_is_nothing_to_search():
    """A search then ends at once, and there is no best."""
    optimiser = Optimiser(PLANE, seed=0, is_background=True)
    optimiser.refit()
    assert optimiser.best() is None
    with pytest.raises(Rejected, match="nothing was measured"):
        optimiser.predict(np.array([[0.5, 0.5]]))


def test_many_threads_may_ask_and_tell_while_it_searches():
    """Nothing is lost and nothing fails."""
    optimiser = Optimiser(PLANE, seed=0, is_noisy=True, is_background=True)

    def work(_index):
        for suggestion in run(optimiser, bowl, 8):
            optimiser.predict(suggestion.unit[None])
            optimiser.refit()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert optimiser.count == 32


def test_noise_is_told_from_the_truth():
    """The best by its mean is near the true best, and its deviation is below that of the noise."""
    rng = np.random.default_rng(0)
    optimiser = Optimiser(PLANE, seed=0, is_noisy=True)
    run(optimiser, lambda values: bowl(values) + 0.3 * rng.normal(), 40)
    best = optimiser.best()
    assert best is not None
    assert bowl(best.values) > -0.3
    assert best.deviation < 0.3


def test_one_task_teaches_another():
    """What was learnt in one task points the first tries of its sibling to the right place."""
    optimiser = Optimiser(PLANE, seed=0, tasks=2)
    rng = np.random.default_rng(1)
    for unit in PLANE.sample(rng, 25):
        values = PLANE.decode(unit)
        optimiser.tell(values, bowl(values) + 5.0, task=1)
    rewards = []
    for _ in range(4):
        values = optimiser.ask().values
        rewards.append(bowl(values))
        optimiser.tell(values, rewards[-1])
    assert max(rewards) > -0.15
    best = optimiser.best()
    assert best is not None
    assert best.mean < 1.0


def test_a_task_that_is_not_there_is_refused():
    """The message says how many there are."""
    with pytest.raises(Rejected, match="task 1 is not among the 1"):
        Optimiser(PLANE, seed=0).ask(task=1)


@pytest.mark.parametrize("count", [380, 3000])
def test_thumbs_are_believed_as_they_are(count):
    """Of noisy rewards of 0 and 1, few or many, the mean is believed: no luck is picked out."""
    space = Space([FloatParameter("x", 0.0, 1.0), FloatParameter("y", 0.0, 1.0)])
    rng = np.random.default_rng(3)
    found = Optimiser(space, seed=1, is_noisy=True, is_background=True)
    for unit in space.sample(rng, count):
        chance = 0.75 - 0.5 * (unit[0] - 0.4) ** 2
        found.tell(space.decode(unit), float(rng.random() < chance))
    found.refit()
    at = space.sample(rng, 200)
    truth = 0.75 - 0.5 * (at[:, 0] - 0.4) ** 2
    away = found.predict(at)[0] - truth
    assert abs(away.mean()) < 0.05
    assert np.sqrt((away**2).mean()) < 0.08
    assert len(found.told) == count
