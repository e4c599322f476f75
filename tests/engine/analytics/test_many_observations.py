"""Which measurements stay in view when they are many."""

from __future__ import annotations

import numpy as np

from engine.analytics.many_observations import KEPT, MOST, in_view


def test_few_are_all_in_view():
    """Up to the limit nothing is left out."""
    units = np.random.default_rng(0).random((MOST, 2))
    assert len(in_view(units, units[:, 0], np.random.default_rng(0))) == MOST


def test_of_many_the_best_their_neighbours_and_a_spread_are():
    """The best one is, its neighbourhood is dense, and every quarter is represented."""
    rng = np.random.default_rng(0)
    units = rng.random((20_000, 2))
    rewards = -((units - 0.3) ** 2).sum(1) + 0.05 * rng.normal(size=20_000)
    view = in_view(units, rewards, rng)
    assert len(view) == len(set(view.tolist())) == KEPT
    assert int(np.argmax(rewards)) in view
    assert (np.diff(view) > 0).all()
    near = np.abs(units[view] - units[int(np.argmax(rewards))]).max(1) < 0.1
    assert near.mean() > 0.4
    quarters = (units[view] > 0.5) @ np.array([1, 2])
    assert set(quarters.tolist()) == {0, 1, 2, 3}


def test_equal_rewards_do_no_harm():
    """Where all are infeasible any of them are kept."""
    units = np.random.default_rng(0).random((2000, 3))
    assert len(in_view(units, np.full(2000, -1e300), np.random.default_rng(0))) == KEPT
