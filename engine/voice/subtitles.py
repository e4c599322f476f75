"""Speech cut into subtitles that a person can read in time."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.voice.snapshot import Segment

LINE_WIDTH = 42
"""Columns a line; with two lines the common ground of broadcasters' and platforms' guides."""

LINES = 2

PAUSE_S = 1.5
"""A subtitle does not stay over a pause longer than this."""

LONGEST_S = 7.0
"""The longest that the guides leave one subtitle standing."""

SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")

CLAUSE_ENDS = (",", ";", ":", "，", "、", "；", "：")


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word with the blanks and signs that follow it, as the segment's text has them."""

    text: str
    start_s: float
    end_s: float


def cues_of(segments: Sequence[Segment]) -> tuple[Cue, ...]:
    """Return `segments` as subtitles of at most two lines, in order and never overlapping."""
    cues: list[Cue] = []
    for segment in segments:
        for group in _groups(_pieces(segment)):
            text = _text(group).strip()
            start_s = max(group[0].start_s, cues[-1].end_s if cues else 0.0)
            cues.append(Cue(start_s, max(start_s, group[-1].end_s), wrapped(text)))
    return tuple(cues)


def wrapped(text: str) -> tuple[str, ...]:
    """Return `text` in lines of at most LINE_WIDTH columns, of two lines the first the shorter.

    Words are kept whole; those longer than a line, and scripts without blanks, break anywhere.
    """
    lines = []
    rest = " ".join(text.split())
    while width(rest) > LINE_WIDTH:
        at = _break(rest)
        lines.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return (*lines, rest)


def width(text: str) -> int:
    """Return the columns that `text` takes; Chinese and the like take two a character."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _break(text: str) -> int:
    """Return where the first line ends: near the middle where two lines suffice, else full."""
    fits = 0
    while width(text[: fits + 1]) <= LINE_WIDTH:
        fits += 1
    blanks = [at for at in range(1, fits + 1) if text[at].isspace()]
    middle = len(text) / 2
    early = [at for at in blanks if at <= middle and width(text[at + 1 :]) <= LINE_WIDTH]
    late = [at for at in blanks if at > middle and width(text[at + 1 :]) <= LINE_WIDTH]
    if early or late:
        return (early or [late[0]])[-1]
    return blanks[-1] if blanks else fits


def _fits(text: str) -> bool:
    return len(wrapped(text.strip())) <= LINES


def _groups(pieces: Sequence[_Piece]) -> list[Sequence[_Piece]]:
    """Return the pieces of each subtitle: halved at the best place until each can be read."""
    if not pieces:
        return []
    pauses = [_pause_s(pieces, at) for at in range(1, len(pieces))]
    is_short = pieces[-1].end_s - pieces[0].start_s <= LONGEST_S
    if len(pieces) == 1 or (is_short and max(pauses) <= PAUSE_S and _fits(_text(pieces))):
        return [pieces]
    best = max(range(1, len(pieces)), key=lambda at: _merit(pieces, at))
    return _groups(pieces[:best]) + _groups(pieces[best:])


def _merit(pieces: Sequence[_Piece], at: int) -> float:
    """Return how good a subtitle ends before piece `at`: after a sentence, at a pause, evenly."""
    before, after = _text(pieces[:at]), _text(pieces[at:])
    last = before.rstrip()[-1:]
    sense = 0.5 if last in SENTENCE_ENDS else 0.25 if last in CLAUSE_ENDS else 0.0
    uneven = abs(width(before) - width(after)) / max(1, width(before) + width(after))
    pause_s = _pause_s(pieces, at)
    return sense + min(1.0, pause_s) / 2 - uneven + (10.0 if pause_s > PAUSE_S else 0.0)


def _pause_s(pieces: Sequence[_Piece], at: int) -> float:
    return pieces[at].start_s - pieces[at - 1].end_s


def _text(pieces: Sequence[_Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _pieces(segment: Segment) -> list[_Piece]:
    """Return the words of `segment` in time; where they are not known, spread by letters."""
    marks = _marks(segment)
    if not marks:
        return _spread(segment)
    starts = [0, *[at for at, _ in marks[1:]]]
    ends = [*starts[1:], len(segment.text)]
    timed = zip(starts, ends, [word for _, word in marks], strict=True)
    return [
        _Piece(segment.text[start:end], segment.words[word].start_s, segment.words[word].end_s)
        for start, end, word in timed
    ]


def _marks(segment: Segment) -> list[tuple[int, int]]:
    """Return (position in the text, number of the word) for each word; empty if one is not found.

    The text decides on blanks: Chinese has none between words, English has.
    """
    marks, at = [], 0
    for number, word in enumerate(segment.words):
        text = word.text.strip()
        found = segment.text.find(text, at) if text else -1
        if found < 0:
            return []
        marks.append((found, number))
        at = found + len(text)
    return marks


def _spread(segment: Segment) -> list[_Piece]:
    parts = _words(segment.text)
    total = max(1, sum(map(len, parts)))
    duration_s = segment.end_s - segment.start_s
    pieces, at = [], 0
    for part in parts:
        start_s = segment.start_s + duration_s * at / total
        at += len(part)
        pieces.append(_Piece(part, start_s, segment.start_s + duration_s * at / total))
    return pieces


def _words(text: str) -> list[str]:
    """Return `text` cut after each blank, and long stretches without blanks by letters."""
    parts: list[str] = []
    for word in text.split():
        parts += [word + " "] if width(word) <= LINE_WIDTH // 2 else [*word[:-1], word[-1] + " "]
    return parts
