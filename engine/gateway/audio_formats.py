"""A transcript in the formats of OpenAI's audio endpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec

from engine.gateway.fields import JsonObject
from engine.gateway.languages import NAMES
from engine.voice.exports import to_srt, to_vtt
from engine.voice.guards import compression_ratio
from engine.voice.ports import SpeechTask
from engine.voice.snapshot import Segment, Transcript

LEAST_CONFIDENCE = 1e-9
"""A logarithm needs something."""

_encode = msgspec.json.Encoder().encode


def plain(transcript: Transcript) -> bytes:
    """Return the words, a line."""
    return f"{transcript.text}\n".encode()


def brief(transcript: Transcript) -> bytes:
    """Return the words as JSON, with the seconds of sound as usage."""
    return _encode({"text": transcript.text, "usage": _usage(transcript)})


def verbose(transcript: Transcript, task: SpeechTask, granularities: frozenset[str]) -> bytes:
    """Return all that is known as JSON.

    granularities: of "segment" and "word"; times of words come only where they are asked for.
    """
    spoken = transcript.language or ""
    told: JsonObject = {
        "task": task,
        "language": "english" if task == "translate" else NAMES.get(spoken, spoken),
        "duration": transcript.duration_s,
        "text": transcript.text,
        "usage": _usage(transcript),
    }
    if "segment" in granularities:
        told["segments"] = [_segment(*each) for each in enumerate(transcript.segments)]
    if "word" in granularities:
        told["words"] = [
            {"word": word.text, "start": word.start_s, "end": word.end_s}
            for segment in transcript.segments
            for word in segment.words
        ]
    return _encode(told)


TEXTS: Mapping[str, tuple[Callable[[Transcript], bytes], str]] = {
    "json": (brief, "application/json"),
    "text": (plain, "text/plain; charset=utf-8"),
    "srt": (lambda transcript: to_srt(transcript).encode(), "application/x-subrip; charset=utf-8"),
    "vtt": (lambda transcript: to_vtt(transcript).encode(), "text/vtt; charset=utf-8"),
}
"""What writes a format, and its media type."""

FORMATS = (*TEXTS, "verbose_json")


def _segment(number: int, segment: Segment) -> JsonObject:
    return {
        "id": number,
        # Passages of speech are decoded, not windows of 30 s: each stands for itself.
        "seek": 0,
        "start": segment.start_s,
        "end": segment.end_s,
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": math.log(max(LEAST_CONFIDENCE, segment.confidence)),
        "compression_ratio": compression_ratio(segment.text),
        # What is no speech was left out before.
        "no_speech_prob": 0.0,
    }


def _usage(transcript: Transcript) -> JsonObject:
    return {"type": "duration", "seconds": math.ceil(transcript.duration_s)}
