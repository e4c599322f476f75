"""What one parameter may be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.parameters import ChoiceParameter, FloatParameter, IntParameter, is_same
from engine.errors import SettingsError


@pytest.mark.parametrize(
    ("low", "high", "is_log", "word"),
    [
        (2.0, 1.0, False, "exchange"),
        (math.nan, 1.0, False, "finite"),
        (0.0, math.inf, False, "finite"),
        (0.0, 1.0, True, "logarithm"),
        (-1e308, 1e308, False, "finite"),
    ],
)
@pytest.mark.parametrize("kind", [FloatParameter, IntParameter])
def test_bounds_that_cannot_work_are_refused(kind, low, high, is_log, word):
    """The message names the parameter and what to do."""
    with pytest.raises(SettingsError, match=f"heat.*{word}"):
        kind("heat", low, high, is_log)


def test_half_a_whole_number_is_refused():
    """The bounds of a whole number are whole."""
    with pytest.raises(SettingsError, match="FloatParameter"):
        IntParameter("steps", 1.5, 3)


@pytest.mark.parametrize("choices", [(), ("a", "b", "a"), (1, 1.0)])
def test_choices_are_given_once(choices):
    """None and twice are refused."""
    with pytest.raises(SettingsError, match="model"):
        ChoiceParameter("model", choices)


def test_true_is_not_one():
    """A switch and a number are different choices though Python finds them equal."""
    choice = ChoiceParameter("x", (1, True, 0, False))
    assert [choice.index(each) for each in (1, True, 0, False)] == [0, 1, 2, 3]
    assert is_same(1, 1.0)
    assert not is_same(1, True)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1))
def test_numbers_come_back(low, width, unit):
    """A value within the bounds is the same after the way to the cube and back."""
    parameter = FloatParameter("x", low, low + width)
    value = parameter.from_unit(unit)
    assert low <= value <= low + width
    there = parameter.to_unit(value)
    assert there is not None
    assert parameter.from_unit(there) == pytest.approx(value, abs=1e-9 * (abs(low) + width))


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.booleans(), st.data())
def test_whole_numbers_come_back_exactly(low, width, is_log, data):
    """Every whole number is itself again, on a logarithmic scale too."""
    parameter = IntParameter("x", low, low + width, is_log)
    value = data.draw(st.integers(low, low + width))
    there = parameter.to_unit(value)
    assert there is not None
    assert parameter.from_unit(there) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, 3.0, -1, "1", True])
def test_what_is_no_number_within_bounds_lies_nowhere(value):
    """It has no place, and the refusal names the parameter."""
    parameter = FloatParameter("x", 0, 2)
    assert parameter.to_unit(value) is None
    assert parameter.refusal(value).startswith("x: ")


def test_a_range_of_one_value_works():
    """Bounds may be equal."""
    assert IntParameter("x", 3, 3).from_unit(IntParameter("x", 3, 3).to_unit(3) or 0.0) == 3
    assert FloatParameter("x", 3, 3).to_unit(3.0) == 0.0
