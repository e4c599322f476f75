"""What the optimiser is told of observations."""

from __future__ import annotations

import pytest

from engine.analytics.adapters.optimiser_rows import is_usable, told_of
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.ports import SearchOrder
from engine.analytics.space import ChoiceParameter, FloatParameter, Space

KEY = StudyKey("m", "chat")
SPACE = Space([FloatParameter("x", 0.0, 1.0), ChoiceParameter("c", ("a", "b"))])


def seen(values, **fields) -> Observation:
    return Observation("a", KEY, 1.0, values, **({"reward": 0.5} | fields))


@pytest.mark.parametrize(
    ("values", "usable"),
    [
        ({"x": 0.1, "c": "a"}, True),
        ({"x": 0.1, "c": "gone"}, True),
        ({"x": 0.1}, False),
        ({"x": 7.0, "c": "a"}, False),
        ({}, False),
    ],
)
def test_what_may_teach(values, usable):
    """It needs a value of every parameter, of which a choice may have gone and may come back."""
    assert is_usable(SearchOrder(KEY, SPACE), seen(values)) is usable
    assert not is_usable(SearchOrder(KEY, SPACE), seen(values, reward=None))


def test_limits_are_told_as_constraints():
    """A limit that is kept is told as 0 or less; what was not measured keeps it."""
    order = SearchOrder(KEY, SPACE, max_latency_ms=1000.0, max_cost_usd=0.01)
    values = {"x": 0.1, "c": "a"}
    slow, dear = told_of(order, seen(values, latency_ms=2000.0, cost_usd=0.005), 3).constraints
    assert slow == pytest.approx(0.693, abs=0.001)
    assert dear == pytest.approx(-0.5)
    assert told_of(order, seen(values)).constraints == (0.0, 0.0)
