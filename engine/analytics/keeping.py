"""Writes what was learnt to the book, soon and together; a disk that fails is a problem told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from math import inf

from engine.analytics.observation_book import UNDO_S, Batch, ObservationBook
from engine.analytics.observation_rows import StudyNotes
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.quantiles import Span
from engine.analytics.snapshot import AlarmView
from engine.clock import Clock
from engine.errors import EngineError
from engine.steady_time import SteadyTime

_log = logging.getLogger(__name__)

WRITE_EVERY_S = 0.5
TRY_AGAIN_S = 10.0
AT_ONCE = 1_000
"""Observations in one transaction: some 10 ms of the loop's time."""
MOST_UNWRITTEN = 20_000
"""That wait for a disk with room; the oldest are lost then, and that is told."""
PRUNE_EVERY_S = 3_600.0

Spans = Callable[[], Iterable[tuple[StudyKey, Span]]]
"""Tells which hours have changed since it was asked last."""


class Keeper:
    """What is to be written. Everything is for the engines' loop; nothing here raises."""

    def __init__(self, book: ObservationBook, *, clock: Clock, spans: Spans) -> None:
        self._book = book
        self._time = SteadyTime(clock=clock)
        self._spans = spans
        self._dirty: dict[str, Observation] = {}
        self._notes: dict[StudyKey, tuple[float, StudyNotes]] = {}
        self._alarms: list[AlarmView] = []
        self._hours: dict[tuple[StudyKey, float], Span] = {}
        self._new = 0
        self._lost = 0
        self._writing = asyncio.Lock()
        self._is_open = False
        self.total = 0
        """Observations in the book."""
        self.problem: str | None = None
        """Why nothing is written now; None where all is well."""

    async def open(self) -> None:
        """Open the book; without it everything is learnt all the same, and lost at the end."""
        async with self._writing:
            await self._tried(self._open())

    async def aclose(self) -> None:
        """Write what waits and close the book."""
        if self._is_open:
            await self.flush()
        self._is_open = False
        await self._book.aclose()

    def note(self, found: Observation, *, is_new: bool = False) -> None:
        """Write `found` soon, as it will be then."""
        self._dirty[found.id] = found
        self._new += is_new
        while len(self._dirty) > MOST_UNWRITTEN:
            del self._dirty[next(iter(self._dirty))]
            self._lost += 1

    def note_study(self, key: StudyKey, used_s: float, notes: StudyNotes) -> None:
        """Write what is noted of a study soon."""
        self._notes[key] = (used_s, notes)

    def note_alarm(self, alarm: AlarmView) -> None:
        """Write an alarm soon."""
        self._alarms.append(alarm)

    def forget(self, ids: Iterable[str]) -> None:
        """Do not write these any more."""
        for id in ids:
            self._dirty.pop(id, None)

    def waiting(self, key: StudyKey) -> list[Observation]:
        """Return the observations of a study that are not written yet."""
        return [each for each in self._dirty.values() if each.key == key]

    async def flush(self) -> None:
        """Write what was noted so far."""
        async with self._writing:
            await self._tried(self._flush())

    async def prune(self, *, keep_days: float, most: int) -> None:
        """Remove what is too old or too much, in slices between which others get their turn."""
        async with self._writing:
            await self._tried(self._prune(keep_days, most))

    async def _open(self) -> None:
        if not self._is_open:
            await self._book.open()
            self.total = await self._book.total()
            # Before an answer of today makes a wrong day look right.
            self._time.believed_s(await self._book.newest_s())
            self._is_open = True

    async def _flush(self) -> None:
        await self._open()
        while self._dirty or self._notes or self._alarms:
            await self._settle()
            rows = list(islice(self._dirty.values(), AT_ONCE))
            notes, alarms, new = self._notes, self._alarms, self._new
            self._hours |= {(key, span.start_s): span for key, span in self._spans()}
            spans = [(key, span) for (key, _), span in self._hours.items()]
            for each in rows:
                del self._dirty[each.id]
            self._notes, self._alarms, self._new = {}, [], 0
            batch = _batch(rows, spans, notes, alarms)
            writing = asyncio.ensure_future(self._book.write(batch))
            try:
                # Whoever waits may leave; what is on its way to the file goes there all the same.
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait([writing])
                raise
            except EngineError:
                self._dirty = {each.id: each for each in rows} | self._dirty
                self._notes, self._new = notes | self._notes, new + self._new
                self._alarms = alarms + self._alarms
                raise
            self.total += new
            self._hours.clear()

    async def _settle(self) -> None:
        """Work out the propensities that were put off: half a millisecond each, aside."""
        late = [
            each
            for each in islice(self._dirty.values(), AT_ONCE)
            if each.propensity is None and each.choice is not None
        ]
        if late:
            await asyncio.to_thread(lambda: [each.settle_propensity() for each in late])

    async def _prune(self, keep_days: float, most: int) -> None:
        await self._open()
        now_s = self._time.believed_s(None)
        before_s = now_s - keep_days * 86_400 if keep_days and now_s is not None else -inf
        forgets_before_s = -inf if now_s is None else now_s - UNDO_S
        is_more = True
        while is_more:
            is_more = await self._book.prune(
                before_s=before_s, most=most, forgets_before_s=forgets_before_s
            )
        self.total = await self._book.total()

    async def _tried(self, work: Awaitable[None]) -> None:
        try:
            await work
        except EngineError as error:
            lost = f"; {self._lost} observations are lost" if self._lost else ""
            self.problem = f"What is learnt is not written down: {error}{lost}"
            _log.warning("%s", self.problem)
        except Exception as error:  # noqa: BLE001 - one odd row must not end all learning
            self.problem = f"Some of what was learnt is not written down: {error!r}"
            _log.exception("some observations could not be written")
        else:
            self.problem = None


def _batch(
    rows: list[Observation],
    spans: list[tuple[StudyKey, Span]],
    notes: dict[StudyKey, tuple[float, StudyNotes]],
    alarms: list[AlarmView],
) -> Batch:
    batch = Batch()
    for found in rows:
        batch.add(found)
    for key, span in spans:
        batch.add_span(key, span)
    for key, (used_s, each) in notes.items():
        batch.add_notes(key, used_s, each)
    for alarm in alarms:
        batch.add_alarm(alarm)
    return batch
