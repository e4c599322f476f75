"""Puts what was said into the history, in order, and knows the newest of it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.clock import Clock
from engine.errors import EngineError, Refused
from engine.voice.history import History
from engine.voice.snapshot import Transcript, Utterance, VoiceEvent

_log = logging.getLogger(__name__)

RECENT = 50
"""Sentences at hand without asking the database."""
REVISABLE = 16
"""Sentences back that a second look may still replace."""
MOST_UNSTORED = 10_000
"""Sentences that wait for a disk with room, some megabytes: a day of talking."""
MICROPHONE = "microphone"
CLOCK_GRACE = timedelta(seconds=2)
"""A sentence is dated from its events, a recording from the opening of its file."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence that waits to be stored."""

    event: VoiceEvent
    at: datetime
    source: str
    speaker: int


class Keeper:
    """Writes finals and revisions one after the other. Lives on the engines' loop."""

    def __init__(self, history: History, *, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._rows: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._unstored: deque[_Said] = deque(maxlen=MOST_UNSTORED)
        self._last: asyncio.Task[None] | None = None
        self.recent: tuple[Utterance, ...] = ()
        self.version = 0
        self.problem: str | None = None

    async def load(self, *, keep_days: int) -> None:
        """Forget what was deleted or is too old (0 keeps all) and read the newest sentences."""
        try:
            await self._history.purge_deleted()
            if keep_days:
                await self._history.purge_older_than(keep_days)
        except Refused as error:
            # A full disk is no reason not to listen.
            self.problem = f"Old sentences stay in the history: {error}"
        await self._refresh()

    async def search(self, query: str, *, limit: int) -> tuple[Utterance, ...]:
        """Return what a search finds: nothing before `load`, after which `version` moves."""
        return await self._history.search(query, limit=limit) if self.version else ()

    def take(self, event: VoiceEvent, source: str = MICROPHONE, speaker: int = 0) -> None:
        """Store a final or a revision soon; partials are nobody's business.

        speaker: tells apart several whose events are numbered alike.
        """
        if event.event != "partial":
            ago_s = max(0.0, event.at_s - event.start_s)
            said_at = self._clock.wall() - timedelta(seconds=ago_s)
            self._unstored.append(_Said(event, said_at, source, speaker))
            self._last = asyncio.ensure_future(self._after(self._last))

    async def settle(self) -> bool:
        """Return once everything taken so far was stored, or could not be; True where it is."""
        # What the decode thread told last may still be on its way to this loop.
        await asyncio.sleep(0)
        if self._unstored:
            self._last = asyncio.ensure_future(self._after(self._last))
        while (last := self._last) is not None and not last.done():
            await asyncio.wait([last])
        return not self._unstored

    async def add_file(
        self, source: str, transcript: Transcript, *, said_at: datetime | None = None
    ) -> None:
        """Store the text of a file where there is any; said_at: None for now."""
        if not transcript.text:
            return
        confidences = [segment.confidence for segment in transcript.segments]
        utterance = Utterance(
            id=0,
            said_at=said_at or self._clock.wall(),
            text=transcript.text,
            language=transcript.language,
            duration_s=transcript.duration_s,
            source=source,
            confidence=sum(confidences) / len(confidences) if confidences else None,
        )
        await self._history.add(utterance, transcript.segments)
        await self._refresh()

    async def add_recovered(self, transcript: Transcript, said_at: datetime) -> None:
        """Store the text of a cut-off recording, if any, in place of its stored sentences."""
        if not transcript.text:
            return
        end = said_at + timedelta(seconds=transcript.duration_s)
        await self._history.purge_between(said_at - CLOCK_GRACE, end, MICROPHONE)
        await self.add_file(MICROPHONE, transcript, said_at=said_at)

    async def delete(self, ids: Sequence[int]) -> None:
        """Hide sentences."""
        await self._history.delete(ids)
        await self._refresh()

    async def restore(self, ids: Sequence[int]) -> None:
        """Show hidden sentences again."""
        await self._history.restore(ids)
        await self._refresh()

    async def _after(self, last: asyncio.Task[None] | None) -> None:
        """Store all that waits; what cannot be stored waits for the next sentence."""
        if last is not None:
            await asyncio.wait([last])
        while self._unstored:
            said = self._unstored.popleft()
            try:
                await self._store(said)
                self.problem = None
            except EngineError as error:
                self._unstored.appendleft(said)
                self.problem = f"What was said is not in the history yet: {error}"
                _log.warning("%s", self.problem)
                return

    async def _store(self, said: _Said) -> None:
        event, name = said.event, (said.speaker, said.event.id)
        row = self._rows.get(name)
        if row is not None:
            await self._history.replace_text(row, event.text, event.confidence)
        else:
            utterance = Utterance(
                id=0,
                said_at=said.at,
                text=event.text,
                language=event.language,
                duration_s=event.end_s - event.start_s,
                source=said.source,
                confidence=event.confidence,
            )
            self._remember(name, await self._history.add(utterance))
            self._show(replace(utterance, id=self._rows[name]))
            return
        await self._refresh()

    def _remember(self, name: tuple[int, int], row: int) -> None:
        self._rows[name] = row
        while len(self._rows) > REVISABLE:
            self._rows.popitem(last=False)

    def _show(self, utterance: Utterance) -> None:
        self.recent = (*self.recent, utterance)[-RECENT:]
        self.version += 1

    async def _refresh(self) -> None:
        self.recent = tuple(reversed(await self._history.newest(limit=RECENT)))
        self.version += 1
