"""A transcript reads the same in every format of OpenAI's."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from openai.types.audio import Transcription, TranscriptionVerbose

from engine.gateway.audio_formats import FORMATS, TEXTS, brief, plain, verbose
from engine.voice.snapshot import Transcript
from tests.engine.gateway.spoken import TRANSCRIPT

ALL = frozenset({"segment", "word"})
SILENCE = Transcript((), None, 3.0, "base")


def told(transcript: Transcript = TRANSCRIPT, **options: Any) -> dict[str, Any]:
    """Return the verbose format decoded."""
    wanted: dict[str, Any] = {"task": "transcribe", "granularities": ALL} | options
    found: dict[str, Any] = msgspec.json.decode(verbose(transcript, **wanted))
    return found


def test_every_format_is_offered():
    """The five formats of OpenAI's are those that can be asked for."""
    assert FORMATS == ("json", "text", "srt", "vtt", "verbose_json")


def test_short_formats():
    """Text is the words alone; JSON has the seconds of sound beside them."""
    assert plain(TRANSCRIPT) == b"Hello there. Who is it?\n"
    parsed = Transcription.model_validate_json(brief(TRANSCRIPT), strict=True)
    assert parsed.text == TRANSCRIPT.text
    assert parsed.usage is not None
    assert parsed.usage.to_dict() == {"type": "duration", "seconds": 65}


def test_subtitles():
    """Subtitles carry the times of their words."""
    assert TEXTS["srt"][0](TRANSCRIPT).startswith(b"1\n00:00:00,500 --> 00:00:01,750\nHello there.")
    assert TEXTS["vtt"][0](TRANSCRIPT).startswith(b"WEBVTT\n\n00:00:00.500 --> 00:00:01.750")


def test_all_that_is_known():
    """The verbose format has every segment and word at its time, in the types of the SDK."""
    parsed = TranscriptionVerbose.model_validate(told(), strict=True)
    assert (parsed.language, parsed.duration) == ("english", 64.2)
    assert parsed.segments is not None
    assert [(each.id, each.start, each.end) for each in parsed.segments] == [
        (0, 0.5, 1.75),
        (1, 62.0, 63.5),
    ]
    assert parsed.segments[0].avg_logprob == pytest.approx(math.log(0.9))
    assert parsed.words is not None
    assert [each.word for each in parsed.words] == ["Hello", "there.", "Who"]


def test_times_come_where_they_are_asked_for():
    """Segments and words are each told only if they are wanted."""
    assert told(granularities=frozenset({"segment"})).keys() & {"segments", "words"} == {"segments"}
    assert told(granularities=frozenset({"word"})).keys() & {"segments", "words"} == {"words"}


def test_a_translation_is_english():
    """Whatever was spoken, the text of a translation is English."""
    german = replace(TRANSCRIPT, language="de")
    assert told(german)["language"] == "german"
    assert told(german, task="translate")["language"] == "english"


@pytest.mark.parametrize("format", TEXTS)
def test_silence_has_every_format(format: str):
    """Where nobody spoke, each format is whole and empty."""
    assert b"-->" not in TEXTS[format][0](SILENCE)
    TranscriptionVerbose.model_validate(told(SILENCE), strict=True)
