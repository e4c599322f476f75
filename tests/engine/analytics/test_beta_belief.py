"""Beta posteriors."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from engine.analytics.beta_belief import BetaBelief, beta_density
from engine.analytics.counts import AllCounts, FadingCounts, WindowCounts
from engine.analytics.sharpness import PLAIN, Exploration
from engine.errors import Rejected


def test_the_posterior_is_the_conjugate_one():
    """Two successes and one failure on a uniform prior are Beta(3, 2)."""
    belief = BetaBelief(AllCounts(1), PLAIN)
    for reward in (1, 1, 0):
        belief.note(0, reward, 0)
    found = belief.posterior(0)
    wanted = stats.beta(3, 2)
    assert (found.mean, found.sd, found.rewards) == pytest.approx((0.6, wanted.std(), 3))
    assert (found.low, found.high) == pytest.approx(wanted.interval(0.9), abs=3e-3)


def test_plain_draws_come_from_the_posterior():
    """Without narrowing, draws have the posterior's distribution (Kolmogorov-Smirnov)."""
    belief = BetaBelief(AllCounts(1), PLAIN, prior=(2.0, 3.0))
    belief.note(0, 1.0, 0)
    draws = belief.draw(0, 4000, 1, np.random.default_rng(0))
    assert stats.kstest(draws, stats.beta(3, 3).cdf).pvalue > 1e-3


def test_what_is_told_of_draws_is_what_is_drawn():
    """`drawn` describes the narrowed distribution of `draw`, at the moment of `freeze`."""
    belief = BetaBelief(AllCounts(2), Exploration())
    for turn in range(40):
        belief.note(turn % 2, float(turn % 3 == 0), turn)
    frozen = belief.freeze(2)
    draws = np.sort(belief.draw(1, 4000, 2, np.random.default_rng(0)))
    belief.note(1, 1.0, 40)
    marginals = belief.drawn(frozen, (0, 1))
    at = np.interp(draws, marginals.values, marginals.distributions[1])
    assert np.abs(at - np.linspace(0, 1, len(at))).max() < 0.03


@pytest.mark.parametrize("reward", [math.nan, math.inf, -0.1, 1.1])
def test_rewards_that_are_none_change_nothing(reward: float):
    """They are refused by name, and the belief stays."""
    belief = BetaBelief(AllCounts(1), PLAIN)
    with pytest.raises(Rejected, match="reward"):
        belief.note(0, reward, 0)
    assert belief.posterior(0).rewards == 0


@pytest.mark.parametrize("prior", [(0.0, 1.0), (1.0, -1.0), (math.inf, 1.0), (math.nan, 1.0)])
def test_priors_that_are_none_are_refused(prior: tuple[float, float]):
    """The message names the prior."""
    with pytest.raises(Rejected, match="prior"):
        BetaBelief(AllCounts(1), PLAIN, prior=prior)
    with pytest.raises(Rejected, match="prior"):
        BetaBelief(AllCounts(1), PLAIN).add_arm(prior)


@pytest.mark.parametrize(
    "counts", [AllCounts(2), FadingCounts(2, gamma=0.9), WindowCounts(2, window=3)]
)
def test_beliefs_survive_a_restart(counts):
    """Counts of any kind, priors and narrowing come back through JSON."""
    belief = BetaBelief(counts, Exploration(sharpest=3.0), prior=(2.0, 1.0))
    belief.add_arm((5.0, 5.0))
    for turn in range(6):
        belief.note(turn % 3, 0.5, turn)
    again = BetaBelief.from_state(json.loads(json.dumps(belief.state())))
    assert [again.posterior(arm) for arm in range(3)] == [belief.posterior(arm) for arm in range(3)]
    assert again.exploration == belief.exploration


def test_an_unknown_kind_of_counts_is_refused():
    """A state of another version raises ValueError that names the kind."""
    state = BetaBelief(AllCounts(1), PLAIN).state()
    state["counts"] = {"kind": "tea"}
    with pytest.raises(ValueError, match="tea"):
        BetaBelief.from_state(state)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (0.3, 0.4), (80.0, 20.0), (5e4, 5e4)])
def test_densities_keep_their_area(alpha: float, beta: float):
    """Poles and needles are spread over their cells: the area is 1."""
    at = np.linspace(0, 1, 101)
    cells = np.diff(np.concatenate([[0.0], (at[1:] + at[:-1]) / 2, [1.0]]))
    density = beta_density(alpha, beta, at)
    assert (density * cells).sum() == pytest.approx(1.0, abs=1e-9)
    if alpha == 80.0:
        assert density[1:-1] == pytest.approx(stats.beta.pdf(at[1:-1], alpha, beta), abs=0.35)
