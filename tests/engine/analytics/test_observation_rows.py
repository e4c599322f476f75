"""How observations lie in SQLite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.observation_rows import (
    COLUMNS,
    StudyNotes,
    notes_of,
    notes_text,
    observation_of,
    row_of,
    span_text,
    spans_of,
)
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.quantiles import Quantiles
from engine.analytics.request_context import FEATURES, VERSION, RequestContext
from engine.analytics.snapshot import Estimate

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
CONTEXTS = st.none() | st.builds(
    RequestContext, st.dictionaries(st.sampled_from(FEATURES), st.floats(-1, 1))
)
VALUES = st.dictionaries(st.text(), st.one_of(NUMBERS, st.text(), st.booleans()), max_size=4)


@given(
    VALUES, VALUES, st.dictionaries(st.text(), NUMBERS, max_size=4), st.none() | NUMBERS, CONTEXTS
)
def test_a_row_gives_the_observation_back(values, suggested, terms, reward, context):
    """Whatever an observation holds, its row gives back the same."""
    found = Observation(
        "a", StudyKey("m\x00", "chat"), 1.5, values, "arm", "req", suggested, True, 0.25, "host",
        ("why",), Estimate(0.5, 0.1, 0.9), None, "rewarded", terms, 3.0, reward, 7, 2.0, 3.0,
        reward, "editor", context,
    )  # fmt: skip
    again = observation_of(row_of(found))
    assert {name: getattr(again, name) for name in Observation.__slots__} == {
        name: getattr(found, name) for name in Observation.__slots__
    }


def test_details_of_another_version_are_left_out():
    """Figures count also where the rest cannot be read."""
    row = list(row_of(Observation("a", StudyKey("m", "chat"), 1.0, reward=0.5)))
    row[COLUMNS.index("details")] = '{"terms": 17}'
    found = observation_of(row)
    assert (found.reward, found.terms) == (0.5, {})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "7", '{"v": 1}', '{"v": 1, "x": {"colour": 1.0}}', "[" * 9999,
             '{"v": "1", "x": {}}', '{"v": 1, "x": {"length": 9.0}}', b"\xff", 5],
)  # fmt: skip
def test_a_context_that_cannot_be_read_is_none(text):
    """Whatever stands in its column, the rest of the row counts."""
    row = list(row_of(Observation("a", StudyKey("m", "chat"), 1.0, reward=0.5)))
    assert row[COLUMNS.index("context")] == ""
    row[COLUMNS.index("context")] = text
    found = observation_of(row)
    assert (found.reward, found.context) == (0.5, None)


def test_features_of_another_version_stay_as_they_are():
    """They are written again as they were read, for the version that knows them."""
    context = RequestContext({"mood": 7.0}, VERSION + 1)
    row = row_of(Observation("a", StudyKey("m", "chat"), 1.0, context=context))
    assert row_of(observation_of(row)) == row


def test_spans_and_notes_survive():
    """Hours and notes are read as they were written; what cannot be read is left out."""
    quantiles = Quantiles()
    for each in (10.0, 1000.0, 1000.0):
        quantiles.count(5.0)
        quantiles.latency(5.0, each)
        quantiles.cost(5.0, 0.5)
    span = quantiles.span(0.0)
    assert span is not None
    text = span_text(span)
    assert spans_of([(0.0, text), (1.0, "[]"), (2.0, "{"), (3.0, "[1,2,3,4,5,6,7]")]) == [span]
    notes = StudyNotes({"mine": {"temperature": 0.5}}, ("free",), "it refuses top_p")
    assert notes_of(notes_text(notes)) == notes
    assert notes_of("broken") == StudyNotes()
