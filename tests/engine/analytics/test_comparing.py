"""Which arm is best, and one beside another."""

from __future__ import annotations

import pytest

from engine.analytics.answers import OffPolicyView
from engine.analytics.comparing import best_view, comparison, logged
from engine.analytics.limits import limits_from
from engine.analytics.observations import Observation, StudyKey
from engine.errors import Rejected
from tests.engine.analytics.test_study import FREE, observe, study

NOTHING = OffPolicyView(None, 0.0, 0, "SNIPS", "too little")


def told():
    """Return a study in which one arm earned more than another."""
    found = study()
    for number in range(20):
        observe(found, f"p{number}", "precise", reward=0.9, latency_ms=900.0)
        observe(found, f"f{number}", "free", reward=0.4)
    return found


def test_the_best_is_the_best_that_is_allowed():
    """An arm that is too slow is not the best, whatever it earned."""
    found = told()
    assert best_view(found, FREE).arm == "precise"
    best = best_view(found, limits_from({"max_latency": 500}))
    assert (best.arm, best.rewards) == ("free", 20)
    nothing = best_view(study(), FREE)
    assert (nothing.reward, nothing.probability_best, nothing.is_decided) == (None, None, False)


def test_two_arms_beside_each_other():
    """The better one is better with a probability, and loses less."""
    found = comparison(told(), "free", "precise", (NOTHING, NOTHING))
    assert found.probability_a_better < 0.1
    assert found.loss_of_a > found.loss_of_b
    assert (found.a.name, found.b.name) == ("free", "precise")
    with pytest.raises(Rejected, match="there is no arm 'x'"):
        comparison(told(), "x", "precise", (NOTHING, NOTHING))


def test_only_what_was_logged_with_its_chance_counts():
    """Off-policy estimates use rewarded choices whose probability is known."""
    key = StudyKey("m", "chat")
    good = Observation("a", key, 1.0, arm="free", propensity=0.5, counted_s=1.0, reward=0.0)
    others = [
        Observation("b", key, 1.0, arm="free", propensity=None, counted_s=1.0, reward=1.0),
        Observation("c", key, 1.0, arm="", propensity=0.5, counted_s=1.0, reward=1.0),
        Observation("d", key, 1.0, arm="free", propensity=0.5),
    ]
    assert logged([good, *others]) == [good]
