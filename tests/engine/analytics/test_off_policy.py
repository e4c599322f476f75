"""What other choices would have earned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.arms import Arms
from engine.analytics.beta_belief import BetaBelief
from engine.analytics.counts import AllCounts
from engine.analytics.off_policy import (
    ChoiceLog,
    Method,
    effective_samples,
    estimate,
    refusal_of,
)
from engine.analytics.sharpness import Exploration
from engine.analytics.thompson import Thompson
from engine.errors import Rejected

MEANS = np.array([0.3, 0.5, 0.65])
TARGET = np.array([0.1, 0.2, 0.7])
TRUTH = float(MEANS @ TARGET)
METHODS: list[Method] = ["IPS", "SNIPS", "doubly robust"]


def logged(rng: np.random.Generator, n: int, behaviour: list[float]) -> ChoiceLog:
    """Return a log of `n` choices by fixed probabilities."""
    arms = rng.choice(3, n, p=behaviour)
    rewards = (rng.random(n) < MEANS[arms]).astype(float)
    return ChoiceLog(arms, rewards, np.array(behaviour)[arms], np.tile(TARGET, (n, 1)))


@pytest.mark.parametrize("method", METHODS)
def test_estimates_are_unbiased_and_their_intervals_hold(method: Method):
    """Over 300 logs the mean error is below its own noise; 90 % intervals hold the truth."""
    rng = np.random.default_rng(0)
    found = [estimate(logged(rng, 400, [0.5, 0.3, 0.2]), method) for _ in range(300)]
    means = np.array([each.mean for each in found])
    assert abs(means.mean() - TRUTH) < 3.5 * means.std() / np.sqrt(len(means))
    held = np.mean([each.low <= TRUTH <= each.high for each in found])  # type: ignore[operator]
    assert 0.84 < held < 0.96


def test_doubly_robust_is_the_most_exact():
    """Knowing the arms' means takes spread out of the estimate."""
    rng = np.random.default_rng(1)
    logs = [logged(rng, 300, [0.4, 0.4, 0.2]) for _ in range(200)]
    ips, _, robust = (
        np.std([estimate(log, method).mean for log in logs])  # type: ignore[arg-type]
        for method in METHODS
    )
    assert robust < ips


def test_the_log_of_a_learning_policy_tells_of_another():
    """Propensities logged by Thompson sampling itself make the estimates right."""
    errors, held = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        belief = BetaBelief(AllCounts(3), Exploration(lasting_floor=0.05))
        policy = Thompson(belief, arms=Arms(3), seed=seed)
        rows = []
        for _ in range(250):
            choice = policy.choose()
            reward = float(rng.random() < MEANS[choice.arm])
            rows.append((choice.arm, reward, choice.propensity))
            policy.reward(choice.arm, reward, turn=choice.turn)
        arms, rewards, propensities = (np.array(each) for each in zip(*rows, strict=True))
        log = ChoiceLog(arms.astype(int), rewards, propensities, np.tile(TARGET, (250, 1)))
        found = estimate(log, "doubly robust")
        if found.mean is not None and found.low is not None and found.high is not None:
            errors.append(found.mean - TRUTH)
            held.append(found.low <= TRUTH <= found.high)
    assert len(errors) > 20
    assert abs(np.mean(errors)) < 3.5 * np.std(errors) / np.sqrt(len(errors))
    assert np.mean(held) > 0.75


def test_few_effective_samples_are_refused():
    """An arm that was hardly ever chosen cannot be told of; the message says what to do."""
    n = 500
    arms = np.zeros(n, dtype=int)
    arms[:4] = 1
    propensities = np.where(arms == 1, 0.01, 0.99)
    target = np.tile([0.0, 1.0], (n, 1))
    found = estimate(ChoiceLog(arms, np.ones(n), propensities, target))
    assert found.mean is None
    assert found.effective_samples == pytest.approx(4.0)
    assert "4 effective samples of 500 choices: at least 30" in found.refusal


def test_one_heavy_choice_is_refused():
    """An estimate that hangs on a single reward is none."""
    n = 400
    arms = np.zeros(n, dtype=int)
    arms[0] = 1
    propensities = np.where(arms == 1, 0.008, 0.99)
    target = np.tile([0.5, 0.5], (n, 1))
    assert "17 effective samples" in refusal_of(ChoiceLog(arms, np.ones(n), propensities, target))


def test_arms_that_were_never_tried_are_refused():
    """Where the policy would mostly choose what the log never did, no weight shows it."""
    n = 400
    log = ChoiceLog(np.zeros(n, dtype=int), np.ones(n), np.ones(n), np.tile([0.4, 0.6], (n, 1)))
    assert "knows only 40%" in refusal_of(log)


def test_an_empty_log_is_refused():
    """No choices, no estimate, no crash."""
    empty = np.array([])
    found = estimate(ChoiceLog(empty.astype(int), empty, empty, np.empty((0, 2))))
    assert "0 effective samples" in found.refusal


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=50))
def test_effective_samples_lie_between_one_and_all(weights: list[float]):
    """Equal weights count in full; scaling changes nothing."""
    found = effective_samples(np.array(weights))
    assert 1 - 1e-9 <= found <= len(weights) + 1e-6
    assert effective_samples(10 * np.array(weights)) == pytest.approx(found)
    assert effective_samples(np.ones(7)) == pytest.approx(7)
    assert effective_samples(np.zeros(3)) == 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rewards": np.array([np.nan, 1.0])}, "reward nan"),
        ({"propensities": np.array([0.0, 1.0])}, "propensity 0.0"),
        ({"propensities": np.array([np.inf, 1.0])}, "propensity inf"),
        ({"target": np.array([[0.5, 0.6], [0.5, 0.5]])}, "add up to 1"),
        ({"target": np.ones((3, 1))}, "3 rows"),
        ({"arms": np.array([0, 5])}, "not among 2"),
        ({"arms": np.array([0])}, "for each choice"),
    ],
)
def test_damaged_logs_are_refused(change: dict[str, np.ndarray], words: str):
    """The message names what is wrong."""
    good = {
        "arms": np.array([0, 1]),
        "rewards": np.array([0.0, 1.0]),
        "propensities": np.array([0.5, 0.5]),
        "target": np.full((2, 2), 0.5),
    }
    with pytest.raises(Rejected, match=words):
        ChoiceLog(**{**good, **change})
