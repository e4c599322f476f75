"""Speech cut into subtitles that a person can read in time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.voice.snapshot import Segment

LINE_WIDTH = 42
"""Columns a line; with two lines the common ground of broadcasters' and platforms' guides."""

LINES = 2

PAUSE_S = 1.5
"""A subtitle does not stay over a pause longer than this."""

LONGEST_S = 7.0
"""The longest that the guides leave one subtitle standing."""

SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")  # noqa: RUF001 the full-width ones are meant


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
            text = "".join(piece.text for piece in group).strip()
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


def _groups(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Yield the pieces of each subtitle: cut when full, at pauses and after sentences."""
    group: list[_Piece] = []
    for piece in pieces:
        if group and _must_cut(group, piece):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _must_cut(group: Sequence[_Piece], piece: _Piece) -> bool:
    text = "".join(part.text for part in group)
    has_ended = text.rstrip().endswith(SENTENCE_ENDS) and width(text) > LINE_WIDTH
    return (
        has_ended
        or piece.start_s - group[-1].end_s > PAUSE_S
        or piece.end_s - group[0].start_s > LONGEST_S
        or not _fits(text + piece.text)
    )


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
