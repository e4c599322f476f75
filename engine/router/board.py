"""Everything that can be asked for, as long as servers, lists and settings stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.router.catalogue import Catalogue, plain
from engine.router.names import Names, Target
from engine.router.rows import Row
from engine.router.selection import Shelf, shelf_of
from engine.router.settings import RouterSettings
from engine.router.snapshot import Tier

MOST_FAMILIES = 1_000
"""Families whose shelf is remembered; more only come from somebody who tries names."""


class Board:
    """Rows, names and tiers of one moment. Never changed: another moment has another board."""

    def __init__(
        self,
        rows: Mapping[str, Row],
        tiers: Mapping[str, Tier],
        catalogue: Catalogue,
        settings: RouterSettings,
    ) -> None:
        self.rows = rows
        self.tiers = tiers
        self.catalogue = catalogue
        self.settings = settings
        self.names = Names(rows, tiers, catalogue, settings.default_tier)
        self.embedded = tuple(row for row in rows.values() if row.is_embedded)
        self._shelves: dict[tuple[str, bool], Shelf] = {}
        self._families: dict[tuple[str, bool], Shelf] = {}

    def shelf(self, tier: Tier, local_only: bool) -> Shelf:
        """Return the models of `tier`."""
        return _kept(self._shelves, (tier.name, local_only), lambda: self._shelf(tier, local_only))

    def family(self, asked: str, target: Target, local_only: bool) -> Shelf:
        """Return the models that a word for several of them means."""
        if len(self._families) >= MOST_FAMILIES:
            self._families.clear()
        tier = Tier(name="", models=(asked if "*" in asked else f"{plain(asked)}*",))
        return _kept(
            self._families,
            (asked, local_only),
            lambda: shelf_of(tier, target.rows, self.settings, local_only),
        )

    def chain(self, tier: Tier) -> list[Tier]:
        """Return `tier` and those that follow it; none twice."""
        found = [tier]
        while (following := self.tiers.get(found[-1].next_tier)) is not None:
            if following in found:
                break
            found.append(following)
        return found

    def _shelf(self, tier: Tier, local_only: bool) -> Shelf:
        return shelf_of(tier, self.rows.values(), self.settings, local_only)


def _kept(
    shelves: dict[tuple[str, bool], Shelf], key: tuple[str, bool], make: Callable[[], Shelf]
) -> Shelf:
    found = shelves.get(key)
    if found is None:
        found = shelves[key] = make()
    return found
