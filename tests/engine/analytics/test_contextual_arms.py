"""The policy of a study whose best arm may depend on the request."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.analytics.contextual_arms import ContextualArms
from engine.analytics.policies import policy_from
from engine.analytics.request_context import (
    APART,
    FEATURES,
    FLAG,
    PLACES,
    SIZE,
    RequestContext,
    vector,
)
from engine.errors import Rejected

PLAIN = vector(RequestContext(), "chat")
TOOLS = vector(RequestContext({"tools": FLAG}), "chat")
LEAST = 0.001


def taught(turns: int = 400, *, seed: int = 1) -> ContextualArms:
    """Return a policy of three arms: 0 is best without tools, 2 with them."""
    policy, rng = ContextualArms(3, seed=seed), np.random.default_rng(seed)
    for number in range(turns):
        at = TOOLS if number % 2 else PLAIN
        choice = policy.choose(at)
        good = (0.8, 0.5, 0.3) if at is PLAIN else (0.2, 0.5, 0.9)
        policy.reward(choice.arm, float(rng.random() < good[choice.arm]), at, turn=choice.turn)
    return policy


def test_each_request_gets_what_suits_it():
    """After 400 answers the best arm of each kind of request is chosen in 8 of 10."""
    policy = taught()
    assert [policy.choose(PLAIN).arm for _ in range(100)].count(0) >= 80
    assert [policy.choose(TOOLS).arm for _ in range(100)].count(2) >= 80
    assert policy.predict(2, TOOLS).mean == pytest.approx(0.9, abs=0.12)
    terms = policy.terms(2, 0, TOOLS)
    assert terms["tools"] > 0.2
    assert terms == pytest.approx(policy.terms(0, 2, PLAIN), abs=1e-9)
    more = policy.predict(2, TOOLS).mean - policy.predict(0, TOOLS).mean
    usually = policy.posterior(2).mean - policy.posterior(0).mean
    assert sum(terms.values()) == pytest.approx(more - usually)


def test_propensities_are_frequencies_and_none_is_zero():
    """What is logged is how often an arm is chosen at such a request; each keeps its chance."""
    policy = taught(40)
    told = policy.choose(TOOLS).propensities
    found = np.bincount([policy.choose(TOOLS).arm for _ in range(6000)], minlength=3) / 6000
    assert told == pytest.approx(found, abs=0.025)
    assert told.sum() == pytest.approx(1.0)
    assert told.min() >= LEAST


def test_arms_are_shown_at_the_usual_request():
    """Before anything is known each earns one half; then it is as at the study's own requests."""
    fresh = ContextualArms(3, seed=0)
    assert fresh.posterior(1).mean == 0.5
    assert fresh.probability_best() == pytest.approx([1 / 3] * 3, abs=1e-3)
    policy = taught()
    assert policy.usual[PLACES["tools"]] == pytest.approx(FLAG / 2)
    assert policy.posterior(0).mean == policy.predict(0, policy.usual).mean
    assert policy.choose().propensities.sum() == pytest.approx(1.0)


def test_what_others_have_taught_is_worth_half_a_dozen_answers():
    """A thousand answers to another type of task move the mean, and a few dozen own ones decide."""
    policy = ContextualArms(2, seed=0)
    other = vector(RequestContext(), "summary")
    for _ in range(1000):
        policy.borrow(0, 0.9, other)
    assert policy.borrowed == 1000
    assert policy.usual[PLACES["summary"]] == 0.0
    lent = policy.predict(0, PLAIN)
    assert lent.mean == pytest.approx(0.9, abs=0.05)
    # As many own answers as would leave the same uncertainty, were nothing borrowed.
    noise = policy._bandit.belief.noise_variance
    assert 5 < noise / lent.sd**2 < 8
    for _ in range(60):
        policy.reward(0, 0.1, PLAIN)
    assert policy.predict(0, PLAIN).mean < 0.25


def test_rows_without_a_context_are_worth_as_little():
    """What older versions observed is a start for what is known now, and no more."""
    policy = ContextualArms(2, seed=0)
    for number in range(1000):
        policy.reward(0, 1.0 if number % 5 else 0.0, vector(None, "chat"))
    assert policy.predict(0, vector(None, "chat")).mean == pytest.approx(0.8, abs=0.01)
    known = policy.predict(0, PLAIN)
    assert known.mean == pytest.approx(0.79, abs=0.02)
    assert 10 < policy._bandit.belief.noise_variance / known.sd**2 < 15


