"""One answer and what is known of it."""

from __future__ import annotations

from dataclasses import replace

from engine.analytics.observations import LARGEST, Observation, StudyKey, kept
from engine.analytics.rewards import Signs
from engine.analytics.settings import RewardSettings

USUAL = RewardSettings()


def observed() -> Observation:
    return Observation("sug-1", StudyKey("m", "chat"), 5.0, suggested={"temperature": 0.2})


def test_signs_come_one_after_the_other():
    """Each sign adds to what is known; the same sign again is nothing new."""
    found = observed()
    assert found.note(Signs(latency_ms=300.0, cost_usd=0.01, tokens=7))
    assert (found.earned(USUAL), found.is_rated) == (None, False)
    assert found.note(Signs(is_json=False))
    assert (found.earned(USUAL), found.is_rated) == (0.0, False)
    assert found.note(Signs(thumbs="up"))
    assert (found.earned(USUAL), found.is_rated) == (0.5, True)
    assert not found.note(Signs(thumbs="up", tokens=7))
    assert found.note(Signs(thumbs="down"))
    assert found.earned(USUAL) == 0.0


def test_weights_may_change_later():
    """Speed counts from the moment it weighs something, for old answers too."""
    found = observed()
    found.note(Signs(latency_ms=5000.0))
    fast = replace(USUAL, latency_weight=1.0)
    assert (found.earned(USUAL), found.earned(fast)) == (None, 0.5)
    assert found.view(fast).terms == {"latency": 0.5}


def test_limits_are_kept_by_what_was_not_measured():
    """An answer is out of the limits only where that was measured; 0 is no limit."""
    found = observed()
    assert found.is_feasible(max_latency_ms=1.0, max_cost_usd=0.001)
    found.note(Signs(latency_ms=300.0, cost_usd=0.01))
    assert found.is_feasible(max_latency_ms=0.0, max_cost_usd=0.0)
    assert found.is_feasible(max_latency_ms=300.0, max_cost_usd=0.01)
    assert not found.is_feasible(max_latency_ms=299.0, max_cost_usd=0.0)
    assert not found.is_feasible(max_latency_ms=0.0, max_cost_usd=0.005)


def test_a_view_is_what_it_was_at_that_time():
    """What the world sees does not change with the observation."""
    found = observed()
    view = found.view(USUAL)
    found.note(Signs(thumbs="up"))
    found.suggested["temperature"] = 1.0
    assert (view.values, view.rewarded, view.terms) == ({"temperature": 0.2}, None, {})


def test_values_that_no_database_takes_are_made_plain():
    """Numbers of a thousand digits and endless texts become what can be kept."""
    assert kept(10**1000) == LARGEST
    assert kept(-(10**1000)) == -LARGEST
    assert kept("x" * 1000) == "x" * 200
    assert (kept(True), kept(7), kept(0.5)) == (True, 7, 0.5)
