"""What a noisy reward may truly be."""

from __future__ import annotations

import math

import numpy as np

from engine.analytics.gaussian_process import conditioned
from engine.analytics.kernel import Hyperparameters
from engine.analytics.possible_truths import MARGIN, drawn, possible_objective
from engine.analytics.surrogate import Belief
from engine.analytics.warping import Warp


def believed(noise=0.2, count=10):
    """Return a belief of a line, measured with noise, each point twice."""
    points = np.repeat(np.linspace(0, 1, count // 2), 2)[:, None]
    process = conditioned(points, np.zeros(1, dtype=bool), Hyperparameters(np.ones(1), 1.0, noise))
    rewards = points[:, 0] + 0.3 * np.random.default_rng(0).normal(size=count)
    return Belief(process, process.solve(rewards), rewards, Warp())


def test_draws_are_those_of_the_posterior():
    """Their mean and spread at the points agree with it; repeated points have one truth."""
    belief = believed()
    rng = np.random.default_rng(0)
    draws = np.hstack([drawn(belief, np.arange(10), rng) for _ in range(300)])
    mean, deviation = belief.process.mean_and_deviation(belief.process.points, belief.solved)
    np.testing.assert_allclose(draws.mean(1), mean, atol=1e-9)
    np.testing.assert_allclose(draws.std(1), deviation, rtol=0.1)
    np.testing.assert_allclose(draws[0], draws[1], atol=1e-2)


def test_the_incumbent_is_not_the_luckiest_measurement():
    """The best of each truth is believed to be less than the best measurement."""
    belief = believed()
    objective = possible_objective(belief, np.ones(10, dtype=bool), np.random.default_rng(0))
    assert objective is not None
    margin = MARGIN * math.sqrt(belief.process.believed.noise)
    assert objective.best.mean() - margin < belief.scaled.max()
    assert objective.best.std() > 0.01


def test_where_nothing_counts_there_is_no_objective():
    """No point may be the incumbent: nothing can be bettered."""
    nothing = np.zeros(10, dtype=bool)
    assert possible_objective(believed(), nothing, np.random.default_rng(0)) is None
