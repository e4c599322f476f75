"""What is believed of reward and constraints."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.measurements import Measurements, Told
from engine.analytics.models import Models
from engine.analytics.space import FloatParameter, Space

SPACE = Space([FloatParameter("x", 0, 1), FloatParameter("y", 0, 1)])
NOBODY = np.empty((0, 2))


def believed(*, is_noisy=False, limit=0.5):
    """Return beliefs of a slope that may be climbed up to x = `limit`."""
    measured = Measurements(SPACE, 1)
    for x, y in np.random.default_rng(0).random((30, 2)):
        measured.add(Told({"x": x, "y": y}, 10.0 * x, (x - limit,), 0))
    rng = np.random.default_rng(0)
    models = Models(SPACE, is_noisy=is_noisy, constraint_count=1, tasks=1, rng=rng)
    models.work(measured)()
    return models.beliefs(measured, 0)


@pytest.mark.parametrize("is_noisy", [False, True])
def test_the_best_is_the_highest_that_is_feasible(is_noisy):
    """Not the highest of all."""
    beliefs = believed(is_noisy=is_noisy)
    index = beliefs.best()
    assert index is not None
    feasible = beliefs.units[beliefs.units[:, 0] <= 0.5]
    assert beliefs.units[index, 0] == pytest.approx(feasible[:, 0].max(), abs=0.02)
    assert beliefs.units[index, 0] <= 0.51


def test_without_anything_feasible_there_is_no_best():
    """The acquisition then leads towards the limit."""
    beliefs = believed(limit=-0.5)
    assert beliefs.best() is None
    worth = beliefs.acquisition(NOBODY, np.random.default_rng(0))
    near, far = worth.values(np.array([[0.0, 0.5], [0.9, 0.5]]))
    assert near > far


def test_feasibility_is_a_probability():
    """Near 1 and near 0 away from the limit, between at it."""
    chances = believed().feasibility(np.array([[0.2, 0.5], [0.5, 0.5], [0.8, 0.5]]))
    assert chances[0] > 0.99
    assert 0.01 < chances[1] < 0.99
    assert chances[2] < 0.01


@pytest.mark.parametrize("is_noisy", [False, True])
def test_what_is_awaited_is_worth_less(is_noisy):
    """Trying beside it would teach little."""
    beliefs = believed(is_noisy=is_noisy)
    at = np.array([[0.45, 0.02]])
    alone = beliefs.acquisition(NOBODY, np.random.default_rng(0)).values(at)
    beside = beliefs.acquisition(at, np.random.default_rng(0)).values(at)
    assert beside[0] < alone[0]
