"""What is learnt of one model at one type of task."""

from __future__ import annotations

import pytest

from engine.analytics.latency_constraint import LEAST_ANSWERS
from engine.analytics.limits import limits_from
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from engine.analytics.parameter_sets import MOST_ARMS, Arm, starting_arms
from engine.analytics.settings import RangeSettings
from engine.analytics.study import Study, matching
from engine.errors import Rejected
from tests.engine.analytics.stub_policy import StubPolicy

KEY = StudyKey("m", "chat")
FREE = limits_from(None)


def study() -> Study:
    return Study(KEY, arms=starting_arms(RangeSettings()), policy=StubPolicy)


def observe(found: Study, id: str, arm: str, **fields):
    """Let an answer with the parameters of `arm` be over, and be rewarded where that is told."""
    each = Observation(id, KEY, 10.0, dict(found.arm(arm).values), arm, over_s=11.0, **fields)
    found.chosen(each)
    found.over(each)
    if each.latency_ms is not None:
        found.timed(each)
    if each.cost_usd is not None:
        found.priced(each)
    if each.reward is not None:
        found.reward(each, None)
    found.draw(each, is_feasible=True)
    return each


def test_an_arm_is_chosen_and_learns():
    """What was chosen, what it took and what it earned is counted for its arm."""
    found = study()
    picked = found.pick(FREE)
    assert (picked.arm.name, picked.excluded) == (AS_CAME, {})
    assert picked.choice.propensity == 0.25
    observe(found, "a", "precise", latency_ms=100.0, cost_usd=0.5, reward=0.75)
    observe(found, "b", "precise", cost_usd=0.1)
    tally = found.tallies["precise"]
    assert (tally.pulls, tally.rewards, tally.cost_usd) == (2, 1, 0.3)
    assert found.policy.learnt == [(1, 0.75, None)]
    assert (found.choices, found.rewards) == (2, 1)
    view = found.columns.view()
    assert list(view.reward[:1]) == [0.75]
    assert list(view.arm) == [1, 1]


def test_values_that_are_no_arm_are_seen_but_teach_no_arm():
    """What a client chose itself is drawn and counted, and no arm is credited with it."""
    found = study()
    each = Observation("a", KEY, 1.0, {"temperature": 0.33}, "", reward=1.0)
    found.chosen(each)
    found.reward(each, None)
    found.draw(each, is_feasible=True)
    assert found.policy.learnt == []
    assert list(found.columns.view().arm) == [-1]
    assert found.rewards == 1


def test_arms_out_of_the_limits_are_not_chosen():
    """Bounds, latency and cost keep arms out, each with its reason."""
    found = study()
    for number in range(LEAST_ANSWERS):
        observe(found, f"p{number}", "precise", latency_ms=2_300.0)
        observe(found, f"f{number}", "free", cost_usd=0.5)
    limits = limits_from({"max_latency": 1000, "max_cost": 0.1, "temperature": (0.1, 0.8)})
    excluded = found.excluded(limits)
    assert excluded[AS_CAME].startswith("leaves temperature open")
    assert "95 of 100 answers within 1,000 ms is probable to" in excluded["precise"]
    assert excluded["free"].startswith("temperature 1.0 is not")
    assert found.pick(limits).arm.name == "balanced"


def test_a_slow_answer_or_two_exclude_nothing():
    """One slow answer is no reason to leave an arm out."""
    found = study()
    observe(found, "a", "precise", latency_ms=60_000.0)
    assert found.excluded(limits_from({"max_latency": 1000})) == {}


def test_where_no_arm_keeps_the_limits_that_is_told():
    """Every arm is named with what keeps it out."""
    with pytest.raises(Rejected, match="no choice of parameters for m at chat") as caught:
        study().pick(limits_from({"temperature": (5, 6)}))
    assert caught.value.code == "all_infeasible"
    assert "precise: temperature 0.2 is not from 5 to 6" in str(caught.value)


def test_arms_come_and_go_while_it_runs():
    """An arm that was removed is never chosen, and its late rewards find it; others take over."""
    found = study()
    found.add_arm(Arm("mine", {"temperature": 0.4}, is_own=True))
    found.remove_arm("precise")
    with pytest.raises(Rejected, match="there is no arm 'precise'"):
        found.arm("precise")
    late = Observation("a", KEY, 1.0, {}, "precise", reward=0.5)
    found.reward(late, None)
    assert found.policy.learnt == [(1, 0.5, None)]
    found.add_arm(Arm("precise", {"temperature": 0.1}))
    assert found.arm("precise").values == {"temperature": 0.1}
    assert [each.name for each in found.live] == [AS_CAME, "balanced", "free", "mine", "precise"]
    with pytest.raises(Rejected, match="already"):
        found.add_arm(Arm("mine"))


def test_one_arm_stays():
    """The last arm cannot be removed, and one is enough to choose from."""
    found = study()
    for name in ("precise", "balanced", "free"):
        found.remove_arm(name)
    with pytest.raises(Rejected, match="the last arm"):
        found.remove_arm(AS_CAME)
    assert found.pick(FREE).arm.name == AS_CAME


def test_arms_are_bounded():
    """There may be a few dozen arms, no more."""
    found = study()
    for number in range(MOST_ARMS - 4):
        found.add_arm(Arm(f"a{number}", {"temperature": number / 100}))
    with pytest.raises(Rejected, match="the most there may be"):
        found.add_arm(Arm("one more"))


def test_values_are_known_as_an_arm():
    """What a client sends itself is that arm, where it is just the same."""
    arms = starting_arms(RangeSettings())
    assert matching(arms, {"top_p": 0.9, "temperature": 0.2}) == "precise"
    assert matching(arms, {"temperature": 0.2}) == ""
    assert matching(arms, {}) == AS_CAME
