"""What all policies share."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analytics.bandits import Choice, checked, number, numbers, part
from engine.errors import Rejected


@pytest.mark.parametrize("reward", [math.nan, math.inf, -math.inf])
def test_rewards_that_are_no_numbers_are_refused(reward: float):
    """NaN and infinity are refused by a message that names the value and the arm."""
    with pytest.raises(Rejected, match=f"{reward!r} of arm 3"):
        checked(reward, 3)


def test_rewards_out_of_bounds_are_refused():
    """The message says which bounds hold."""
    with pytest.raises(Rejected, match=r"1\.5 of arm 0 is not from 0 to 1"):
        checked(1.5, 0, 0.0, 1.0)
    assert checked(1, 0, 0.0, 1.0) == 1.0


def test_propensities_are_worked_out_once():
    """The first reading works them out, later ones give the same."""
    calls: list[int] = []

    def chances() -> np.ndarray:
        calls.append(1)
        return np.array([0.25, 0.75])

    choice = Choice(1, 7, chances)
    assert calls == []
    assert (choice.propensity, choice.propensity) == (0.75, 0.75)
    assert len(calls) == 1
    assert repr(choice) == "Choice(arm=1, turn=7)"


def test_states_are_checked():
    """What is missing or of another kind raises ValueError that names it."""
    assert numbers({"a": [1, 2.5]}, "a") == [1.0, 2.5]
    assert part({"a": {"b": 1}}, "a") == {"b": 1}
    for call in (
        lambda: numbers({}, "a"),
        lambda: numbers({"a": [True]}, "a"),
        lambda: number("1", "a"),
        lambda: part({"a": 1}, "a"),
    ):
        with pytest.raises(ValueError, match=r"^a:"):
            call()
