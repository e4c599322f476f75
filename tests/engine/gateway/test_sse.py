"""Server-sent events come together again however they were cut."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.gateway.sse import EventReader, event, nameless_event

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def pieces_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    """Return `stream` cut at `cuts`, which are taken modulo its length."""
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(places)]


@given(st.lists(VALUES), st.lists(st.integers(min_value=0)), st.booleans())
def test_events_survive_any_cut(values: list[object], cuts: list[int], has_names: bool):
    """What was written as events is read as the same values, cut wherever it was."""
    written = [event("said", value) if has_names else nameless_event(value) for value in values]
    reader = EventReader()
    found = [data for piece in pieces_of(b"".join(written), cuts) for data in reader.feed(piece)]
    assert [msgspec.json.decode(data) for data in found] == values


def test_other_line_ends_comments_and_long_data_are_understood():
    """Carriage returns, comments, fields of no interest and data over several lines are read."""
    stream = b": hello\r\nid: 4\r\ndata: one\r\ndata:two\r\n\r\nretry: 9\n\n\n\ndata: three\n\n"
    assert EventReader().feed(stream) == [b"one\ntwo", b"three"]


def test_an_event_that_is_not_finished_is_not_told():
    """An event counts once its blank line has come."""
    reader = EventReader()
    assert reader.feed(b"data: half\n") == []
    assert reader.feed(b"\n") == [b"half"]


def test_an_event_has_its_name_and_one_line_of_data():
    """Line ends in a value do not break an event."""
    assert event("said", {"text": "a\nb"}) == b'event: said\ndata: {"text":"a\\nb"}\n\n'
