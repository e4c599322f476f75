"""What is known of models wherever they run: patterns and the entries they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from engine.router.snapshot import ModelEntry

SEPARATORS = str.maketrans("", "", "-_: ")
"""Left out where names are compared: `Llama-3.2-3B` and `llama3.2:3b` are the same model."""

ENDINGS = (".gguf", ":latest")
MOST_REMEMBERED = 10_000
"""Names whose entry is remembered; more only come from somebody who tries names."""


class Catalogue:
    """The entries known. Never changed: another list is another catalogue."""

    def __init__(self, entries: Iterable[ModelEntry] = ()) -> None:
        self.entries = tuple(entries)
        # The pattern with most letters says most; of equals the first, which is the user's.
        ranked = sorted(self.entries, key=lambda each: -len(each.name.replace("*", "")))
        self._patterns = [(matcher(each.name), each) for each in ranked]
        self._found: dict[str, ModelEntry | None] = {}

    def find(self, name: str) -> ModelEntry | None:
        """Return the entry that says most of the model `name`, or None."""
        try:
            return self._found[name]
        except KeyError:
            pass
        if len(self._found) >= MOST_REMEMBERED:
            self._found.clear()
        found = next((entry for matches, entry in self._patterns if matches(name)), None)
        self._found[name] = found
        return found


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """Return `name` as names are compared: without maker, separators, case and usual endings."""
    found = name.lower()
    for ending in ENDINGS:
        found = found.removesuffix(ending)
    return found.rpartition("/")[2].translate(SEPARATORS)


@lru_cache(maxsize=4_096)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that tells whether a model's name is meant by `pattern` (`*`: anything)."""
    wanted = plain(pattern)
    if "*" not in wanted:
        return lambda name: plain(name) == wanted
    begin, *parts = wanted.split("*")
    end = parts.pop()
    return lambda name: _fits(plain(name), begin, parts, end)


def _fits(name: str, begin: str, parts: list[str], end: str) -> bool:
    """Tell whether `name` begins and ends so, with `parts` between them in their order.

    No regular expression: clients write patterns too, and one with a dozen stars would take hours.
    """
    last = len(name) - len(end)
    if last < len(begin) or not name.startswith(begin) or not name.endswith(end):
        return False
    at = len(begin)
    for part in parts:
        found = name.find(part, at, last)
        if found < 0:
            return False
        at = found + len(part)
    return True
