"""Transcripts as files: plain text, subtitles, JSON."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.voice.snapshot import Segment, Transcript, Utterance
from engine.voice.subtitles import Cue, cues_of


def to_txt(transcript: Transcript) -> str:
    """Return one segment a line; "" where nobody spoke."""
    return "".join(f"{_one_line(segment.text)}\n" for segment in transcript.segments)


def to_srt(transcript: Transcript) -> str:
    """Return SubRip subtitles; "" where nobody spoke."""
    return "".join(
        f"{number}\n{_span(cue, ',')}\n{_arrow_free(cue)}\n\n"
        for number, cue in enumerate(cues_of(transcript.segments), 1)
    )


def to_vtt(transcript: Transcript) -> str:
    """Return WebVTT subtitles; the bare header where nobody spoke."""
    cues = (
        f"\n{_span(cue, '.')}\n{html.escape(chr(10).join(cue.lines), quote=False)}\n"
        for cue in cues_of(transcript.segments)
    )
    return "WEBVTT\n" + "".join(cues)


def to_json(transcript: Transcript) -> str:
    """Return everything that is known, times in seconds."""
    return _json({"text": transcript.text, **dataclasses.asdict(transcript)})


def history_to_txt(utterances: Sequence[Utterance]) -> str:
    """Return one utterance a line after the local time at which it was said, oldest first."""
    return "".join(
        f"{said.said_at.astimezone():%Y-%m-%d %H:%M:%S}  {_one_line(said.text)}\n"
        for said in _oldest_first(utterances)
    )


def history_to_srt(utterances: Sequence[Utterance]) -> str:
    """Return SubRip subtitles that begin with the oldest utterance."""
    return to_srt(_transcript(utterances))


def history_to_vtt(utterances: Sequence[Utterance]) -> str:
    """Return WebVTT subtitles that begin with the oldest utterance."""
    return to_vtt(_transcript(utterances))


def history_to_json(utterances: Sequence[Utterance]) -> str:
    """Return the utterances as a list, oldest first, moments in ISO 8601."""
    rows = [dataclasses.asdict(said) for said in _oldest_first(utterances)]
    return _json([{**row, "said_at": row["said_at"].isoformat()} for row in rows])


EXPORTS: Mapping[str, Callable[[Transcript], str]] = {
    "txt": to_txt,
    "srt": to_srt,
    "vtt": to_vtt,
    "json": to_json,
}
"""By format, which is also the file's extension."""

HISTORY_EXPORTS: Mapping[str, Callable[[Sequence[Utterance]], str]] = {
    "txt": history_to_txt,
    "srt": history_to_srt,
    "vtt": history_to_vtt,
    "json": history_to_json,
}
"""The same formats for sentences out of the history."""


def timecode(seconds: float, mark: str) -> str:
    """Return hours, minutes, seconds and milliseconds, such as "00:01:02,500" for mark ",".

    Rounded as a whole, so that 59.9996 s reads 1:00.000; hours take more digits beyond 99.
    """
    whole_s, ms = divmod(max(0, round(seconds * 1000)), 1000)
    minutes, s = divmod(whole_s, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{s:02}{mark}{ms:03}"


def _span(cue: Cue, mark: str) -> str:
    return f"{timecode(cue.start_s, mark)} --> {timecode(cue.end_s, mark)}"


def _arrow_free(cue: Cue) -> str:
    # SubRip knows no escapes; an arrow in the text would read as a line of times.
    return "\n".join(cue.lines).replace("-->", "->")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _oldest_first(utterances: Sequence[Utterance]) -> list[Utterance]:
    return sorted(utterances, key=lambda said: (said.said_at, said.id))


def _transcript(utterances: Sequence[Utterance]) -> Transcript:
    """Return `utterances` on one time axis that begins with the oldest."""
    ordered = _oldest_first(utterances)
    segments = []
    for said in ordered:
        start_s = (said.said_at - ordered[0].said_at).total_seconds()
        confidence = 1.0 if said.confidence is None else said.confidence
        segments.append(Segment(said.text, start_s, start_s + said.duration_s, confidence))
    return Transcript(tuple(segments), None, segments[-1].end_s if segments else 0.0, "")


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
