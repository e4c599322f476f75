"""The models of reward and constraints."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.many_observations import KEPT, MOST
from engine.analytics.measurements import Measurements, Told
from engine.analytics.models import Models
from engine.analytics.space import FloatParameter, Space

SPACE = Space([FloatParameter("x", 0, 1), FloatParameter("y", 0, 1)])


def measured(count, tasks=1):
    """Return measurements of a slope, with a limit at x = 0.5."""
    found = Measurements(SPACE, 1)
    for index, (x, y) in enumerate(np.random.default_rng(0).random((count, 2))):
        found.add(Told({"x": x, "y": y}, 10.0 * x + y, (x - 0.5,), index % tasks))
    return found


def made(tasks=1):
    """Return models of one study."""
    rng = np.random.default_rng(0)
    return Models(SPACE, is_noisy=False, constraint_count=1, tasks=tasks, rng=rng)


def test_a_little_search_each_time_comes_to_the_same_as_a_long_one():
    """Predictions after both agree."""
    one, other, seen = made(), made(), measured(40)
    for count in range(20, 41):
        one.improve(measured(count))
    other.work(seen)()
    at = np.array([[0.3, 0.3], [0.8, 0.1]])
    np.testing.assert_allclose(
        one.beliefs(seen, 0).reward(at)[0], other.beliefs(seen, 0).reward(at)[0], atol=0.02
    )


def test_nothing_is_searched_where_nothing_is_new():
    """Asking twice costs once."""
    models, seen = made(), measured(20)
    models.improve(seen)
    before = models.beliefs(seen, 0).objective.process
    models.improve(seen)
    assert models.beliefs(seen, 0).objective.process is before


def test_of_many_measurements_some_are_looked_at():
    """They grow one by one up to the limit, and are then chosen anew."""
    models = made()
    assert len(models.beliefs(measured(MOST), 0).units) == MOST
    assert len(models.beliefs(measured(MOST + 1), 0).units) == KEPT
    assert len(models.beliefs(measured(MOST + 2), 0).units) == KEPT + 1


def test_each_task_is_seen_at_its_own_level():
    """The same points have another mean in another task."""
    found = Measurements(SPACE, 1)
    for index, (x, y) in enumerate(np.random.default_rng(0).random((60, 2))):
        found.add(Told({"x": x, "y": y}, x + 100.0 * (index % 2), (0.0,), index % 2))
    models = made(tasks=2)
    models.work(found)()
    at = np.array([[0.5, 0.5]])
    low, high = (models.beliefs(found, task).reward(at)[0][0] for task in (0, 1))
    assert low == pytest.approx(0.5, abs=1.0)
    assert high == pytest.approx(100.5, abs=1.0)
