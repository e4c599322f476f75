"""Versions, and which of two is newer. Source: Semantic Versioning 2.0.0, sections 2, 9, 10, 11."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 64
"""Letters; the numbers in it then are short enough to be read as numbers."""
NUMBER = "(?:0|[1-9][0-9]*)"
NAME = f"(?:{NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
PATTERN = re.compile(
    rf"(?P<numbers>{NUMBER}\.{NUMBER}\.{NUMBER})"
    rf"(?:-(?P<before>{NAME}(?:\.{NAME})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)

Identifier = tuple[bool, int, str]
"""Whether it is a word, else its number: numbers come before words."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version, as far as it counts for what is newer: what follows a "+" does not."""

    numbers: tuple[int, ...]
    before: tuple[Identifier, ...] = ()
    """The parts of "rc.1" in "1.0.0-rc.1"; without any it is the version itself."""

    def is_after(self, other: Version) -> bool:
        """Tell whether this is the newer one."""
        return self._key > other._key

    @property
    def _key(self) -> tuple[tuple[int, ...], bool, tuple[Identifier, ...]]:
        return (self.numbers, not self.before, self.before)


def version_in(text: str) -> Version:
    """Return the version that `text` writes as "1.2.3", "1.2.3-rc.1" or "1.2.3+5".

    Raises ValueError for anything else.
    """
    found = PATTERN.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError(f"{text[:LONGEST]!r} is no version such as 1.2.3 or 1.2.3-rc.1")
    parts = (found["before"] or "").split(".")
    return Version(
        tuple(int(each) for each in found["numbers"].split(".")),
        tuple(_identifier(each) for each in parts if each),
    )


def _identifier(text: str) -> Identifier:
    return (False, int(text), "") if text.isdecimal() else (True, 0, text)
