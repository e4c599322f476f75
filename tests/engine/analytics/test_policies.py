"""All policies, as those who use them see them."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from engine.analytics.bandits import Policy, State
from engine.analytics.kl_ucb import KlUcb
from engine.analytics.linear import LinearBandit
from engine.analytics.policies import (
    beta_thompson,
    drifting_thompson,
    fading_thompson,
    gaussian_thompson,
    policy_from,
    top_two_thompson,
    window_thompson,
)
from engine.errors import Rejected

CONTEXT = np.array([1.0, 0.5])
ARMS = 4
MAKERS: dict[str, Callable[[], Policy]] = {
    "beta": lambda: beta_thompson(ARMS, seed=1),
    "drifting": lambda: drifting_thompson(ARMS, seed=1),
    "fading": lambda: fading_thompson(ARMS, seed=1, gamma=0.98),
    "window": lambda: window_thompson(ARMS, seed=1, window=40),
    "gaussian": lambda: gaussian_thompson(ARMS, seed=1),
    "top two": lambda: top_two_thompson(ARMS, seed=1),
    "kl-ucb": lambda: KlUcb(arms=ARMS, seed=1),
    "linear": lambda: LinearBandit(arms=ARMS, context_size=2, seed=1),
    "linear draws": lambda: LinearBandit(arms=ARMS, context_size=2, seed=1, widths=None),
}
policies = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def play(policy: Policy, turns: int, seed: int) -> list[int]:
    """Return what was chosen where arm 2 is best; rewards come seven choices late."""
    rng, chosen, late = np.random.default_rng(seed), [], []
    for _ in range(turns):
        choice = policy.choose(CONTEXT)
        chosen.append(choice.arm)
        late.append((choice, float(rng.random() < [0.2, 0.3, 0.8, 0.4, 0.1][choice.arm])))
        if len(late) > 7:
            due, reward = late.pop(0)
            policy.reward(due.arm, reward, CONTEXT, turn=due.turn)
    return chosen


@policies
def test_the_best_arm_is_found_though_rewards_are_late(make: Callable[[], Policy]):
    """Of the last 100 of 500 choices more go to the best arm than to any other."""
    chosen = play(make(), 500, 0)[-100:]
    assert max(set(chosen), key=chosen.count) == 2


@policies
def test_a_restart_changes_nothing(make: Callable[[], Policy]):
    """Through JSON and back, with arms added and removed, the same arms are chosen."""
    policy = make()
    play(policy, 90, 1)
    policy.add_arm()
    policy.remove_arm(0)
    again = policy_from(json.loads(json.dumps(policy.state())))
    assert play(again, 90, 2) == play(policy, 90, 2)
    assert again.choose(CONTEXT).propensities == pytest.approx(policy.choose(CONTEXT).propensities)


@policies
def test_propensities_and_chances_are_distributions(make: Callable[[], Policy]):
    """They add up to 1 and leave out what is removed or not allowed."""
    policy = make()
    play(policy, 50, 3)
    policy.remove_arm(3)
    allowed = np.array([True, False, True, True])
    choice = policy.choose(CONTEXT, allowed)
    assert choice.propensities.sum() == pytest.approx(1.0)
    assert choice.propensities[[1, 3]].tolist() == [0.0, 0.0]
    assert 0.0 < choice.propensity <= 1.0 + 1e-9
    assert policy.probability_best().sum() == pytest.approx(1.0)
    assert policy.probability_best()[3] == 0.0
    found = policy.posterior(2)
    assert found.low <= found.mean <= found.high


@policies
def test_bad_input_is_refused(make: Callable[[], Policy]):
    """NaN, infinity, unknown arms, nothing allowed: each with an error that names it."""
    policy = make()
    for reward in (float("nan"), float("inf")):
        with pytest.raises(Rejected, match=repr(reward)):
            policy.reward(0, reward, CONTEXT)
    with pytest.raises(Rejected, match="no arm 9"):
        policy.reward(9, 0.5, CONTEXT)
    with pytest.raises(Rejected, match="no arm 9"):
        policy.remove_arm(9)
    with pytest.raises(Rejected, match="allow one"):
        policy.choose(CONTEXT, np.zeros(ARMS, dtype=bool))


@pytest.mark.parametrize(
    "change",
    [{"kind": "tea"}, {"kind": ["x"]}, {"belief": {}}, {"arms": {}}, {"generator": {}}],
)
def test_damaged_states_are_refused(change: State):
    """Whatever is wrong, it is a ValueError, never a policy that is silently another."""
    state = beta_thompson(2, seed=0).state()
    with pytest.raises(ValueError):
        policy_from({**state, **change})
