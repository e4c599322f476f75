"""The part of a growing transcript that two hypotheses in a row agree on.

Source: LocalAgreement-2, Liu, Spanakis and Niehues, "Low-Latency Sequence-to-Sequence Speech
Recognition and Translation by Partial Hypothesis Selection", Interspeech 2020.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# A word with the blanks after it; scripts written without blanks count by character.
_UNIT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]\s*|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+\s*")
_PUNCTUATION = re.compile(r"[^\w\s]|_")


def units_of(text: str) -> list[str]:
    """Return the words of `text` with the blanks after them; joined they are `text` again."""
    return _UNIT.findall(text.strip())


def sound_of(unit: str) -> str:
    """Return what is heard of a word: no case, no punctuation, no blanks."""
    return _PUNCTUATION.sub("", unit).casefold().strip()


@dataclass(frozen=True, slots=True)
class Split:
    """A hypothesis, parted."""

    stable: str
    """Will not change any more; begins with every `stable` before it."""
    tentative: str


class StablePrefix:
    """The words of one utterance that were promised not to change.

    held_back: newest words of an agreement that stay tentative, since the last word heard is
    often half a word.
    """

    def __init__(self, *, held_back: int = 1) -> None:
        self._held_back = held_back
        self._stable: list[str] = []
        self._previous: list[str] = []

    @property
    def text(self) -> str:
        """The stable words."""
        return "".join(self._stable).rstrip()

    def update(self, hypothesis: str) -> Split:
        """Take in a newer hypothesis of the same utterance and return it, parted."""
        units = self._continued(units_of(hypothesis))
        agreed = _common(self._previous, units)
        promised = max(len(self._stable), min(agreed, len(units) - self._held_back))
        self._stable = units[:promised]
        self._previous = units
        return Split(self.text, "".join(units[promised:]).strip())

    def finish(self, hypothesis: str) -> str | None:
        """Return `hypothesis` in the promised spelling, or None where it breaks the promise."""
        units = units_of(hypothesis)
        if not self._keeps_promise(units):
            return None
        return "".join(self._continued(units)).strip()

    def _keeps_promise(self, units: list[str]) -> bool:
        heard = [sound_of(unit) for unit in units[: len(self._stable)]]
        return heard == [sound_of(unit) for unit in self._stable]

    def _continued(self, units: list[str]) -> list[str]:
        """Return the promised words, then what `units` says after them."""
        promised = len(self._stable)
        if promised and len(units) == promised and self._stable[-1][-1:].strip():
            return list(self._stable)
        kept = [*self._stable[:-1], _spaced(self._stable[-1])] if promised else []
        return kept + units[promised:]


def _spaced(unit: str) -> str:
    is_unspaced_script = bool(re.match(r"[\u3040-\u30ff\u3400-\u9fff]", unit))
    return unit if unit != unit.rstrip() or is_unspaced_script else f"{unit} "


def _common(first: list[str], second: list[str]) -> int:
    """Return how many leading words are the same, blanks aside."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one.rstrip() != other.rstrip():
            break
        count += 1
    return count
