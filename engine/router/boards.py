"""Makes the board anew where servers, lists or settings have changed."""

from __future__ import annotations

import logging

from engine.book import Book
from engine.errors import EngineError
from engine.router.board import Board
from engine.router.catalogue import Catalogue
from engine.router.health import Health
from engine.router.lists import EditableList
from engine.router.ports import Coordinator
from engine.router.rows import Known, rows_of
from engine.router.settings import RouterSettings
from engine.router.snapshot import ModelEntry, Tier
from engine.router.track import Tracks

_log = logging.getLogger(__name__)


class Boards:
    """What can be asked for now. For the engines' loop, but `latest` and `version`."""

    def __init__(
        self,
        *,
        settings: RouterSettings,
        coordinator: Coordinator,
        models: Book[ModelEntry],
        tiers: Book[Tier],
        health: Health,
        tracks: Tracks,
    ) -> None:
        self._settings = settings
        self._coordinator = coordinator
        self._health = health
        self._tracks = tracks
        self._models = EditableList(models, "models.toml")
        self._tiers = EditableList(tiers, "tiers.toml")
        self._catalogue = Catalogue()
        self._seen_version: int | None = None
        self._changes = 0
        self._has_looked = False
        self.latest = Board({}, {}, self._catalogue, settings)
        """What was last made; may be old where nobody has asked for anything since."""
        self.problems: dict[str, str] = {}
        """Why one of the user's lists is not used, by the list's name."""

    @property
    def version(self) -> int:
        """Moves when models, tiers or their availability change."""
        return self._changes + self._coordinator.version

    async def ready(self) -> Board:
        """Return what can be asked for now; the first who asks waits until servers are known."""
        if not self._has_looked:
            await self._coordinator.first_look()
            self._has_looked = True
        return self.now()

    def now(self) -> Board:
        """Return what can be asked for now."""
        version = self._coordinator.version
        if version != self._seen_version:
            price = self._coordinator.price
            known = Known(self._catalogue, price, self._health, self._tracks)
            rows = rows_of(self._coordinator.servers(), known)
            tiers = {tier.name: tier for tier in self._tiers.entries}
            self.latest = Board(rows, tiers, self._catalogue, self._settings)
            self._seen_version = version
        return self.latest

    def use(self, settings: RouterSettings) -> None:
        """Choose by `settings` from now on."""
        self._settings = settings
        self._change()

    async def load(self) -> None:
        """Read both lists. One of the user's that is wrong becomes one of `problems`."""
        for name, each in (("models", self._models), ("tiers", self._tiers)):
            try:
                await each.load()
            except EngineError as error:
                self._tell(name, error)
        self._use_lists()

    async def reload(self) -> None:
        """Read what somebody else wrote; what is wrong there waits until it is right."""
        for name, each in (("models", self._models), ("tiers", self._tiers)):
            try:
                if await each.reload():
                    self._be_well(name)
            except EngineError as error:
                self._tell(name, error)

    async def put_model(self, entry: ModelEntry) -> ModelEntry | None:
        """Keep `entry`; return what was there. Raises SettingsError, Refused."""
        before = await self._models.put(entry)
        self._be_well("models")
        return before

    async def remove_model(self, name: str) -> ModelEntry:
        """Forget the user's entry and return it. Raises SettingsError, Refused."""
        removed = await self._models.remove(name)
        self._be_well("models")
        return removed

    async def put_tier(self, tier: Tier) -> Tier | None:
        """Keep `tier`; return what was there. Raises SettingsError, Refused."""
        before = await self._tiers.put(tier)
        self._be_well("tiers")
        return before

    async def remove_tier(self, name: str) -> Tier:
        """Forget the user's tier and return it. Raises SettingsError, Refused."""
        removed = await self._tiers.remove(name)
        self._be_well("tiers")
        return removed

    def _tell(self, name: str, error: EngineError) -> None:
        self.problems[name] = str(error)
        _log.warning("%s. What was read before is used meanwhile.", error)  # nobody may see a page

    def _be_well(self, name: str) -> None:
        self.problems.pop(name, None)
        self._use_lists()

    def _use_lists(self) -> None:
        if self._catalogue.entries != self._models.entries:
            self._catalogue = Catalogue(self._models.entries)
        self._look_for_loose_ends()
        self._change()

    def _look_for_loose_ends(self) -> None:
        self.problems.pop("next tier", None)
        known = {tier.name for tier in self._tiers.entries}
        for tier in self._tiers.entries:
            if tier.next_tier and tier.next_tier not in known:
                self.problems["next tier"] = (
                    f"the tier {tier.name!r} goes on to {tier.next_tier!r}, which is no tier: "
                    "it ends there"
                )

    def _change(self) -> None:
        self._seen_version = None
        self._changes += 1
        self.now()
