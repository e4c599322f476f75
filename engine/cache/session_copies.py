"""What this process knows of sessions, and what Redis does not have of them yet."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.cache.ports import SessionRecord, SessionStore
from engine.clock import Clock

MOST_BYTES = 64 * 2**20
"""Of copies that Redis has as well: beyond it those used longest ago leave."""
ABOUT_BYTES = 500
"""Of a copy, beside its data and its messages."""
GONE_S = 30.0
"""A session that Redis does not have any more is kept for this long: if the reason was that Redis
lost its data, that is known by then."""


@dataclass(slots=True)
class Copy:
    """What is known of one session beside what the twin has of it."""

    base: int
    """The version that Redis had when it was last seen."""
    is_new: bool = False
    """Redis never had it, or has lost it: it may be created there."""
    has_data: bool = False
    """Its data was changed here, from version `base` on."""
    has_touch: bool = False
    messages: list[bytes] = field(default_factory=list)
    """Those that Redis may not have."""
    is_removed: bool = False
    is_blind: bool = False
    """It was never seen: what is known of it was written here while Redis was away."""
    unseen: int = 0
    """Messages that Redis has and the twin has not."""
    size_bytes: int = 0
    gone_at_s: float | None = None
    """Clock time at which Redis was found not to have it any more."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever changes it: a change waits for the one before to be stored."""

    @property
    def is_saved(self) -> bool:
        """True where Redis has everything."""
        return not (
            self.is_new or self.has_data or self.has_touch or self.messages or self.is_removed
        )

    def save(self, version: int) -> None:
        """Note that Redis has everything, at `version`."""
        self.base = version
        self.is_new = self.has_data = self.has_touch = False
        self.messages = []
        self.gone_at_s = None


class SessionCopies:
    """Copies of sessions in the twin, with what is to be handed to Redis."""

    def __init__(self, *, twin: SessionStore, clock: Clock) -> None:
        self.twin = twin
        self._clock = clock
        self._swept_at = 0
        self._copies: OrderedDict[str, Copy] = OrderedDict()
        self._used_bytes = 0

    def __len__(self) -> int:
        return len(self._copies)

    def get(self, session_id: str) -> Copy | None:
        """Return what is known of a session, now used last."""
        copy = self._copies.get(session_id)
        if copy is not None:
            self._copies.move_to_end(session_id)
        return copy

    def unsaved(self) -> list[str]:
        """Return the ids of which Redis does not have everything."""
        return [each for each, copy in self._copies.items() if not copy.is_saved]

    def enter(self, session_id: str, copy: Copy, size_bytes: int) -> Copy:
        """Know a session, whose copy in the twin takes about `size_bytes`."""
        self._copies[session_id] = copy
        self.grow(copy, size_bytes)
        return copy

    def grow(self, copy: Copy, size_bytes: int) -> None:
        """Note that a copy takes `size_bytes` more."""
        copy.size_bytes += size_bytes
        self._used_bytes += size_bytes

    async def forget(self, session_id: str) -> None:
        """Know nothing of a session any more."""
        copy = self._copies.pop(session_id, None)
        if copy is not None:
            self._used_bytes -= copy.size_bytes
        await self.twin.remove(session_id)

    async def note(self, session_id: str, stored: SessionRecord | None) -> None:
        """Take over what Redis answered about a session; None: it does not have it."""
        copy = self._copies.get(session_id)
        if stored is not None:
            await self.mirror(stored)
        elif copy is not None:
            self.miss(copy)

    async def mirror(self, record: SessionRecord) -> Copy:
        """Make the copy of a session what Redis answered, unless more is known here by now."""
        copy, here = self.get(record.id), await self.twin.load(record.id)
        is_overtaken = here is not None and here.version > record.version
        if copy is not None and (is_overtaken or not copy.is_saved):
            return copy
        return await self.take(record)

    async def take(self, record: SessionRecord) -> Copy:
        """Make the copy of a session what Redis has; nothing of it is unsaved any more."""
        here = await self.twin.load(record.id)
        copy = self.get(record.id)
        if copy is None:
            copy = self.enter(record.id, Copy(record.version), len(record.data) + ABOUT_BYTES)
        if here is None:
            await self.twin.create(record)
        else:
            await self.twin.update(record, replaces=here.version)
        copy.save(record.version)
        copy.unseen = max(0, record.messages - (0 if here is None else here.messages))
        await self.shrink()
        return copy

    async def fill(self, session_id: str, messages: Sequence[bytes]) -> None:
        """Make the history of a saved copy what Redis has."""
        copy, here = self._copies.get(session_id), await self.twin.load(session_id)
        if copy is None or here is None or not copy.is_saved or copy.lock.locked():
            return
        if len(messages) > here.messages:
            await self.twin.remove(session_id)
            await self.twin.create(here)
            await self.twin.append(session_id, messages)
            self.grow(
                copy, ABOUT_BYTES + len(here.data) + sum(map(len, messages)) - copy.size_bytes
            )
        copy.unseen = max(0, copy.unseen - max(0, len(messages) - here.messages))
        await self.shrink()

    def miss(self, copy: Copy) -> None:
        """Note that Redis does not have a session any more."""
        if copy.gone_at_s is None:
            copy.gone_at_s = self._clock.now()

    async def lose(self) -> None:
        """Note that Redis has lost its data; what was gone long before stays gone."""
        gone_s = self._clock.now() - GONE_S
        for session_id, copy in list(self._copies.items()):
            if copy.is_removed:
                continue
            if copy.gone_at_s is not None and copy.gone_at_s < gone_s:
                await self.forget(session_id)
            else:
                copy.is_new, copy.gone_at_s = True, None

    async def sweep(self, longest_s: float) -> None:
        """Forget what has ended, each time their number has doubled.

        longest_s: a removed session is remembered for this long where Redis cannot be told.
        """
        if len(self._copies) <= 2 * self._swept_at + 100:
            return
        now_s = self._clock.now()
        for session_id, copy in list(self._copies.items()):
            stays_s = longest_s if copy.is_removed else GONE_S
            is_gone = copy.gone_at_s is not None and copy.gone_at_s < now_s - stays_s
            has_ended = not copy.is_removed and await self.twin.load(session_id) is None
            if (is_gone or has_ended) and not copy.lock.locked():
                await self.forget(session_id)
        self._swept_at = len(self._copies)

    async def shrink(self) -> None:
        """Let the saved copies used longest ago go where they take too much memory."""
        if self._used_bytes <= MOST_BYTES:
            return
        for session_id, copy in list(self._copies.items()):
            if copy.is_saved and not copy.lock.locked():
                await self.forget(session_id)
            if self._used_bytes <= MOST_BYTES * 3 // 4:
                return
