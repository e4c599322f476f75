"""What one task teaches about another."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.task_kernel import InTask, in_task, levels, with_task_choice


class Sum:
    """A worth that is the sum of all coordinates."""

    def values(self, units):
        return units.sum(1)

    def __call__(self, units):
        return units.sum(1), np.ones_like(units)


def test_a_worth_is_seen_within_its_task():
    """Its task is filled in, and has no gradient."""
    worth = InTask(Sum(), 2)
    units = np.full((3, 2), 0.5)
    np.testing.assert_array_equal(worth.values(units), 3.0)
    values, gradients = worth(units)
    np.testing.assert_array_equal(values, 3.0)
    assert gradients.shape == (3, 2)


def test_the_task_is_the_last_parameter_and_has_no_order():
    """Numbers or one number for all."""
    units = np.zeros((2, 1))
    np.testing.assert_array_equal(in_task(units, 1), [[0, 1], [0, 1]])
    np.testing.assert_array_equal(in_task(units, np.array([0, 3])), [[0, 0], [0, 3]])
    assert with_task_choice(np.array([False])).tolist() == [False, True]


def test_a_level_counts_by_how_much_is_known_of_it():
    """A task with many measurements has its own level, one with few hardly any."""
    rewards = np.concatenate([np.zeros(400), np.full(400, 10.0), [100.0]])
    tasks = np.concatenate([np.zeros(400), np.ones(400), [2]]).astype(int)
    everywhere = rewards.mean()
    found = levels(rewards, tasks, 4)
    assert found[1] - found[0] == pytest.approx(10.0, abs=0.2)
    assert found[2] == pytest.approx((100 - everywhere) / 5)
    assert found[3] == 0.0
    assert levels(np.empty(0), np.empty(0, dtype=int), 2).tolist() == [0.0, 0.0]
