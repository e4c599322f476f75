"""Where server-sent events end, and what they say."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator import events
from engine.coordinator.events import (
    EventCutter,
    are_events,
    data_of,
    done_at,
    is_event,
    split,
    up_to_done,
    whole_events,
)
from engine.errors import Damaged
from engine.exchange import DONE

LINES = st.sampled_from(
    ['data: {"a":"ü€😀"}', "data: [DONE]", ": hm", "event: x", "id: 1", "data:x", "data: \\n\\n"]
)
ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Return a stream of events, and the same cut anywhere, also within a character."""
    text = ""
    for _ in range(draw(st.integers(0, 6))):
        end = draw(ENDS)
        lines = draw(st.lists(LINES, min_size=1, max_size=3))
        text += "".join(line + end for line in lines) + end
    whole = text.encode() + draw(st.sampled_from([b"", b"data: {", b"\n", b"\r", "ü".encode()[:1]]))
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    edges = [0, *cuts, len(whole)]
    return whole, [whole[a:b] for a, b in pairwise(edges)]


@given(streams())
def test_nothing_is_lost_wherever_it_is_cut(stream: tuple[bytes, list[bytes]]):
    """Every piece that comes out ends where an event ends, and together they are what went in."""
    whole, pieces = stream
    tested = EventCutter()
    out = [tested.add(piece) for piece in pieces]
    assert b"".join(out) + tested.rest() == whole
    for piece in filter(None, out):
        assert piece.endswith((b"\n\n", b"\n\r\n"))
        piece.decode()  # cut within no character
    assert whole_events(tested.rest()) == 0


@given(streams())
def test_splitting_keeps_every_byte(stream: tuple[bytes, list[bytes]]):
    """Each event comes with the empty line that ends it."""
    whole = stream[0][: whole_events(stream[0])]
    found = split(whole)
    assert b"".join(found) == whole
    assert all(whole_events(event) == len(event) for event in found if event.strip())


def test_an_event_without_an_end_is_damaged(monkeypatch: pytest.MonkeyPatch):
    """A server that never ends an event does not fill the memory."""
    monkeypatch.setattr(events, "LARGEST_EVENT_BYTES", 100)
    tested = EventCutter()
    for _ in range(8):
        tested.add(b"data: 123456")
    with pytest.raises(Damaged, match="larger than"):
        tested.add(b"data: 123456")


def test_data_is_taken_from_its_lines():
    """Other fields and comments are no data; several lines of data are one."""
    assert data_of(b": x\nevent: y\ndata: {\r\ndata:}\n\n") == b"{\n}"
    assert data_of(b'error: {"code":500}\n\n') == b'{"code":500}'
    assert data_of(b": only a comment\n\n") == b""


@pytest.mark.parametrize("page", [b"<html>\n\n</html>", b'{"error": 1}\n\n', b"Bad Gateway\n\n"])
def test_a_page_is_no_event(page: bytes):
    """HTML, JSON and words are told from events."""
    assert not is_event(page)
    assert is_event(b"\n\ndata: 1\n\n")
    assert is_event(b": hm\n\n")


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_something_else_between_events_is_seen(end: bytes):
    """What follows an event in the same piece must be one too, until the stream is over."""
    hi = b'data: {"content":"Hi"}' + end
    assert are_events(hi + hi)
    assert are_events(hi + b": hm" + end + b"event: x\ndata: 1" + end)
    assert not are_events(hi + b"\x00\xff oh" + end)
    assert not are_events(hi + b"<html>" + end + hi)
    assert are_events(hi + b"data: [DONE]" + end + b"bye" + end)


def test_done_is_a_line_and_not_a_word():
    """An answer that speaks of [DONE] is not over."""
    assert done_at(b'data: {"content":"data: [DONE]"}\n\n') == -1
    assert up_to_done(b'data: {"content":"[DONE]"}\n\ndata:[DONE]\r\n\r\ndata: more\n\n') == (
        b'data: {"content":"[DONE]"}\n\n' + DONE
    )
    ended = b"data: 1\n\n" + DONE
    assert up_to_done(ended) is ended
    assert up_to_done(b"data: 1\n\n") is None
