"""Parameters together, as points of the unit cube."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.space import (
    ChoiceParameter,
    Condition,
    FloatParameter,
    IntParameter,
    LinearConstraint,
    Space,
    nearest,
)
from engine.errors import Rejected, SettingsError

FULL = Space(
    [
        ChoiceParameter("model", ("small", "large", "wise")),
        FloatParameter("temperature", 0.0, 2.0),
        FloatParameter("rate", 1e-4, 1.0, is_log=True),
        IntParameter("tokens", 1, 4096, is_log=True),
        ChoiceParameter("thinks", (False, True), Condition("model", frozenset({"wise", "large"}))),
        IntParameter("effort", 1, 5, only_if=Condition("thinks", frozenset({True}))),
    ],
    [LinearConstraint({"temperature": 1000.0, "tokens": 1.0}, 3000.0)],
)


@given(st.integers(0, 2**32))
def test_what_is_drawn_is_allowed_and_comes_back(seed):
    """Points are allowed; values of a point lead to the same point, and to the same values."""
    units = FULL.sample(np.random.default_rng(seed), 20)
    assert FULL.allowed(units).all()
    for unit in units:
        values = FULL.decode(unit)
        assert FULL.refusal(values) == ""
        again = FULL.encode(values)
        assert again is not None
        np.testing.assert_allclose(again, unit, atol=1e-9)
        assert FULL.decode(again) == pytest.approx(values)


def test_what_does_not_count_is_left_out():
    """A parameter whose condition is not met is not among the values, nor are those below it."""
    unit = FULL.encode({"model": "small", "temperature": 1.0, "rate": 0.1, "tokens": 5})
    assert unit is not None
    assert set(FULL.decode(unit)) == {"model", "temperature", "rate", "tokens"}
    snapped = FULL.snap(np.array([[0.0, 0.2, 0.2, 0.2, 1.0, 1.0], [0.0, 0.2, 0.2, 0.2, 0.0, 0.0]]))
    np.testing.assert_array_equal(snapped[0], snapped[1])


def test_what_counts_follows_the_conditions():
    """A parameter two conditions deep counts where both are met."""
    values = {"model": "wise", "temperature": 1.0, "rate": 0.1, "tokens": 5, "thinks": True}
    counts = FULL.counting(np.array([FULL.encode(values | {"effort": 2})]))
    assert counts.all()
    counts = FULL.counting(np.array([FULL.encode(values | {"thinks": False})]))
    assert counts.tolist() == [[True, True, True, True, True, False]]


def test_one_value_and_very_many_whole_numbers_have_their_places():
    """No two points of the cube stand for the same values."""
    space = Space([FloatParameter("x", 3, 3), IntParameter("y", 0, 10_000_000)])
    units = space.snap(np.random.default_rng(0).random((20, 2)))
    for unit in units:
        again = space.encode(space.decode(unit))
        assert again is not None
        np.testing.assert_array_equal(again, unit)


def test_every_choice_is_drawn_equally_often():
    """The ends of a grid get as much of the cube as its middle."""
    drawn = FULL.sample(np.random.default_rng(1), 3000)[:, 0]
    shares = [np.mean(drawn == each) for each in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(shares, 1 / 3, atol=0.04)


def test_a_vanished_choice_lies_nowhere():
    """Values with a choice that was removed are never taken for another."""
    fewer = FULL.with_choices("model", ("small", "wise"))
    values = {"model": "large", "temperature": 1.0, "rate": 0.1, "tokens": 5, "thinks": False}
    assert FULL.encode(values) is not None
    assert fewer.encode(values) is None
    assert "large" in fewer.refusal(values)
    more = FULL.with_choices("model", ("new", "small", "large", "wise"))
    unit = more.encode(values)
    assert unit is not None
    assert more.decode(unit) == pytest.approx(values)


def test_a_number_has_no_choices():
    """Only choices may be changed while running."""
    with pytest.raises(Rejected, match="temperature"):
        FULL.with_choices("temperature", (1, 2))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "model is missing"),
        ({"model": "small", "colour": 1}, "colour"),
        ({"model": "small", "temperature": 3.0, "rate": 0.1, "tokens": 1}, "temperature: 3.0"),
        ({"model": "small", "temperature": float("nan"), "rate": 0.1, "tokens": 1}, "nan"),
        ({"model": "small", "temperature": 1.9, "rate": 0.1, "tokens": 4000}, "the sum is 5900"),
        ({"model": "small", "temperature": 1.9, "rate": 0.1, "tokens": 1.5}, "round"),
    ],
)
def test_a_refusal_says_what_is_wrong(values, word):
    """It names the parameter and the value."""
    assert word in FULL.refusal(values)
    assert not FULL.is_allowed(values)


@pytest.mark.parametrize(
    ("parameters", "constraints", "word"),
    [
        ([], [], "no parameters"),
        ([FloatParameter("x", 0, 1), FloatParameter("x", 0, 1)], [], "x is the name of two"),
        ([FloatParameter("x", 0, 1, only_if=Condition("y", frozenset({1})))], [], "before"),
        ([FloatParameter("x", 0, 1)], [LinearConstraint({"x": 1.0}, -1.0)], "no values keep"),
        ([FloatParameter("x", 0, 1)], [LinearConstraint({"y": 1.0}, 1.0)], "'y'"),
        ([FloatParameter("x", 0, 1)], [LinearConstraint({"x": float("nan")}, 1.0)], "finite"),
        (
            [FloatParameter("x", 0, 1), FloatParameter("y", 0, 1)],
            [LinearConstraint({"x": 1, "y": 1}, 0.5), LinearConstraint({"x": -1, "y": -1}, -0.6)],
            "no values keep",
        ),
        (
            [IntParameter("x", 0, 9)],
            [LinearConstraint({"x": 1}, 2.6), LinearConstraint({"x": -1}, -2.4)],
            "no whole numbers",
        ),
    ],
)
def test_contradictions_are_refused_at_once(parameters, constraints, word):
    """A space in which nothing could be drawn is never made."""
    with pytest.raises(SettingsError, match=word):
        Space(parameters, constraints)


def test_little_room_does_not_take_forever():
    """Where one point in ten thousand is allowed, points are found by walking, and differ."""
    thin = Space(
        [FloatParameter(f"x{i}", 0, 1) for i in range(4)],
        [LinearConstraint({f"x{i}": 1.0 for i in range(4)}, 0.2)],
    )
    units = thin.sample(np.random.default_rng(0), 50)
    assert thin.allowed(units).all()
    assert len(np.unique(units.round(6), axis=0)) > 40
    assert units.sum(1).max() > 0.15


def test_an_unknown_parameter_is_rejected():
    """Its name and those that exist are said."""
    with pytest.raises(Rejected, match=r"colour.*temperature"):
        FULL.parameter("colour")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9, unique=True), st.floats(0, 1))
def test_nearest_is_nearest(values, at):
    """The place found is as near as the best by search."""
    grid = np.sort(np.array(values))
    found = nearest(grid, np.array([at]))[0]
    assert abs(grid[found] - at) == np.abs(grid - at).min()
