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
from engine.voice.subtitles import cues_of

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
