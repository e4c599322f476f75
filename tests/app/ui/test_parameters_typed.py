"""Values as people type them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.parameters_typed import (
    asked_parameters,
    pairs_in,
    pairs_text,
    range_text,
    text_of,
    value_in,
    values_in,
    values_text,
)
from engine.analytics.snapshot import ArmView, ParameterRange
from tests.app.analytics_snapshots import study

VALUES = (
    st.integers(-(10**9), 10**9)
    | st.floats(-1e6, 1e6).map(lambda each: round(each, 6))
    | st.booleans()
    | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=9)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("40", 40), ("-1", -1), ("0.5", 0.5), ("1e-3", 0.001), ("true", True), ("False", False),
        ("high", "high"), ('"40"', "40"), ("  ", None), ("nan", "nan"), ('"a, b"', "a, b"),
        ("1" * 20, 1e20 / 9),
    ],
)  # fmt: skip
def test_a_value_is_what_it_looks_like(text, value):
    """Numbers, true and false are such; in quotes everything is a text."""
    found = value_in(text)
    assert type(found) is type(value)
    assert found == (pytest.approx(value) if isinstance(value, float) else value)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_what_is_shown_is_read_again(values):
    """Whatever a list holds, its text means the same: commas and quotes included."""
    found = values_in(values_text(values))
    assert list(map(repr, found)) == [repr(_plain(each)) for each in values]


def _plain(value):
    """Return a number as a short text has it: 1.0 is written 1."""
    return int(value) if isinstance(value, float) and value == int(value) else value


def test_lists_forgive_commas():
    """Empty parts are left out; a quote that does not end is a text."""
    assert values_in("low,, high ,") == ("low", "high")
    assert values_in('low, "high') == ("low", '"high')


def test_pairs_are_named():
    """Further parameters are written as name = value; what is not is told."""
    assert pairs_in("top_k = 40, min_p=0.05,") == {"top_k": 40, "min_p": 0.05}
    assert pairs_in(pairs_text([("a", "x"), ("b", True)])) == {"a": "x", "b": True}
    for text in ("top_k 40", "= 4", "top_k ="):
        with pytest.raises(ValueError, match="write it as name = value"):
            pairs_in(text)


def test_ranges_are_told():
    """From where to where, or one of which."""
    assert range_text(ParameterRange("a", "float", 0.1, 1.2)) == "0.1 to 1.2"
    assert range_text(ParameterRange("a", "int", 1, 9)) == "1 to 9, whole"
    assert range_text(ParameterRange("a", "float", 40, 40)) == "tried: 40"
    choices = ParameterRange("a", "choice", choices=("low", "mid", 2))
    assert range_text(choices) == "low, mid or 2"
    assert text_of(True) == "true"


def test_what_only_arms_have_may_be_asked_about():
    """Parameters that the settings do not describe are known by the values that arms have."""
    arms = (ArmView("a", {"top_k": 40, "style": "x"}), ArmView("b", {"top_k": 10, "style": 1}))
    found = asked_parameters(replace(study(), parameters=(), arms=arms))
    assert found == (
        ParameterRange("top_k", "float", 10, 40),
        ParameterRange("style", "choice", choices=("x", 1)),
    )
