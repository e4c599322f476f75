"""Lines come whole, however they were cut, and none is gathered for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.adapters.anthropic_wire_events import AnthropicEvents
from engine.coordinator.adapters.line_cutter import LineCutter
from engine.coordinator.adapters.ollama_wire_answer import OllamaEvents
from engine.errors import Damaged


class Counting(bytes):
    """Bytes that count how many of them were copied by adding them to others."""

    copied = 0

    def __radd__(self, other: bytes) -> bytes:
        Counting.copied += len(other) + len(self)
        return other + bytes(self)


@given(st.lists(st.text("ab\n", max_size=8).map(str.encode), max_size=12))
def test_lines_are_those_of_the_whole(pieces: list[bytes]):
    """However a stream is cut, its lines are the same, and the last one waits for its end."""
    cutter = LineCutter(where="here")
    lines = [line for piece in pieces for line in cutter.add(piece)]
    *whole, rest = b"".join(pieces).split(b"\n")
    assert lines == whole
    assert cutter.has_rest == bool(rest)


def test_a_line_that_does_not_end_is_damage():
    """The message tells the server and the limit; nothing of the line stays."""
    cutter = LineCutter(where="attic (http://attic)", largest_bytes=1 << 20)
    cutter.add(b"x" * (1 << 20))
    with pytest.raises(Damaged, match=r"attic .* within 1 MiB"):
        cutter.add(b"x")
    assert not cutter.has_rest


@pytest.mark.parametrize(
    "events",
    [
        OllamaEvents(where="here", with_usage=True),
        AnthropicEvents(where="here", with_usage=True, created=1),
    ],
)
def test_a_long_line_is_gathered_without_copying_it_for_each_piece(events):
    """What came is kept in pieces: a line of many megabytes takes as long as many short ones."""
    Counting.copied = 0
    for _ in range(100):
        assert events.feed(Counting(b" " * 1000)) == b""
    assert Counting.copied == 0
