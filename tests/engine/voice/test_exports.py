"""Transcripts leave in formats that other programs read."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.exports import EXPORTS, HISTORY_EXPORTS, timecode
from engine.voice.snapshot import Segment, Transcript, Utterance, Word
from engine.voice.subtitles import LINE_WIDTH, cues_of, width, wrapped

EMPTY = Transcript((), None, 3.0, "base")


def spoken(text: str, start_s: float = 0.0, word_s: float = 0.4) -> Segment:
    """A segment whose words follow each other without pauses."""
    words = tuple(
        Word(word, start_s + n * word_s, start_s + (n + 1) * word_s, 0.9)
        for n, word in enumerate(text.split())
    )
    return Segment(text, start_s, start_s + len(words) * word_s, 0.8, words)


def of(*segments: Segment) -> Transcript:
    return Transcript(segments, "en", 100.0, "base")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "00:00:00,000"),
        (59.9994, "00:00:59,999"),
        (59.9996, "00:01:00,000"),
        (3599.9999, "01:00:00,000"),
        (360_000.5, "100:00:00,500"),
        (-0.2, "00:00:00,000"),
    ],
)
def test_timecode(seconds: float, expected: str) -> None:
    """Times are rounded as a whole, never to 60 seconds, and hours may exceed 99."""
    assert timecode(seconds, ",") == expected


@pytest.mark.parametrize(("format", "expected"), [("txt", ""), ("srt", ""), ("vtt", "WEBVTT\n")])
def test_silence_gives_empty_files(format: str, expected: str) -> None:
    """A transcript without speech is an empty, valid file."""
    assert EXPORTS[format](EMPTY) == expected
    assert HISTORY_EXPORTS[format](()) == expected


def test_txt_has_a_line_a_segment() -> None:
    """Plain text has one line for each segment, whatever blanks were in it."""
    assert EXPORTS["txt"](of(spoken("One\ntwo."), spoken("Three."))) == "One two.\nThree.\n"


def test_srt_layout() -> None:
    """SubRip has number, times with commas, text, and a blank line."""
    text = EXPORTS["srt"](of(spoken("Ask not."), spoken("Ask --> me.", 2.0)))
    assert text == (
        "1\n00:00:00,000 --> 00:00:00,800\nAsk not.\n\n"
        "2\n00:00:02,000 --> 00:00:03,200\nAsk -> me.\n\n"
    )


def test_vtt_layout_and_escapes() -> None:
    """WebVTT has its header, times with points, and escaped signs."""
    text = EXPORTS["vtt"](of(spoken("a < b & c --> d")))
    assert text == ("WEBVTT\n\n00:00:00.000 --> 00:00:02.800\na &lt; b &amp; c --&gt; d\n")


def test_json_holds_everything() -> None:
    """JSON gives text, language, model and every timed word, readable as written."""
    transcript = Transcript((spoken("Grüße dich."),), "de", 1.5, "base")
    content = json.loads(EXPORTS["json"](transcript))
    assert "Grüße" in EXPORTS["json"](transcript)
    assert content["text"] == "Grüße dich."
    assert (content["language"], content["duration_s"], content["model"]) == ("de", 1.5, "base")
    assert content["segments"][0]["words"][1] == {
        "text": "dich.",
        "start_s": 0.4,
        "end_s": 0.8,
        "confidence": 0.9,
    }


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


@given(
    st.lists(
        st.tuples(
            st.text("abc .?語", min_size=1, max_size=120), st.floats(0, 1e6), st.floats(0, 60)
        ),
        max_size=6,
    )
)
def test_subtitles_never_overlap(parts: list[tuple[str, float, float]]) -> None:
    """Subtitles are in order and none begins before the one ahead of it has ended."""
    segments = [Segment(text, start, start + length, 1.0) for text, start, length in parts]
    cues = cues_of(sorted(segments, key=lambda segment: segment.start_s))
    for cue, after in itertools.pairwise(cues):
        assert cue.start_s <= cue.end_s <= after.start_s
    for text in (EXPORTS["srt"](of(*segments)), EXPORTS["vtt"](of(*segments))):
        assert not re.search(r":60|\n\n\n", text)


def test_history_is_one_time_axis() -> None:
    """Utterances from the history begin at zero with the oldest, whatever their order."""
    start = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    later = Utterance(8, start + timedelta(seconds=90), "Later.", "en", 1.0, "microphone", 0.5)
    first = Utterance(7, start, "First.", "en", 2.0, "microphone")
    assert HISTORY_EXPORTS["srt"]([later, first]) == (
        "1\n00:00:00,000 --> 00:00:02,000\nFirst.\n\n2\n00:01:30,000 --> 00:01:31,000\nLater.\n\n"
    )
    assert HISTORY_EXPORTS["vtt"]([later, first]).startswith("WEBVTT\n\n00:00:00.000")
    rows = json.loads(HISTORY_EXPORTS["json"]([later, first]))
    assert [row["text"] for row in rows] == ["First.", "Later."]
    assert rows[0]["said_at"] == "2026-03-01T09:00:00+00:00"
    local = start.astimezone()
    assert HISTORY_EXPORTS["txt"]([first]) == f"{local:%Y-%m-%d %H:%M:%S}  First.\n"
