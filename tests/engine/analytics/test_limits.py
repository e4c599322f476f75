"""What somebody wants of parameters."""

from __future__ import annotations

import pytest

from engine.analytics.limits import Bound, Limits, limits_from
from engine.errors import Rejected

HUGE = 10**400


def test_limits_and_bounds_are_told_in_plain_values():
    """Latency, cost, pairs, tables, single values and choices are understood."""
    found = limits_from(
        {
            "max_latency": 1000,
            "max_cost": 0.5,
            "temperature": (0.1, 0.5),
            "top_p": {"low": 0.8},
            "effort": {"choices": ["low", "high"]},
            "n": 1,
            "absent": None,
        }
    )
    assert (found.max_latency_ms, found.max_cost_usd) == (1000.0, 0.5)
    assert set(found.bounds) == {"temperature", "top_p", "effort", "n"}
    good = {"temperature": 0.5, "top_p": 1.0, "effort": "low", "n": 1}
    assert found.refusal(good) == ""
    assert found.refusal(good | {"temperature": 0.6}) == "temperature 0.6 is not from 0.1 to 0.5"
    assert found.refusal(good | {"effort": "mid"}) == "effort mid is not one of low, high"
    assert "not from 1 to 1" in found.refusal(good | {"n": True})


def test_what_is_left_open_keeps_no_bound():
    """Where a bound is wanted, leaving the parameter to the server is no way to keep it."""
    found = limits_from({"temperature": (0, 1)})
    assert found.refusal({}) == "leaves temperature open, which must be from 0 to 1"
    assert limits_from(None).refusal({}) == ""
    lenient = Limits(bounds={"temperature": Bound(0.0, 1.0, is_required=False)})
    assert lenient.refusal({}) == ""
    assert lenient.refusal({"temperature": 1.2})


@pytest.mark.parametrize(
    ("constraints", "words"),
    [
        ({"max_latency": 0}, "max_latency = 0: give milliseconds above 0"),
        ({"max_latency": float("nan")}, "max_latency"),
        ({"max_latency": HUGE}, "max_latency"),
        ({"max_latency": True}, "max_latency"),
        ({"max_latency": "fast"}, "max_latency = 'fast'"),
        ({"max_cost": -1}, "max_cost"),
        ({"temperature": (0.9, 0.1)}, "the lower bound is above the upper"),
        ({"temperature": (0.1, float("inf"))}, "two finite numbers"),
        ({"temperature": (1, 2, 3)}, "temperature"),
        ({"temperature": {}}, "temperature"),
        ({"temperature": {"least": 1}}, "temperature"),
        ({"temperature": object()}, "temperature"),
        ({"effort": {"choices": []}}, "at least one choice"),
        ({"effort": {"choices": [None]}}, "at least one choice"),
    ],
)
def test_constraints_that_cannot_be_are_refused(constraints: dict[str, object], words: str):
    """Contradictions and what is no number are told with the key, the value and the remedy."""
    with pytest.raises(Rejected) as caught:
        limits_from(constraints)
    assert words in str(caught.value)
    assert caught.value.code == "invalid_constraint"


def test_the_tighter_limit_counts():
    """Of the user's limit and a request's the tighter one counts; 0 is none."""
    found = limits_from({"max_latency": 1000}).tightened(500.0, 0.01)
    assert (found.max_latency_ms, found.max_cost_usd) == (500.0, 0.01)
    assert limits_from({"max_latency": 1000}).tightened(0.0, 0.0).max_latency_ms == 1000.0


def test_choices_keep_kinds_apart():
    """1 and true are different choices."""
    found = limits_from({"flag": {"choices": [1]}})
    assert found.refusal({"flag": 1}) == ""
    assert found.refusal({"flag": True})
