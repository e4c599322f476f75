"""Observations count less the older they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.router.evidence import Evidence, Mean


def test_half_after_a_half_life():
    """After one half-life an observation counts half, after two a quarter."""
    evidence = Evidence()
    evidence.note(1.0, 100.0, 60.0)
    evidence.fade(160.0, 60.0)
    assert (evidence.good, evidence.total) == pytest.approx((0.5, 0.5))
    evidence.note(0.0, 220.0, 60.0)
    assert evidence.total == pytest.approx(1.25)
    assert evidence.share == pytest.approx(0.2)


def test_nothing_is_known_for_ever():
    """Waiting changes no share, until nothing is known any more."""
    evidence = Evidence()
    evidence.note(1.0, 0.0, 60.0)
    evidence.fade(240.0, 60.0)
    assert evidence.share == pytest.approx(1.0)
    evidence.fade(300.0, 60.0)
    assert evidence.share is None


SEEN = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 500)), min_size=1, max_size=30)


@given(SEEN, st.floats(1, 1_000))
def test_as_the_weighted_sum_says(seen, half_life_s):
    """Noting one after the other gives the sum with weights 2 ** (-age / half-life)."""
    evidence, now_s = Evidence(), 0.0
    times = []
    for value, later_s in seen:
        now_s += later_s
        times.append((value, now_s))
        evidence.note(value, now_s, half_life_s)
    weights = [0.5 ** ((now_s - at_s) / half_life_s) for _, at_s in times]
    assert evidence.total == pytest.approx(sum(weights))
    good = sum(value * weight for (value, _), weight in zip(times, weights, strict=True))
    assert evidence.good == pytest.approx(good, abs=1e-9)


def test_clock_that_stands_still():
    """Observations of one moment, or before it, are simply added."""
    evidence = Evidence()
    for _ in range(3):
        evidence.note(1.0, 50.0, 60.0)
    evidence.fade(40.0, 60.0)
    assert evidence.total == 3.0


def test_mean_follows():
    """A mean follows what is seen now, and has no value before the first."""
    mean = Mean()
    assert mean.value is None
    mean.note(100.0, 0.0, 60.0)
    assert mean.value == 100.0
    mean.note(400.0, 60.0, 60.0)
    assert mean.value == pytest.approx((50 + 400) / 1.5)
