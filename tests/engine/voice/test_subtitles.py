"""Subtitles can be read: short lines, whole thoughts, and the time they are spoken in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.snapshot import Segment, Word
from engine.voice.subtitles import LINE_WIDTH, cues_of, width, wrapped


def spoken(text: str, start_s: float = 0.0, word_s: float = 0.4) -> Segment:
    """A segment whose words follow each other without pauses."""
    words = tuple(
        Word(word, start_s + n * word_s, start_s + (n + 1) * word_s, 0.9)
        for n, word in enumerate(text.split())
    )
    return Segment(text, start_s, start_s + len(words) * word_s, 0.8, words)


def test_long_segment_becomes_several_subtitles() -> None:
    """A long segment is cut between words, each subtitle timed by its own words."""
    text = " ".join(f"word{n:02}" for n in range(30))
    cues = cues_of([spoken(text, word_s=0.3)])
    assert len(cues) == 4
    assert " ".join(" ".join(cue.lines) for cue in cues) == text
    for cue in cues:
        assert len(cue.lines) <= 2
        first = int(cue.lines[0][4:6])
        assert cue.start_s == pytest.approx(first * 0.3)


def test_subtitle_ends_with_its_sentence() -> None:
    """Text that needs two subtitles is parted where a sentence ends."""
    first = "And so my fellow Americans, ask not what your country can do."
    second = "Ask what you can do for it, and do that."
    cues = cues_of([spoken(f"{first} {second}", word_s=0.2)])
    assert [" ".join(cue.lines) for cue in cues] == [first, second]


def test_no_word_is_left_alone() -> None:
    """Where one word is too much for a subtitle, both parts share the words."""
    text = "immediate predecessors of the truly printed book that everybody owned and nobody knew."
    cues = cues_of([spoken(text, word_s=0.2)])
    assert len(cues) == 2
    assert all(len(" ".join(cue.lines).split()) >= 5 for cue in cues)


def test_subtitle_does_not_stand_over_a_pause() -> None:
    """A long pause between two words ends the subtitle before it."""
    words = (Word("One", 0.0, 0.5, 1.0), Word("two.", 5.0, 5.5, 1.0))
    cues = cues_of([Segment("One two.", 0.0, 5.5, 1.0, words)])
    assert [(cue.start_s, cue.end_s) for cue in cues] == [(0.0, 0.5), (5.0, 5.5)]


def test_unspaced_script_keeps_no_blanks() -> None:
    """Chinese words are joined as the text has them, and lines count two columns a sign."""
    text = "今天天气很好" * 8
    words = tuple(Word(sign, n * 0.2, n * 0.2 + 0.2, 0.9) for n, sign in enumerate(text))
    cues = cues_of([Segment(text, 0.0, len(text) * 0.2, 0.9, words)])
    assert "".join("".join(cue.lines) for cue in cues) == text
    assert all(width(line) <= LINE_WIDTH for cue in cues for line in cue.lines)


def test_segment_without_words_is_spread_over_its_time() -> None:
    """Where word times are missing, subtitles share the segment's time by their letters."""
    text = " ".join(["letters"] * 24)
    cues = cues_of([Segment(text, 10.0, 22.0, 0.9)])
    assert cues[0].start_s == 10.0
    assert cues[-1].end_s == pytest.approx(22.0, abs=0.1)
    assert len(cues) >= 3


def test_two_lines_are_balanced() -> None:
    """Two lines share the words, the upper one not the longer."""
    assert wrapped("ask not what your country can do for you, ask") == (
        "ask not what your",
        "country can do for you, ask",
    )


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_wrapping_loses_nothing(text: str) -> None:
    """Whatever the text, every line fits and every sign that is no blank remains."""
    lines = wrapped(text)
    assert all(width(line) <= LINE_WIDTH for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