def test_what_was_before_a_change_is_forgotten():
    """When arms change places it is noticed, what came since counts alone, and others take over."""
    policy, rng = taught(), np.random.default_rng(5)
    assert policy.changes == 0
    chosen = []
    for number in range(500):
        at = TOOLS if number % 2 else PLAIN
        choice = policy.choose(at)
        good = (0.2, 0.5, 0.9) if at is PLAIN else (0.8, 0.5, 0.1)
        policy.reward(choice.arm, float(rng.random() < good[choice.arm]), at, turn=choice.turn)
        chosen.append(choice.arm)
    assert policy.changes >= 1
    assert policy._bandit.belief.total < 600
    assert chosen[-100::2].count(2) > 35
    assert chosen[-99::2].count(0) > 35
    assert policy.predict(0, PLAIN).mean < 0.5 < policy.predict(0, TOOLS).mean


def test_what_others_have_taught_goes_with_a_change():
    """It is older than what came since."""
    policy = ContextualArms(2, seed=0)
    for _ in range(50):
        policy.borrow(1, 1.0, PLAIN)
    for number in range(200):
        policy.reward(0, float(number < 100), PLAIN)
    assert (policy.changes, policy.borrowed) == (1, 0)
    assert policy.predict(0, PLAIN).mean < 0.1
    assert policy.predict(1, PLAIN).mean == 0.5


def test_a_restart_changes_nothing():
    """Through JSON and back the same arms are chosen; other features are refused."""
    policy = taught(60)
    policy.add_arm((3.0, 1.0))
    policy.remove_arm(1)
    state = json.loads(json.dumps(policy.state()))
    again = policy_from(state)
    ats = [PLAIN, TOOLS] * 30
    assert [again.choose(at).arm for at in ats] == [policy.choose(at).arm for at in ats]
    assert again.posterior(3) == policy.posterior(3)
    for each in (again, policy):
        for number in range(300):
            each.reward(2, float(number < 150), TOOLS)
    assert again.changes >= 1
    assert again.predict(2, TOOLS) == policy.predict(2, TOOLS)
    broken = ({"features": 99}, {"watch": {}}, {"recent": [[1]]}, {"recent": 5}, {"own": [1]},
              {"own": [1, 0, 3]}, {"bandit": {}})  # fmt: skip
    for change in broken:
        with pytest.raises(ValueError):
            policy_from({**state, **change})


BAD_CONTEXTS = (
    arrays.arrays(np.float64, st.integers(0, 2 * SIZE).filter(lambda n: n != SIZE))
    | arrays.arrays(np.float64, SIZE, elements=st.sampled_from([0.0, np.nan, np.inf, 1e300]))
    .filter(lambda each: not np.abs(each).sum() < 1e6)
)  # fmt: skip


@given(BAD_CONTEXTS)
def test_a_wrong_context_is_refused_and_teaches_nothing(at):
    """Wrong length, NaN, infinity: an error, and what is believed stays."""
    policy = taught(20)
    before = [policy.posterior(arm) for arm in range(3)]
    with pytest.raises(Rejected):
        policy.choose(at)
    with pytest.raises(Rejected):
        policy.reward(0, 1.0, at)
    assert [policy.posterior(arm) for arm in range(3)] == before


@pytest.mark.parametrize("reward", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_wrong_reward_is_refused(reward):
    """By a message that names it as it was told."""
    policy = ContextualArms(2, seed=0)
    for learn in (policy.reward, policy.borrow):
        with pytest.raises(Rejected, match=repr(reward)):
            learn(0, reward, PLAIN)
    assert policy.borrowed == 0


FEATURE = st.floats(-1, 1)
CONTEXTS = st.builds(RequestContext, st.dictionaries(st.sampled_from(FEATURES), FEATURE))


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1), CONTEXTS), max_size=30), CONTEXTS)
def test_beliefs_are_those_of_ridge_regression(told, asked):
    """Whatever is learnt, each mean is that of the closed form, in whatever order it came."""
    policy = ContextualArms(3, seed=0)
    for arm, reward, context in told:
        policy.reward(arm, reward, vector(context, "chat"))
    assume(policy.changes == 0)
    at = vector(asked, "chat")
    assert at[PLACES["chat"]] == APART
    for arm in range(3):
        mine = [(vector(c, "chat"), r - 0.5) for a, r, c in told if a == arm]
        x = np.array([each for each, _ in mine]).reshape(-1, SIZE)
        y = np.array([each for _, each in mine])
        weights = np.linalg.solve(0.5 * np.eye(SIZE) + x.T @ x, x.T @ y)
        assert policy.predict(arm, at).mean == pytest.approx(0.5 + at @ weights, abs=1e-6)
