"""Which arms were chosen over time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.allocation import MOST_BLOCKS, Allocation


def noted(arms, chances=(0.25, 0.75)):
    allocation = Allocation()
    for at, arm in enumerate(arms):
        allocation.note(float(at), arm, lambda: chances)
    return allocation


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=2_000))
def test_shares_are_of_all_choices(arms):
    """Shares add up to 1; where no arm was chosen there are none; memory is bounded."""
    view = noted(arms).view(3)
    totals = view.shares.sum(axis=1)
    assert len(view.at_s) <= MOST_BLOCKS
    assert np.allclose(totals, 1)
    assert list(view.at_s) == sorted(view.at_s)
    chosen = [at for at, arm in enumerate(arms) if arm >= 0]
    assert bool(len(view.at_s)) == bool(chosen)
    assert not chosen or chosen[-1] <= view.at_s[-1] < len(arms)


def test_blocks_that_are_joined_keep_their_counts():
    """Ten thousand choices of which a quarter went to one arm show just that."""
    view = noted([0, 1, 1, 1] * 2_500).view(2)
    assert np.allclose(view.shares[:-1, 0], 0.25)
    assert np.allclose(view.probability_best[:-1], (0.25, 0.75))


def test_an_arm_that_was_added_later():
    """What was not known then is no number; nothing at all is an empty picture."""
    view = noted([0, 0], chances=(1.0,)).view(2)
    assert np.isnan(view.probability_best[:, 1]).all()
    assert Allocation().view(2).shares.shape == (0, 2)
