"""What an answer has earned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.rewards import Signs, reward_of, terms_of, weights_of, with_figures
from engine.analytics.settings import RewardSettings
from engine.errors import Rejected

USUAL = RewardSettings()


def earned(signs: Signs, settings: RewardSettings = USUAL) -> float | None:
    terms = with_figures(
        terms_of(signs), settings, latency_ms=signs.latency_ms, cost_usd=signs.cost_usd
    )
    return reward_of(terms, settings)


@pytest.mark.parametrize(
    ("signs", "reward"),
    [
        (Signs(thumbs="up"), 1.0),
        (Signs(thumbs="down"), 0.0),
        (Signs(reward=0.3), 0.3),
        (Signs(reward=0.3, thumbs="up"), 0.3),
        (Signs(is_json=False), 0.0),
        (Signs(regenerated=True), 0.0),
        (Signs(edited=True), 0.0),
        (Signs(copied=True), 1.0),
        (Signs(copied=False), None),
        (Signs(), None),
        (Signs(latency_ms=100.0, cost_usd=0.1), None),
        (Signs(thumbs="up", is_json=False), 0.5),
    ],
)
def test_each_sign_counts_as_it_should(signs: Signs, reward: float | None):
    """Thumbs, ratings, JSON and what people did with an answer count; what is unknown does not."""
    assert earned(signs) == reward


def test_speed_and_price_count_where_the_user_weighs_them():
    """An answer as slow as the half time, and as dear as the half price, is worth a half."""
    settings = replace(USUAL, latency_weight=1.0, cost_weight=3.0)
    assert earned(Signs(latency_ms=5000.0), settings) == 0.5
    assert earned(Signs(latency_ms=5000.0, cost_usd=0.0), settings) == 0.875
    assert earned(Signs(thumbs="up", latency_ms=0.0), settings) == 1.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1, "1", True])
def test_a_rating_that_is_none_is_refused(value: object):
    """NaN, infinity and what is not from 0 to 1 never become a reward."""
    with pytest.raises(Rejected, match="reward"):
        Signs(reward=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [("latency_ms", float("nan")), ("latency_ms", 1e12), ("cost_usd", -1.0), ("tokens", -1)],
)
def test_figures_that_cannot_be_are_refused(name: str, value: float):
    """Latency, cost and tokens are finite and not negative."""
    with pytest.raises(Rejected):
        Signs(**{name: value})  # type: ignore[arg-type]


def test_thumbs_are_up_or_down():
    """Any other word is told as what it is."""
    with pytest.raises(Rejected, match="sideways"):
        Signs(thumbs="sideways")  # type: ignore[arg-type]


@given(
    terms=st.dictionaries(st.sampled_from(sorted(weights_of(USUAL))), st.floats(0, 1)),
    weight=st.floats(0, 10),
)
def test_a_reward_lies_between_its_terms(terms: dict[str, float], weight: float):
    """Whatever the weights, the reward is none, or between the lowest and the highest term."""
    settings = replace(USUAL, rated_weight=weight, latency_weight=weight)
    reward = reward_of(terms, settings)
    if reward is not None:
        assert min(terms.values()) - 1e-9 <= reward <= max(terms.values()) + 1e-9


def test_a_rating_can_be_taken_back():
    """That is said by "none", which is no verdict itself."""
    assert terms_of(Signs(thumbs="none")) == {}
