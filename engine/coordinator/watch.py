"""What goes on in the background: looking for servers, reading edited files, taking readings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from engine.clock import Clock
from engine.coordinator.desk import Desk
from engine.coordinator.endpoint_book import EndpointBook
from engine.coordinator.fleet import Fleet
from engine.coordinator.lookout import Lookout
from engine.coordinator.meters import Meters
from engine.coordinator.price_table import PriceTable
from engine.coordinator.settings import CoordinatorSettings
from engine.errors import EngineError

_log = logging.getLogger(__name__)

BEAT_S = 1.0
"""How often readings are taken, and states that end by themselves are looked at."""


class Watch:
    """One task that beats, and one beside it while it is being looked. For the engines' loop."""

    def __init__(
        self,
        *,
        desk: Desk,
        book: EndpointBook,
        prices: PriceTable,
        fleet: Fleet,
        lookout: Lookout,
        meters: Meters,
        settings: Callable[[], CoordinatorSettings],
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._book = book
        self._prices = prices
        self._fleet = fleet
        self._lookout = lookout
        self._meters = meters
        self._settings = settings
        self._clock = clock
        self._beating: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self.has_looked = asyncio.Event()
        """The first look is over."""
        self.looked_s: float | None = None
        self.problems: dict[str, str] = {}
        """By what is wrong: "endpoints", "prices", "keys", "look", "watch"."""

    @property
    def is_looking(self) -> bool:
        """Whether it is being looked for servers now."""
        return self._looking is not None

    def start(self) -> None:
        """Begin, with a first look."""
        self._beating = asyncio.create_task(self._beat(), name="coordinator")

    async def aclose(self) -> None:
        """End. Never raises; may be called twice."""
        tasks = [task for task in (self._beating, self._looking) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def look(self, *, is_thorough: bool = True) -> None:
        """Look for servers and models now; whoever asks meanwhile waits for the same look."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(is_thorough), name="look for servers")
            self._looking.add_done_callback(self._end_look)
        await asyncio.shield(self._looking)

    async def reload(self) -> None:
        """Read the files again that somebody has edited; a wrong one is a problem, no more."""
        if await self._book.has_changed():
            await self.load_endpoints()
        if await asyncio.to_thread(self._prices.has_changed):
            await self.load_prices()

    async def load_endpoints(self) -> None:
        """Read the user's servers."""
        try:
            await self._desk.load()
        except EngineError as error:
            self._tell("endpoints", error)
        else:
            self.problems.pop("endpoints", None)

    async def load_prices(self) -> None:
        """Read the user's prices."""
        try:
            await asyncio.to_thread(self._prices.load)
        except EngineError as error:
            self._tell("prices", error)
        else:
            self.problems.pop("prices", None)

    def _tell(self, name: str, error: EngineError) -> None:
        problem = f"{error}. What was read before is used meanwhile."
        if self.problems.get(name) != problem:  # not at every look until it is mended
            _log.warning("%s", problem)
        self.problems[name] = problem

    async def _beat(self) -> None:
        while True:
            try:
                self._look_where_due()
                self._fleet.refresh()
                self._meters.sample(self._fleet.links)
            except Exception as error:  # noqa: BLE001 - a service's outer loop
                _log.exception("servers could not be watched")
                self.problems["watch"] = f"servers could not be watched ({type(error).__name__})"
            else:
                self.problems.pop("watch", None)
            await asyncio.sleep(BEAT_S)

    def _look_where_due(self) -> None:
        now_s = self._clock.now()
        is_due = self.looked_s is None or now_s - self.looked_s >= self._every_s
        if is_due and self._looking is None:
            self._looking = asyncio.create_task(self._look(False), name="look for servers")
            self._looking.add_done_callback(self._end_look)

    @property
    def _every_s(self) -> float:
        return self._settings().discover_every_s

    def _end_look(self, task: asyncio.Task[None]) -> None:
        self._looking = None
        self.looked_s = self._clock.now()
        self.has_looked.set()

    async def _look(self, is_thorough: bool) -> None:
        try:
            await self.reload()
            listing = self._lookout.list_all(is_thorough=is_thorough)
            await asyncio.gather(listing, self._discover(), self._learn_keys())
        except Exception as error:  # noqa: BLE001 - a service's outer loop
            _log.exception("looking for servers failed")
            self.problems["look"] = f"looking for servers failed ({type(error).__name__})"
        else:
            self.problems.pop("look", None)

    async def _discover(self) -> None:
        if self._settings().discover:
            await self._lookout.discover()

    async def _learn_keys(self) -> None:
        """Look up keys, then ask those servers that were waiting for theirs."""
        waiting = [
            link.name for link in self._fleet.links if not link.has_key or link.lacks_secrets
        ]
        problem = await self._desk.learn_keys()
        if problem:
            self.problems["keys"] = problem
        else:
            self.problems.pop("keys", None)
        links = filter(None, map(self._fleet.get, waiting))
        await asyncio.gather(*(self._lookout.list_one(link) for link in links))
