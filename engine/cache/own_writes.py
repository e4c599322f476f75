"""What this process wrote: sent to Redis, remembered until it is certain, and sent again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Literal

from engine.cache.generations import Generations, Questions
from engine.cache.journal import Journal
from engine.cache.keys import Key
from engine.cache.meters import Tally
from engine.cache.ports import Invalidated, Put, Remove, Write
from engine.cache.unix_time import UnixTime
from engine.errors import OutsideError

REPLAY_BATCH = 100
"""Own writes that a returning Redis gets at once, between the callers' own."""
TOMBSTONE_MS = 3_600_000
"""Processes that were away longer than this may bring a removed value back to an empty Redis."""
When = Literal["always", "newer"]


class OwnWrites:
    """Writes to Redis. No call raises for what Redis does: what it missed, it gets later.

    invalidated: hears of keys under which Redis was found to have something newer.
    """

    def __init__(
        self,
        *,
        second: Questions,
        journal: Journal,
        generations: Generations,
        time: UnixTime,
        tally: Tally,
        invalidated: Invalidated,
    ) -> None:
        self.journal = journal
        self._second = second
        self._generations = generations
        self._time = time
        self._tally = tally
        self._invalidated = invalidated
        self._turns = itertools.count()

    async def put(self, key: Key, frame: bytes, ends_ms: int, when: When) -> None:
        """Store `frame` under `key` until `ends_ms`."""
        ticket = self.journal.put(key, frame, ends_ms)
        ttl_ms = max(1, ends_ms - self._time.now_ms())
        await self._confirmed(key, ticket, Put(self._generations.guess(key), frame, ttl_ms, when))

    async def remove(self, key: Key, tombstone: bytes) -> bool:
        """Remove `key`; True where Redis had it.

        tombstone: the frame that tells a Redis which missed this when it was removed.
        """
        ticket = self.journal.remove(key, tombstone)
        return bool(await self._confirmed(key, ticket, Remove(self._generations.guess(key))))

    def defer_put(self, key: Key, frame: bytes, ends_ms: int) -> None:
        """Store `frame` under `key` once Redis answers again."""
        self.journal.put(key, frame, ends_ms)

    def defer_remove(self, key: Key, tombstone: bytes) -> None:
        """Remove `key` once Redis answers again."""
        self.journal.remove(key, tombstone)

    async def give_back(self, has_lost_data: bool) -> None:
        """Send what Redis missed; everything remembered where it lost its data."""
        self.journal.end(self._time.now_ms())
        await self._replay([entry.key for entry in self.journal.pending()])
        if has_lost_data:
            await self._replay([entry.key for entry in self.journal.kept()])

    async def catch_up(self) -> None:
        """Send again what Redis refused or did not answer, until it refuses a whole batch."""
        count = self.journal.status().pending
        if not count:
            return
        # Not always from the same end: in a Cluster only some servers may refuse.
        start = next(self._turns) * REPLAY_BATCH % count
        # Some first: to list them all takes time, and a full Redis refuses them for hours.
        if await self._replay(self.journal.some_pending(start, REPLAY_BATCH)):
            await self._replay([entry.key for entry in self.journal.pending()])

    async def _replay(self, keys: Sequence[Key]) -> bool:
        """Send what is remembered of `keys`; False where a whole batch was not taken."""
        for start in range(0, len(keys), REPLAY_BATCH):
            part = keys[start : start + REPLAY_BATCH]
            sent = sum(await asyncio.gather(*[self._replay_one(key) for key in part]))
            self._tally["replayed"] += sent
            if not sent:
                for key in keys[start:]:
                    self.journal.doubt(key)
                return False
        return True

    async def _replay_one(self, key: Key) -> bool:
        entry = self.journal.get(key)  # it may have been written again meanwhile
        if entry is None:
            return False
        physical = self._generations.guess(key)
        ttl_ms = entry.ends_ms - self._time.now_ms()
        write: Write
        if entry.write == "remove" and entry.frame:
            # Not simply removed: what others have written since stays, and what they remember
            # from before must not come back.
            write = Put(physical, entry.frame, TOMBSTONE_MS, "newer")
        elif entry.write == "remove" or ttl_ms <= 0:
            write = Remove(physical)
        else:
            # Others may have written it since, also while we did not hear of it.
            write = Put(physical, entry.frame, ttl_ms, "newer")
        if await self._confirmed(key, entry.ticket, write) is not None:
            return True
        # A server of a Cluster refuses everything until it knows the others.
        self.journal.doubt(key)
        return False

    async def _confirmed(self, key: Key, ticket: int, write: Write) -> int | None:
        """Return the number that Redis answers to `write`; None where it has to wait for it."""
        try:
            number = await self._second.write(write)
        except OutsideError:
            self._tally["failed"] += 1
            return None
        self.journal.confirm(key, ticket)
        if not number and isinstance(write, Put):
            self._invalidated([write.key])
        return number
