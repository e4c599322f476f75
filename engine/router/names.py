"""What a client's word for a model means: a model, a family of them, or a tier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from engine.errors import Rejected
from engine.router.catalogue import Catalogue, matcher, plain
from engine.router.rows import Row
from engine.router.snapshot import Tier

AUTOMATIC = ("", "auto")
"""Words of a client that leaves the choice to us."""
LATEST = ":latest"
MOST_REMEMBERED = 1_000
"""Words that did not mean a model at once but are remembered all the same."""
LONGEST_NAME = 256
"""Characters of a word that may be a name; what is longer is not even remembered as none."""
LONGEST_COMPARED = 80
"""A longer word is compared with no name: comparing takes the square of it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a word means."""

    rows: tuple[Row, ...] = ()
    tier: Tier | None = None

    @property
    def only(self) -> Row | None:
        """The one model that is meant, where it is one."""
        return self.rows[0] if len(self.rows) == 1 else None


class Names:
    """All words that mean something as long as servers, catalogue and tiers stay as they are."""

    def __init__(
        self,
        rows: Mapping[str, Row],
        tiers: Mapping[str, Tier],
        catalogue: Catalogue,
        default_tier: str,
    ) -> None:
        self._rows = rows
        self._tiers = tiers
        self._catalogue = catalogue
        self._default_tier = default_tier
        self._known = {name: Target((row,)) for name, row in rows.items()}
        self._by_case = _first_by(str.lower, rows.values())
        self._by_plain = _first_by(plain, rows.values())

    def find(self, asked: str) -> Target:
        """Return what `asked` means.

        A model exactly so named goes before one that differs in case, `:latest` or maker, then a
        family of the catalogue or a pattern with `*`, then a tier. Raises Rejected with names that
        are near.
        """
        found = self._known.get(asked)
        if found is None:
            found = self._look(asked)
            if len(self._known) < len(self._rows) + MOST_REMEMBERED:
                self._known[asked] = found
        return found

    def _look(self, asked: str) -> Target:
        word = asked.strip()
        if word in AUTOMATIC:
            word = self._default_tier
        if len(word) > LONGEST_NAME:
            raise self._unknown(word)
        lower = word.lower()
        for name in (word, lower, lower + LATEST, lower.removesuffix(LATEST)):
            if row := self._rows.get(name) or self._by_case.get(name):
                return Target((row,))
        if row := self._by_plain.get(plain(lower)):
            return Target((row,))
        if family := self._family(lower):
            return Target(family)
        tier = self._tiers.get(word) or self._tiers.get(lower)
        if tier is not None:
            return Target(tier=tier)
        raise self._unknown(word)

    def _family(self, asked: str) -> tuple[Row, ...]:
        """Return the models that `asked` means as a pattern, with every tag, or as one entry.

        `llama3.2` means `llama3.2:3b`, and `gpt-4o` the dated ones of its entry, but never
        `gpt-4o-mini`: that has an entry of its own.
        """
        if "*" in asked:
            matches = matcher(asked)
            return tuple(row for row in self._rows.values() if matches(row.name))
        tagged = tuple(
            row for row in self._rows.values() if row.name.lower().startswith(f"{asked}:")
        )
        if tagged:
            return tagged
        entry, begin = self._catalogue.find(asked), plain(asked)
        if entry is None or not begin:
            return ()
        return tuple(
            row
            for row in self._rows.values()
            if row.entry is entry and plain(row.name).startswith(begin)
        )

    def _unknown(self, asked: str) -> Rejected:
        known = [*self._rows, *self._tiers]
        by_case = {name.lower(): name for name in known}
        word = asked.lower()[:LONGEST_COMPARED]
        near = [by_case[each] for each in get_close_matches(word, by_case, 3, 0.5)]
        hint = f"did you mean {' or '.join(near)}?" if near else "ask /v1/models for the names"
        shown = asked if len(asked) <= LONGEST_COMPARED else asked[:LONGEST_COMPARED] + "..."
        return Rejected(
            f"there is no model or tier {shown!r}: {hint}",
            status=404,
            code="model_not_found",
            param="model",
        )


def _first_by(key: Callable[[str], str], rows: Iterable[Row]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(key(row.name), row)
    return found
