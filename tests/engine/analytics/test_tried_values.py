"""Values that are asked about, beside those that were tried."""

from __future__ import annotations

import pytest

from engine.analytics.parameters import (
    ChoiceParameter,
    Condition,
    FloatParameter,
    IntParameter,
    LinearConstraint,
)
from engine.analytics.space import Space
from engine.analytics.tried_values import (
    Tried,
    counting,
    evidence_of,
    space_around,
    warnings_of,
)
from engine.errors import Rejected

EFFORT = ChoiceParameter("effort", ("low", "high"))
BUDGET = IntParameter("budget", 10, 1000, True, Condition("effort", frozenset({"high"})))
HEAT = FloatParameter("heat", 0.0, 1.0)
MIN_P = FloatParameter("min_p", 0.01, 0.5, is_log=True)
KNOWN = Space([HEAT, MIN_P, EFFORT, BUDGET], [LinearConstraint({"heat": 1, "min_p": 2}, 1.2)])


def tried(**values):
    return Tried(values, 0.5, 100.0)


def test_what_counts_only_with_another_value_is_left_out():
    """A condition that is not met takes its parameter out; one that is not asked about does not."""
    kept, told = counting({"effort": "low", "budget": 20}, KNOWN)
    assert kept == {"effort": "low"}
    assert told == ["budget is left out: it counts only while effort is high"]
    assert counting({"effort": "high", "budget": 20}, KNOWN) == (
        {"effort": "high", "budget": 20},
        [],
    )
    assert counting({"budget": 20}, KNOWN)[0] == {"budget": 20}
    assert counting({"x": 1}, None) == ({"x": 1}, [])


def test_the_space_holds_everything():
    """What is asked about and what was tried has a place, beyond the bounds of the settings too."""
    rows = [tried(heat=1.5, effort="mid"), tried(heat=0.2), tried(heat="hot")]
    space = space_around({"heat": -1.0, "effort": "max", "min_p": 0.0}, rows, KNOWN)
    heat, effort, min_p = space.parameters
    assert (heat.low, heat.high) == (-1.0, 1.5)
    assert effort.choices == ("low", "high", "mid", "max")
    assert not min_p.is_log
    assert space.encode({"heat": 1.5, "effort": "mid", "min_p": 0.5}) is not None


def test_parameters_that_only_arms_have_are_known_by_their_values():
    """Numbers make a number, anything else makes choices."""
    rows = [tried(top_k=40, style="a"), tried(top_k=10, style=True)]
    top_k, style = space_around({"top_k": 100, "style": "b"}, rows, None).parameters
    assert (top_k.low, top_k.high) == (10, 100)
    assert style.choices == ("a", True, "b")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"nobody": 1}, "no answer had it"),
        ({"heat": "hot"}, "give a number"),
        ({"heat": float("nan")}, "give a number"),
        ({"heat": True}, "give a number"),
        ({"budget": 1.5}, "whole number"),
    ],
)
def test_values_that_are_none_are_refused(values, words):
    """The parameter that is wrong is named."""
    with pytest.raises(Rejected, match=words) as caught:
        space_around(values, [], KNOWN)
    assert caught.value.param in values


def test_what_was_never_tried_is_told():
    """Beyond what was tried or set, a choice nobody made, a sum that is too large."""
    rows = [tried(heat=0.2, effort="low"), tried(heat=0.8, effort="low")]
    assert warnings_of({"heat": 0.5, "effort": "low"}, rows, KNOWN) == []
    assert warnings_of({"heat": 1.3, "effort": "high", "min_p": 0.2}, rows, KNOWN) == [
        "heat 1.3 lies above everything that was tried (0.2 to 0.8)",
        "heat 1.3 lies outside the 0 to 1 of the settings",
        "effort high was never tried",
        "min_p was never tried",
        "the search keeps 1*heat + 2*min_p <= 1.2, and this is 1.7",
    ]
    told = warnings_of({"heat": 0.1, "effort": "max"}, rows[:1], KNOWN)
    assert told == [
        "heat 0.1 lies below everything that was tried (0.2)",
        "effort max was never tried",
        "effort max is none of the choices in the settings",
    ]


def test_evidence_is_counted():
    """How many answers it stands on, and what the same or the nearest values earned."""
    rows = [tried(heat=0.2, min_p=0.1), Tried({"heat": 0.4}, 1.0, None), tried(heat=0.4)]
    space = space_around({"heat": 0.4}, rows, KNOWN)
    assert evidence_of({"heat": 0.4}, rows, space) == [
        "3 rated answers had values for heat",
        "2 rated answers had just these values and earned 0.75 on average",
    ]
    assert evidence_of({"heat": 0.25}, rows, space) == [
        "3 rated answers had values for heat",
        "1 rated answer had the nearest values (heat 0.2) and earned 0.50 on average",
    ]
    assert evidence_of({}, [Tried({}, 1.0, None)], None) == [
        "1 rated answer had nothing filled in",
    ]
    assert evidence_of({"heat": 0.4}, [Tried({"heat": 0.4}, None, 1.0)], space) == []
