"""How good and how late a transcript is, as `stream_harness.py` of our peers' runs counts it."""

from __future__ import annotations

import difflib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from engine.voice.snapshot import VoiceEvent
from tests.bench.voice.clips import Clip

EARLIEST_S = 1.0
"""A word shown more than this before it ended is an accident of alignment, not foresight."""


@cache
def _normalizer() -> Any:
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()


def words_of(text: str) -> list[str]:
    """Return the words of `text` without case, punctuation and spelling variants."""
    return str(_normalizer()(text)).split()


def errors(reference: str, heard: str) -> tuple[int, int]:
    """Return wrong, missing and added words of `heard`, and how many words there are."""
    import jiwer

    wanted = words_of(reference)
    found = jiwer.process_words(" ".join(wanted), " ".join(words_of(heard)) or "-")
    return found.substitutions + found.deletions + found.insertions, len(wanted)


@dataclass(frozen=True, slots=True)
class Told:
    """An event and when it was told, in seconds since the stream began."""

    at_s: float
    event: VoiceEvent


@dataclass(slots=True)
class StreamScore:
    """What a stream's events are worth."""

    wer_percent: float = 0.0
    revised_wer_percent: float = 0.0
    final_s: list[float] = field(default_factory=list)
    word_s: list[float] = field(default_factory=list)
    taken_back: int = 0
    revised: int = 0

    def final_median_s(self) -> float | None:
        """Return the median time from the end of speech to its final text."""
        return statistics.median(self.final_s) if self.final_s else None

    def word_median_s(self) -> float | None:
        """Return the median time from the end of a word to its first showing."""
        return statistics.median(self.word_s) if self.word_s else None

    def word_p90_s(self) -> float | None:
        """Return the 90th percentile of the same."""
        return sorted(self.word_s)[int(0.9 * len(self.word_s))] if self.word_s else None


def score(clip: Clip, told: Sequence[Told]) -> StreamScore:
    """Return how well and how soon `told` gives the words of `clip`."""
    reference = [word.text for word in clip.words]
    first: list[float | None] = [None] * len(reference)
    committed: list[float | None] = [None] * len(reference)
    result = StreamScore(taken_back=_taken_back(told))
    finals: dict[int, str] = {}
    for one in told:
        if one.event.event == "revised":
            continue
        if one.event.event == "final":
            finals[one.event.id] = one.event.text
            _mark(committed, reference, " ".join(finals.values()), one.at_s)
        shown = " ".join([*finals.values(), "" if one.event.id in finals else one.event.text])
        _mark_shown(first, clip, reference, shown, one.at_s)
    result.wer_percent = _wer(reference, finals)
    revised = {one.event.id: one.event.text for one in told if one.event.event == "revised"}
    result.revised = len(revised)
    result.revised_wer_percent = _wer(reference, finals | revised)
    result.word_s = [
        at_s - word.end_s
        for word, at_s in zip(clip.words, first, strict=True)
        if at_s is not None and word.end_s is not None
    ]
    for number, end_s in enumerate(clip.speech_ends_s):
        known = [
            at_s
            for word, at_s in zip(clip.words, committed, strict=True)
            if word.utterance == number and at_s is not None
        ]
        if known:
            result.final_s.append(max(known) - end_s)
    return result


def _taken_back(told: Sequence[Told]) -> int:
    """Return how many events of a sentence contradict a stable text before them."""
    stable: dict[int, str] = {}
    count = 0
    for one in told:
        event = one.event
        if event.event != "revised":
            count += not event.text.startswith(stable.get(event.id, ""))
            stable[event.id] = event.stable
    return count


def _wer(reference: list[str], texts: dict[int, str]) -> float:
    wrong, total = errors(" ".join(reference), " ".join(texts.values()))
    return 100 * wrong / max(1, total)


def _aligned(reference: list[str], text: str) -> list[int]:
    matcher = difflib.SequenceMatcher(None, reference, words_of(text), autojunk=False)
    return [
        block.a + offset for block in matcher.get_matching_blocks() for offset in range(block.size)
    ]


def _mark(times: list[float | None], reference: list[str], text: str, at_s: float) -> None:
    for number in _aligned(reference, text):
        if times[number] is None:
            times[number] = at_s


def _mark_shown(
    times: list[float | None], clip: Clip, reference: list[str], text: str, at_s: float
) -> None:
    for number in _aligned(reference, text):
        end_s = clip.words[number].end_s
        if times[number] is None and (end_s is None or at_s >= end_s - EARLIEST_S):
            times[number] = at_s
