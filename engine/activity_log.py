"""The activity list: the last requests in memory, all of them in SQLite."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path

from engine.activity import (
    ActivityPage,
    ActivityQuery,
    ActivityRecord,
    ActivitySettings,
    ActivityTotals,
)
from engine.activity_begun import RequestsBegun
from engine.activity_pruning import ActivityPruning
from engine.activity_rows import ACTIVITY_MIGRATIONS
from engine.activity_table import ActivityTable
from engine.clock import Clock
from engine.errors import EngineError
from engine.storage import Database

_log = logging.getLogger(__name__)

ACTIVITY_FILE = "activity.sqlite"
"""In the folder for data."""
RECENT = 500
"""Requests at hand without asking the database."""
WRITE_EVERY_S = 0.5
"""One transaction for all requests of this time: each costs less than a tenth of its own."""
BATCH = 1_000
"""Requests in one transaction at most, some 20 ms: a page that is asked for meanwhile waits."""
MOST_UNWRITTEN = 20_000
"""Requests that wait for a disk with room; later ones push out the oldest."""
TRY_AGAIN_S = 10.0
IDLE_S = 2.0
"""Texts are indexed in silences this long: that costs more than writing them."""
PRUNE_EVERY_S = 3_600.0
SEARCHED = 2_000
"""Texts indexed at once while a search waits: half the cost of small steps."""
EXPORTED = 200
"""Whole requests read at once for an export."""


class ActivityLog:
    """Keeps every finished request. A disk that fails is a `problem`, never an error of `add`.

    `begun`, `add`, `latest`, `version` and `problem` are for any thread, the rest for the engines'
    loop.
    """

    def __init__(self, *, path: Path, settings: ActivitySettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._database = Database(path, migrations=ACTIVITY_MIGRATIONS)
        self._table = ActivityTable()
        self._pruning = ActivityPruning(database=self._database, table=self._table, clock=clock)
        self._adding = threading.Lock()
        self._unwritten: deque[ActivityRecord] = deque(maxlen=MOST_UNWRITTEN)
        self._on_its_way: Sequence[ActivityRecord] = ()
        """What is being written now."""
        self._recent: deque[ActivityRecord] = deque(maxlen=RECENT)
        """The last that were written, without texts: some carry pictures."""
        self.begun = RequestsBegun()
        """Those under way: whoever begins one adds it when it is over."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer: asyncio.Task[None] | None = None
        self._is_awake = True
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._is_open = False
        self.version = self.clears = 0
        """Moves with every request that is added; how often the user has made it forget all."""
        self.problem: str | None = None
        """Why requests are not written now; None where all is well."""

    async def start(self) -> None:
        """Open the list and begin to write. Never raises for the disk: see `problem`."""
        self._loop = asyncio.get_running_loop()
        await self.flush()
        with suppress(EngineError):
            await self._pruning.look()  # before a request of today makes a wrong day look right
        self._writer = self._loop.create_task(self._write_on(), name="activity")

    async def aclose(self) -> None:
        """Write what waits and close. Never raises; may be called twice."""
        self._loop = None
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
            self._writer = None
            await self.flush()
        self._is_open = False
        await self._database.aclose()

    @property
    def keeps_texts(self) -> bool:
        """Whether what was asked and answered is kept, or only figures."""
        return self._settings.keep_texts

    def add(self, record: ActivityRecord) -> None:
        """Keep `record`: seen at once by `latest`, written soon. From any thread; never raises."""
        if self.problem is not None:
            record = _figures(record)
        self.begun.end(record.id)
        with self._adding:
            self._unwritten.append(record)
            self.version += 1
        if not self._is_awake and (loop := self._loop) is not None:
            self._is_awake = True
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(self._wake.set)

    def latest(self, count: int = RECENT) -> tuple[ActivityRecord, ...]:
        """Return the last requests, newest first; RECENT at most, and none from before the start.

        Texts and decision are there only until it is written: ask `record` for them.
        """
        with self._adding:
            newest_first = chain(
                reversed(self._unwritten), reversed(self._on_its_way), reversed(self._recent)
            )
            return tuple(islice(newest_first, min(count, RECENT)))

    async def change_settings(self, settings: ActivitySettings) -> None:
        """Take new settings: what has become too old goes, texts already kept stay."""
        self._settings = settings
        await self._prune()

    async def flush(self) -> None:
        """Write what was added so far. Never raises: see `problem`."""
        async with self._writing:
            try:
                await self._write()
                self.problem = None
            except EngineError as error:
                self.problem = f"Requests are not in the activity list yet: {error}"
                _log.warning("%s", self.problem)
            except Exception as error:  # noqa: BLE001 - one odd record must not end the list
                self.problem = f"Some requests are missing from the activity list: {error!r}"
                _log.exception("Some requests could not be written")

    async def page(
        self,
        query: ActivityQuery | None = None,
        *,
        first: int = 0,
        limit: int = 100,
        before: int | None = None,
    ) -> ActivityPage:
        """Return `limit` rows of the list from row number `first` on.

        before: an earlier page's cursor; leaves out what was added since. Raises Refused, Damaged.
        """
        wanted = query or ActivityQuery()
        await self._catch_up(wanted)
        rows = range(first, first + limit)
        return await self._database.run(lambda found: self._table.page(found, wanted, rows, before))

    async def count(self, query: ActivityQuery | None = None) -> int:
        """Return how many requests `query` finds. Raises Refused, Damaged."""
        return (await self.page(query, limit=0)).total

    async def totals(self, query: ActivityQuery | None = None) -> ActivityTotals:
        """Return all requests that `query` finds in a few figures. Raises Refused, Damaged."""
        wanted = query or ActivityQuery()
        await self._catch_up(wanted)
        return await self._database.run(lambda found: self._table.totals(found, wanted))

    async def record(self, id: str) -> ActivityRecord | None:
        """Return the whole of a request, or None. Raises Refused, Damaged."""
        await self.flush()
        return await self._database.run(lambda found: self._table.record(found, id))

    async def names(self) -> Mapping[str, tuple[str, ...]]:
        """Return the kinds, models, endpoints and clients there are, by "kind", "model", ..."""
        await self.flush()
        return await self._database.run(self._table.names)

    async def export(
        self, query: ActivityQuery | None = None
    ) -> AsyncGenerator[ActivityRecord, None]:
        """Yield the whole of every request that `query` finds. Raises Refused, Damaged."""
        page = await self.page(query, limit=0)
        wanted = query or ActivityQuery()
        for first in range(0, page.total, EXPORTED):
            rows = range(first, first + EXPORTED)
            read = partial(self._table.whole, query=wanted, rows=rows, before=page.cursor)
            for record in await self._database.run(read):
                yield record

    async def clear(self) -> None:
        """Forget every request for good. Raises Refused, Damaged."""
        await self.flush()
        await self._database.run(self._table.clear)
        with self._adding:
            self._recent.clear()
            self.version, self.clears = self.version + 1, self.clears + 1

    async def _write_on(self) -> None:
        pruned_s = -PRUNE_EVERY_S
        with suppress(EngineError):
            await self.count()  # reads the list once, so that its first page is there at once
        while True:
            if self._clock.now() - pruned_s >= PRUNE_EVERY_S:
                pruned_s = self._clock.now()
                await self._prune()
            if not self._unwritten:
                await self._settle()
            await asyncio.sleep(TRY_AGAIN_S if self.problem else WRITE_EVERY_S)
            await self.flush()

    async def _settle(self) -> None:
        """Wait for the next request; after a silence index for the search what is new."""
        self._wake.clear()
        self._is_awake = False
        if self._unwritten:  # added on another thread just now
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                await self._wake.wait()
        try:
            while not self._wake.is_set() and await self._database.run(self._table.index_some):
                pass
        except EngineError as error:
            _log.warning("The search of the activity list is behind: %s", error)
        with suppress(TimeoutError):  # what is too old goes also where nobody asks
            async with asyncio.timeout(PRUNE_EVERY_S):
                await self._wake.wait()

    async def _catch_up(self, query: ActivityQuery) -> None:
        """Write what waits, and index it where `query` searches."""
        await self.flush()
        is_behind = bool(query.text.strip())
        while is_behind:
            index = partial(self._table.index_some, most=SEARCHED)
            is_behind = await self._database.run(index)

    async def _write(self) -> None:
        if not self._is_open:
            await self._database.open()
            self._is_open = True
        while self._unwritten:
            with self._adding:
                count = min(BATCH, len(self._unwritten))
                batch = [self._unwritten.popleft() for _ in range(count)]
                self._on_its_way = batch
            writing = asyncio.ensure_future(self._store(batch))
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                # Whoever waits may leave; what is on its way to the file goes there all the same.
                await asyncio.wait([writing])
                raise

    async def _store(self, batch: Sequence[ActivityRecord]) -> None:
        keep = self._settings.keep_texts
        kept = batch if keep else [replace(each, request=None, answer="") for each in batch]
        try:
            await self._database.run(partial(self._table.add, records=kept))
        except EngineError:
            with self._adding:
                # The figures wait for a disk with room; texts could fill the memory until then.
                waiting = [_figures(each) for each in (*batch, *self._unwritten)]
                self._on_its_way = ()
                self._unwritten.clear()
                self._unwritten.extend(waiting)
            raise
        finally:
            with self._adding:
                self._recent.extend(_figures(each) for each in self._on_its_way[-RECENT:])
                self._on_its_way = ()

    async def _prune(self) -> None:
        if self._is_open:
            await self._pruning.run(self._settings.keep_days, self._move)

    def _move(self) -> None:
        with self._adding:
            self.version += 1


def _figures(record: ActivityRecord) -> ActivityRecord:
    """Return `record` without what may be large."""
    return replace(record, request=None, answer="", decision=None)
