"""Which parameters are chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.analytics.observations import AS_CAME
from engine.analytics.parameter_sets import (
    checked_arm,
    checked_ranges,
    described,
    space_of,
    starting_arms,
    with_bounds,
)
from engine.analytics.settings import RangeSettings
from engine.errors import Rejected, SettingsError

USUAL = RangeSettings()


def test_a_study_begins_with_the_request_as_it_came():
    """One arm changes nothing, the others lie within the ranges and differ."""
    arms = starting_arms(USUAL)
    assert [each.name for each in arms] == [AS_CAME, "precise", "balanced", "free"]
    assert arms[0].values == {}
    assert all(0 < each.values["temperature"] <= 1.2 for each in arms[1:])


def test_ranges_narrow_the_arms():
    """Values are moved into the ranges; arms that become the same are one."""
    narrow = replace(USUAL, temperature_low=0.5, temperature_high=0.5, top_p=False)
    assert [dict(each.values) for each in starting_arms(narrow)] == [{}, {"temperature": 0.5}]
    nothing = replace(USUAL, temperature=False, top_p=False)
    assert [each.name for each in starting_arms(nothing)] == [AS_CAME]
    assert space_of(nothing) is None


def test_the_space_is_what_is_switched_on():
    """Whole numbers are searched on a log scale; the world sees bounds and kind."""
    space = space_of(replace(USUAL, top_p=False, max_tokens=True))
    found = described(space)
    assert [(each.name, each.kind, each.is_log) for each in found] == [
        ("temperature", "float", False),
        ("max_tokens", "int", True),
    ]
    assert (found[0].low, found[0].high) == (0.1, 1.2)
    assert described(None) == ()


def test_bounds_that_contradict_are_told():
    """Settings whose lower bound is above the upper one name both keys."""
    with pytest.raises(SettingsError, match=r"top_p_low = 0.9 is above top_p_high = 0.6"):
        checked_ranges(replace(USUAL, top_p_low=0.9, top_p_high=0.6))
    assert checked_ranges(USUAL) is USUAL


def test_a_request_may_narrow_the_space():
    """Bounds of a request cut the space; those outside of it are told."""
    space = space_of(replace(USUAL, max_tokens=True))
    assert space is not None
    found = described(with_bounds(space, {"temperature": (0.0, 0.5), "max_tokens": (299.5, 900)}))
    assert (found[0].low, found[0].high) == (0.1, 0.5)
    assert (found[2].low, found[2].high) == (300, 900)
    with pytest.raises(Rejected, match=r"nothing from 1\.5 to 2"):
        with_bounds(space, {"temperature": (1.5, 2.0)})
    with pytest.raises(Rejected, match="max_tokens"):
        with_bounds(space, {"max_tokens": (299.2, 299.8)})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("", {}),
        ("x" * 61, {}),
        ("a\n", {}),
        ("good", {"model": "other"}),
        ("good", {"temperature": float("nan")}),
        ("good", {"temperature": float("inf")}),
    ],
)
def test_arms_that_cannot_be_are_refused(name: str, values: dict[str, float | str]):
    """A name that cannot be shown, NaN and fields that are no parameters are told."""
    with pytest.raises(Rejected):
        checked_arm(name, values)


def test_an_own_arm_may_have_any_parameter():
    """What a server alone knows is passed on."""
    arm = checked_arm(" mine ", {"min_p": 0.05, "effort": "low", "flag": True})
    assert (arm.name, arm.is_own, arm.values["min_p"]) == ("mine", True, 0.05)
