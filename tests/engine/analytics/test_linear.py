"""Arms whose rewards depend on a context."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.analytics.linear import LinearBandit
from engine.analytics.sharpness import Exploration
from engine.errors import Rejected

KINDS = [(0.5, 2.5), (2.0, 2.0), None]
WEIGHTS = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.2], [0.4, 0.0, 0.0]])


def play(policy: LinearBandit, turns: int, seed: int = 0) -> list[tuple[int, int]]:
    """Return (chosen, best) of each turn, each choice rewarded at once."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(turns):
        context = np.array([1.0, *rng.normal(size=2)])
        means = WEIGHTS @ context
        choice = policy.choose(context)
        policy.reward(choice.arm, float(means[choice.arm] + 0.2 * rng.normal()), context)
        found.append((choice.arm, int(means.argmax())))
    return found


@pytest.mark.parametrize("widths", KINDS)
def test_the_best_arm_of_each_context_is_found(widths: tuple[float, float] | None):
    """Of the last 200 of 600 choices at least 9 in 10 are right."""
    policy = LinearBandit(arms=3, context_size=3, seed=0, widths=widths)
    last = play(policy, 600)[-200:]
    assert sum(chosen == best for chosen, best in last) >= 180


@pytest.mark.parametrize("widths", KINDS)
@pytest.mark.parametrize("floor", [0.0, 0.02])
def test_propensities_are_frequencies(widths: tuple[float, float] | None, floor: float):
    """What is told as the probability of each arm is how often it is chosen at that context."""
    policy = LinearBandit(
        arms=3,
        context_size=3,
        seed=1,
        widths=widths,
        exploration=Exploration(floor=floor, lasting_floor=floor),
    )
    play(policy, 25)
    at = np.array([1.0, 0.35, 0.3])
    told = policy.choose(at).propensities
    found = np.bincount([policy.choose(at).arm for _ in range(8000)], minlength=3) / 8000
    assert told == pytest.approx(found, abs=0.02)
    assert told.sum() == pytest.approx(1.0)
    assert told.min() >= floor - 1e-12


@pytest.mark.parametrize("widths", KINDS)
def test_a_restart_changes_nothing(widths: tuple[float, float] | None):
    """Through JSON and back, the same arms are chosen."""
    policy = LinearBandit(arms=3, context_size=3, seed=3, widths=widths)
    play(policy, 40)
    policy.remove_arm(1)
    again = LinearBandit.from_state(json.loads(json.dumps(policy.state())))
    assert play(again, 60, seed=5) == play(policy, 60, seed=5)


@pytest.mark.parametrize("shares_ties", [False, True])
def test_equal_arms_share_or_the_first_is_chosen(shares_ties: bool):
    """Before any reward the first arm is taken, or all alike often; that is logged as it is."""
    policy = LinearBandit(arms=4, context_size=2, seed=0, shares_ties=shares_ties)
    policy.reward(1, 0.0, np.ones(2))
    choices = [policy.choose(np.ones(2)) for _ in range(600)]
    counts = np.bincount([each.arm for each in choices], minlength=4) / 600
    share = [1 / 3, 0.0, 1 / 3, 1 / 3] if shares_ties else [1.0, 0.0, 0.0, 0.0]
    assert counts == pytest.approx(share, abs=0.06)
    assert choices[0].propensities == pytest.approx(share)
    again = LinearBandit.from_state(json.loads(json.dumps(policy.state())))
    assert again.choose(np.ones(2)).propensities == pytest.approx(share)


def test_arms_come_and_go():
    """A removed arm is never chosen nor best, a new one is tried; priors are refused."""
    policy = LinearBandit(arms=3, context_size=3, seed=0)
    play(policy, 50)
    policy.remove_arm(0)
    assert 0 not in {chosen for chosen, _ in play(policy, 100)}
    found = policy.probability_best()
    assert found[0] == 0.0
    assert found.sum() == pytest.approx(1.0)
    assert policy.add_arm() == 3
    with pytest.raises(Rejected, match="linear arms take none"):
        policy.add_arm((1.0, 1.0))
    assert policy.choose(np.ones(3), np.array([False, False, False, True])).propensity == 1.0
    with pytest.raises(Rejected, match="allow one"):
        policy.choose(np.ones(3), np.zeros(4, dtype=bool))


def test_beliefs_are_told():
    """At a context, and at the mean of all contexts; an arm that does not exist is named."""
    policy = LinearBandit(arms=3, context_size=3, seed=0)
    play(policy, 400)
    found = policy.predict(0, np.array([1.0, 1.0, 0.0]))
    assert found.low < 1.0 < found.high or found.mean == pytest.approx(1.0, abs=0.1)
    assert policy.posterior(2).mean == pytest.approx(0.4, abs=0.2)
    best = policy.probability_best(np.array([1.0, 2.0, 0.0]))
    assert best.argmax() == 0
    with pytest.raises(Rejected, match="no arm 9"):
        policy.predict(9, np.ones(3))


@pytest.mark.parametrize("reward", [float("nan"), float("inf")])
def test_bad_rewards_are_refused(reward: float):
    """By a message that names the value; a context must come along."""
    policy = LinearBandit(arms=2, context_size=3, seed=0)
    with pytest.raises(Rejected, match=repr(reward)):
        policy.reward(0, reward, np.ones(3))
    with pytest.raises(Rejected, match="no context"):
        policy.reward(0, 0.5)
    assert policy.belief.total == 0
