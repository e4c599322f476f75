"""A suggestion, and what may not be suggested."""

from __future__ import annotations

import numpy as np

from engine.analytics.space import (
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    LinearConstraint,
    Space,
)
from engine.analytics.suggesting import BESIDE, MOST_LISTED, SAME, Pending, first_new, listed

NOTHING = np.empty((0, 2))


def test_the_first_that_is_new_is_taken():
    """What was told must differ a little, what is awaited more."""
    known = np.array([[0.5, 0.5]])
    ranked = known + np.array([[0.0], [2 * SAME], [2 * BESIDE]])
    np.testing.assert_array_equal(first_new(ranked, NOTHING, NOTHING), ranked[0])
    np.testing.assert_array_equal(first_new(ranked, known, NOTHING), ranked[1])
    np.testing.assert_array_equal(first_new(ranked, NOTHING, known), ranked[2])
    assert first_new(known, known, NOTHING) is None


def test_a_finite_space_is_listed_without_what_is_not_allowed():
    """Three by four, less what breaks the constraint."""
    space = Space(
        [ChoiceParameter("x", ("a", "b", "c")), IntParameter("y", 0, 3)],
        [LinearConstraint({"y": 1}, 2)],
    )
    assert listed(space).shape == (9, 2)


def test_a_space_with_numbers_or_very_many_values_is_not_listed():
    """Nobody waits for a million points."""
    assert listed(Space([FloatParameter("x", 0, 1)])) is None
    assert listed(Space([IntParameter("x", 0, MOST_LISTED + 1)])) is None


def test_awaited_values_belong_to_their_task():
    """The same values may be awaited twice, and are dropped one at a time."""
    pending = Pending(Space([FloatParameter("x", 0, 2)]))
    for task in (0, 0, 1):
        pending.add({"x": 1.0}, task)
    pending.drop({"x": 1.0}, 0)
    assert pending.units(0).tolist() == [[0.5]]
    assert pending.units(2).shape == (0, 1)
    assert len(pending) == 2


def test_awaited_values_that_left_the_space_have_no_point():
    """They are still awaited, but hinder nothing."""
    space = Space([ChoiceParameter("x", ("a", "b"))])
    pending = Pending(space)
    pending.add({"x": "a"}, 0)
    pending.place(space.with_choices("x", ("b",)))
    assert pending.units(0).shape == (0, 1)
    assert len(pending) == 1
