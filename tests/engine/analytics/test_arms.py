"""Which arms may be chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.arms import Arms
from engine.errors import Rejected


@given(st.integers(1, 6), st.lists(st.integers(0, 5), max_size=5), st.lists(st.booleans()))
def test_open_arms_are_live_and_allowed(count: int, removed: list[int], allowed: list[bool]):
    """An arm is open exactly where it was not removed and is allowed."""
    arms = Arms(count)
    for each in removed:
        if each < count:
            arms.remove(each)
    flags = np.array((allowed + [True] * count)[:count])
    wanted = tuple(each for each in range(count) if each not in removed and flags[each])
    if wanted:
        assert arms.open(flags) == wanted
    else:
        with pytest.raises(Rejected, match="allow one"):
            arms.open(flags)


def test_a_removed_number_is_not_given_to_another():
    """A new arm has a number that no arm had, so that late rewards find the arm they are for."""
    arms = Arms(2)
    arms.remove(1)
    assert arms.add() == 2
    assert arms.live == (0, 2)
    arms.check(1)


def test_flags_of_the_wrong_length_are_refused():
    """One flag for each arm, removed ones included."""
    with pytest.raises(Rejected, match="2 flags for 3 arms"):
        Arms(3).open(np.array([True, False]))


@pytest.mark.parametrize("arm", [-1, 3])
def test_an_unknown_arm_is_named(arm: int):
    """The message says which number was given, and which there are."""
    with pytest.raises(Rejected, match=f"no arm {arm}: they are 0 to 2"):
        Arms(3).check(arm)


def test_no_arms_at_all_are_refused():
    """A policy needs something to choose."""
    with pytest.raises(Rejected, match="at least one"):
        Arms(0)


def test_arms_survive_a_restart():
    """Numbers and removals come back through JSON."""
    arms = Arms(3)
    arms.remove(1)
    again = Arms.from_state(json.loads(json.dumps(arms.state())))
    assert (again.count, again.live) == (3, (0, 2))


@pytest.mark.parametrize("state", [{}, {"count": 2, "removed": ["x"]}, {"count": "2"}])
def test_a_damaged_state_is_refused(state: dict[str, object]):
    """What is no state of arms raises ValueError."""
    with pytest.raises(ValueError):
        Arms.from_state(state)  # type: ignore[arg-type]
