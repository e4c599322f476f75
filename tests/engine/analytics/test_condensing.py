"""Many noisy measurements made into few."""

from __future__ import annotations

import numpy as np

from engine.analytics.condensing import LEAST_IN_GROUP, MOST_HALVINGS, condensed
from engine.analytics.measurements import Measurements, checked
from engine.analytics.space import ChoiceParameter, FloatParameter, Space

SPACE = Space([FloatParameter("x", 0.0, 1.0), ChoiceParameter("c", ("a", "b"))])


def measured(count: int, tasks: int = 1) -> Measurements:
    """Return thumbs at random places, up more often where x is large and for "b"."""
    rng = np.random.default_rng(0)
    found = Measurements(SPACE, 1)
    for number in range(count):
        x, is_b = float(rng.random()), bool(rng.random() < 0.5)
        up = float(rng.random() < 0.2 + 0.4 * x + 0.3 * is_b)
        values = {"x": x, "c": "b" if is_b else "a"}
        found.add(checked(values, up, [x - 0.5], number % tasks))
    return found


def test_all_evidence_is_kept():
    """Groups have nearly one size, so that the mean over them is the mean over all."""
    told = measured(5000)
    found = condensed(told)
    assert found.count == 2**MOST_HALVINGS
    assert abs(found.rewards.mean() - told.rewards.mean()) < 0.005
    truth = 0.2 + 0.4 * found.units[:, 0] + 0.3 * found.units[:, 1]
    assert abs(np.mean(found.rewards - truth)) < 0.02
    assert np.corrcoef(found.rewards, truth)[0, 1] > 0.6


def test_groups_stand_where_something_was_measured():
    """Each group's place is one of the measured, its constraint the mean of what is near."""
    told = measured(2000)
    found = condensed(told)
    known = {tuple(each) for each in told.units}
    assert all(tuple(each) in known for each in found.units)
    away = np.abs(found.constraints[:, 0] - (found.units[:, 0] - 0.5))
    assert np.quantile(away, 0.95) < 0.02  # a few groups lie across both choices
    assert set(found.are_feasible) == {True, False}


def test_tasks_are_parted_first():
    """Two tasks of one size do not share a group: each group's reward is of its own task."""
    told = measured(800, tasks=2)
    told.rewards[told.tasks == 1] = 7.0
    found = condensed(told)
    assert set(found.rewards[found.tasks == 1]) == {7.0}
    assert found.rewards[found.tasks == 0].max() <= 1.0


def test_few_and_equal_measurements_do_no_harm():
    """A handful stays as it is, and identical places make groups like any others."""
    assert condensed(measured(LEAST_IN_GROUP)).count == 1
    told = Measurements(SPACE, 1)
    for _ in range(1000):
        told.add(checked({"x": 0.5, "c": "a"}, 1.0, [0.0], 0))
    assert set(condensed(told).rewards) == {1.0}
