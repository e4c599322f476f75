"""Whether enough is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analytics.stopping import bounded_ratio, is_loss_small, normal_ratio, verdict


def test_the_ratio_is_that_of_likelihoods():
    """30 of 40 and 10 of 40 against 40 of 80: log likelihoods subtracted."""

    def log_likelihood(won: int, of: int, p: float) -> float:
        return won * math.log(p) + (of - won) * math.log(1 - p)

    wanted = (
        log_likelihood(30, 40, 0.75) + log_likelihood(10, 40, 0.25) - log_likelihood(40, 80, 0.5)
    )
    assert bounded_ratio((40, 40), (0.75, 0.25)) == pytest.approx(wanted)
    assert bounded_ratio((40, 40), (1.0, 1.0)) == 0.0


def test_the_normal_ratio():
    """Half the squared difference over its variance."""
    assert normal_ratio((10, 20), (1.0, 0.0), (2.0, 4.0)) == pytest.approx(1 / (2 * 0.4))
    assert normal_ratio((10, 20), (1.0, 1.0), (0.0, 0.0)) == 0.0


def test_wrong_verdicts_are_rare():
    """Looking after each of 300 rounds, 60 studies call the wrong arm best at most 3 times."""
    wrong = decided = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        means = np.array([0.5, 0.62, 0.4])
        won, count = np.zeros(3), np.zeros(3)
        for _ in range(300):
            won += rng.random(3) < means
            count += 1
            found = verdict(count.tolist(), (won / count).tolist())
            if found.is_decided:
                decided += 1
                wrong += found.arm != 1
                break
    assert decided > 20
    assert wrong <= 3


def test_a_clear_case_is_decided():
    """Twice the rate over 400 rewards is enough; over 8 it is not."""
    assert verdict([200, 200], [0.8, 0.4]).is_decided
    assert not verdict([4, 4], [0.8, 0.4]).is_decided
    assert verdict([50, 50], [3.0, 9.0], variances=[1.0, 1.0]).arm == 1
    assert verdict([50, 50], [3.0, 9.0], variances=[1.0, 1.0]).is_decided


def test_an_arm_without_rewards_keeps_it_open():
    """It might be the best; where nothing is known at all, no arm is named."""
    assert not verdict([500, 500, 0], [0.9, 0.1, 0.0]).is_decided
    assert verdict([0, 0], [0, 0]).arm == -1


def test_a_single_arm_is_the_best():
    """Nothing else could be."""
    found = verdict([3], [0.5])
    assert (found.arm, found.is_decided, found.statistic) == (0, True, math.inf)


def test_the_accepted_error_is_a_probability():
    """Anything else is a mistake of the program."""
    with pytest.raises(ValueError, match="error"):
        verdict([1], [1], error=0.0)
    assert is_loss_small(0.001, worth=0.01)
    assert not is_loss_small(0.02, worth=0.01)
