"""How narrow arms are drawn."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.sharpness import EVEN, PLAIN, Exploration

HOW = Exploration()


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.integers(1, 50))
def test_evidence_counts_once_to_ten_times(total: float, count: float, arms: int):
    """Evidence never counts less than it is, nor more than agreed."""
    assert 1.0 <= HOW.sharpness(max(total, count), count, arms) <= HOW.sharpest


def test_it_grows_with_what_is_known():
    """The more an arm was tried, the narrower it is drawn, up to the limit."""
    found = [HOW.sharpness(1000, count, 5) for count in (1, 10, 50, 99, 101, 900)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(math.log(1002) / math.log(1002 / 10))
    assert found[-1] == HOW.sharpest


def test_plain_draws_from_the_posterior():
    """Thompson sampling as in books counts evidence once and has no floor."""
    assert PLAIN.sharpness(1000, 900, 5) == 1.0
    assert (PLAIN.optimism, PLAIN.least(0, 5)) == (0.0, 0.0)
    assert EVEN.least(0, 5) == 0.01


def test_the_floor_falls_with_the_rewards():
    """0.01 for a hundred rewards, then one over their number; never more than fits."""
    assert HOW.least(0, 5) == HOW.least(99, 5) == 0.01
    assert HOW.least(999, 5) == 1 / 1000
    assert HOW.least(0, 300) == 1 / 300
    assert Exploration(lasting_floor=0.005).least(10_000, 5) == 0.005


def test_it_survives_a_restart():
    """What was set comes back."""
    how = Exploration(sharpest=4.0, lasting_floor=0.002)
    assert Exploration.from_state(how.state()) == how
