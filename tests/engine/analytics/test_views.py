"""Studies as the world may see them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.comparing import best_view
from engine.analytics.limits import limits_from
from engine.analytics.request_context import FLAG, RequestContext, vector
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import DENSITY_POINTS
from engine.analytics.views import (
    arm_views,
    best_of,
    estimate,
    heat_row,
    latency_estimate,
    study_view,
)
from tests.engine.analytics.test_choosing import by_request
from tests.engine.analytics.test_study import FREE, observe, study


def test_every_arm_is_told_with_its_posterior():
    """Densities have an area of 1, chances add up to 1, and what is out says why."""
    found = study()
    for number in range(8):
        observe(found, f"a{number}", "precise", reward=1.0, latency_ms=100.0, cost_usd=0.5)
    found.remove_arm("free")
    views = {each.name: each for each in arm_views(found, limits_from({"max_cost": 0.1}))}
    assert views["precise"].reason.startswith("costs 0.5 USD")
    assert (views["free"].probability_best, views["free"].density) == (0.0, None)
    assert (views["free"].is_allowed, views["free"].reason) == (False, "it was removed")
    live = [each for each in views.values() if each.density is not None]
    assert sum(each.probability_best for each in live) == pytest.approx(1.0)
    for each in live:
        assert each.density.shape == (DENSITY_POINTS,)
        assert np.all(each.density >= 0)
        steps = np.full(DENSITY_POINTS, 1 / (DENSITY_POINTS - 1))
        steps[[0, -1]] /= 2
        assert (each.density * steps).sum() == pytest.approx(1.0, abs=0.01)
    assert views["balanced"].reward is None
    assert views["precise"].latency_ms == pytest.approx(100.0, rel=0.02)
    assert best_of(tuple(views.values())) is None


def test_estimates_are_none_before_anything_is_known():
    """Nothing is invented of an arm that was not tried."""
    found = study()
    assert estimate(found, 0) is None
    assert latency_estimate(found, "free") is None
    assert latency_estimate(found, "none of ours") is None
    observe(found, "a", "free", latency_ms=80.0, reward=0.5)
    latency = latency_estimate(found, "free")
    assert latency is not None
    assert latency.low <= latency.mean <= latency.high


def test_a_study_is_shown_whole():
    """The view has all columns of the same length, and does not change with the study."""
    found = study()
    for number in range(5):
        observe(found, f"a{number}", "free", reward=0.5 + number / 10)
    view = study_view(found, AnalyticsSettings(), space=None, last=None, drifted_s=float("inf"))
    columns = view.columns
    lengths = {len(columns.at_s), len(columns.reward), len(columns.arm), len(columns.feasible)}
    assert lengths == {5}
    assert (view.best_arm, view.choices, view.rewards) == ("free", 5, 5)
    assert not view.is_drifting
    observe(found, "more", "free", reward=0.0)
    assert len(view.columns.at_s) == 5


def test_a_field_of_the_map():
    """Mean reward with its interval, and unknown things are None."""
    found = study()
    row = heat_row(found, arm_views(found, FREE))
    assert (row.reward, row.latency_ms, row.cost_usd, row.best_arm) == (None, None, None, "")
    observe(found, "a", "free", reward=1.0)
    row = heat_row(found, arm_views(found, FREE))
    assert row.reward is not None
    assert row.reward.low < row.reward.mean <= row.reward.high == 1.0


def test_arms_by_the_request_are_shown_at_the_usual_one():
    """The view says for which request its arms hold, and calls none the best for all."""
    found = by_request()
    view = study_view(
        found, AnalyticsSettings(method="context"), space=None, last=None, drifted_s=1e9
    )
    assert view.usual_request == "about 1,000 tokens, turn 1, tools in 50%"
    arms = {each.name: each for each in view.arms}
    for name in ("free", "precise"):
        assert arms[name].reward.mean == pytest.approx(0.5, abs=0.05)
        assert arms[name].density is not None
    assert sum(each.probability_best for each in view.arms) == pytest.approx(1.0)
    for number in range(400):
        observe(found, f"x{number}", "free", reward=1.0)
        observe(found, f"y{number}", "precise", reward=0.0)
    settings = AnalyticsSettings(method="context")
    view = study_view(found, settings, space=None, last=None, drifted_s=1e9)
    assert view.best_arm == "free"
    assert not view.is_decided
    assert not best_view(found, FREE).is_decided
    tools = estimate(found, found.number("free"), vector(RequestContext({"tools": FLAG}), "chat"))
    assert 0.9 < tools.mean <= tools.high <= 1.0
