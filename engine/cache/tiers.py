"""Values in two tiers: in this process, and in Redis, with own writes remembered in between.

What others write reaches the first tier as invalidations. A value on its way from Redis when its
key is invalidated, or written here, is handed to who asked for it and not kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Literal

from msgspec.structs import replace

from engine.cache.codec import BadFrame
from engine.cache.content import Content, Kind
from engine.cache.first_tier import FirstTier
from engine.cache.framing import ELSEWHERE_BYTES, Framing
from engine.cache.generations import Generations, Questions
from engine.cache.journal import Journal
from engine.cache.keys import Key, parse_key, prefix_of
from engine.cache.meters import Meters, Tally
from engine.cache.nearby import Limits, Nearby
from engine.cache.own_writes import TOMBSTONE_MS, OwnWrites, When
from engine.cache.readings import Readings
from engine.cache.unix_time import LONGEST_MS, UnixTime, span_ms
from engine.errors import OutsideError

MIB = 1024 * 1024
Answer = Literal["first_hits", "second_hits", "journal_hits", "misses"]
Found = tuple[Answer, Content | None]
"""Who answered, and what."""
MISS: Found = ("misses", None)


class Tiers:
    """Looks values up and keeps them. No call raises for what Redis does."""

    def __init__(
        self,
        *,
        first: FirstTier[Content],
        second: Questions | None,
        framing: Framing,
        journal: Journal,
        time: UnixTime,
        limits: Limits,
        tally: Tally,
        meters: Meters,
    ) -> None:
        self.first = first
        self.near = Nearby(first=first, time=time, limits=limits, is_alone=second is None)
        self.generations = Generations(second)
        self._second = second
        self._framing = framing
        self._time = time
        self._tally = tally
        self._meters = meters
        self._readings: Readings[Found] = Readings()
        self.own: OwnWrites | None = None
        """None without a second tier."""
        if second is not None:
            self.own = OwnWrites(
                second=second,
                journal=journal,
                generations=self.generations,
                time=time,
                tally=tally,
                invalidated=self.invalidated,
            )

    def look_near(self, key: Key) -> Content | None:
        """Return what the first tier has under `key`, also what has gone stale."""
        physical = self.generations.physical(key)
        entry = None if physical is None else self.first.get(physical)
        if entry is None:
            return None
        self._count("first_hits", key)
        return entry.value

    async def look(self, key: Key) -> Content | None:
        """Return what is kept under `key`, also what has gone stale; None where nothing is."""
        began_s = perf_counter()
        content = self.look_near(key)
        if content is None:
            answer, content = await self._look_further(key)
            self._count(answer, key)
        self._meters.note_get(perf_counter() - began_s)
        return content

    def peek_near(self, key: Key) -> Content | None:
        """Return what `look_near()` would; counted as no hit."""
        entry = self.first.peek(self.generations.guess(key))
        return None if entry is None else entry.value

    async def peek(self, key: Key) -> Content | None:
        """Return what `look()` would; counted as neither hit nor miss."""
        near = None if self.generations.physical(key) is None else self.peek_near(key)
        return (await self._look_further(key))[1] if near is None else near

    async def look_many(self, keys: Sequence[Key]) -> list[Content | None]:
        """Return `look()` of each of `keys`, in their order; one question to Redis for all."""
        found = [self.look_near(key) for key in keys]
        far = [number for number, content in enumerate(found) if content is None]
        looked = await asyncio.gather(*[self.look(keys[number]) for number in far])
        for number, content in zip(far, looked, strict=True):
            found[number] = content
        return found

    async def keep(self, key: Key, content: Content) -> bool:
        """Keep `content` under `key` until it ends; False where it is too large."""
        return await self._store(key, content, "always")

    async def extend(self, key: Key, ttl_s: float) -> bool:
        """Let what is kept under `key` live for `ttl_s` from now; False where there is nothing.

        Raises ValueError where `ttl_s` is not above 0.
        """
        lasts_ms = span_ms(ttl_s)
        content = await self.look(key)
        if content is not None and self.peek_near(key) is not content:
            content = await self.look(key)  # it may have been written on its way
        now_ms = self._time.now_ms()
        if content is None or content.expires_ms <= now_ms or content.kind is Kind.NEGATIVE:
            return False
        longer = _living_until(content, now_ms + lasts_ms)
        # What somebody else wrote meanwhile stays.
        return await self._store(key, longer, "newer")

    async def drop(self, key: Key) -> bool:
        """Remove what is kept under `key`; False where nothing was found."""
        physical = self.generations.physical(key) or await self.generations.find(key)
        here = physical or self.generations.guess(key)
        self._readings.overtake(here)
        was_here = self.first.remove(here)
        self._tally["deletes"] += 1
        if self.own is None:
            return was_here
        known = self.own.journal.get(key)
        was_here = was_here or (known is not None and known.write == "put")
        now_ms = self._time.now_ms()
        tombstone = Content(b"", Kind.REMOVED, now_ms, now_ms, now_ms, now_ms + TOMBSTONE_MS)
        frame = await self._framing.encode(tombstone)
        if physical is None:
            # Redis has kept the caller waiting once: it does not a second time.
            self.own.defer_remove(key, frame)
            return was_here
        return await self.own.remove(key, frame) or was_here

    async def purge(self, namespace: str) -> tuple[bytes, list[tuple[Key, Content]]]:
        """Forget every value of `namespace`, in every process.

        Return what its old keys begin with in Redis, where they end by themselves, and what the
        first tier had of them.
        """
        if self.own is not None:
            self.own.journal.drop_namespace(namespace)
        old = prefix_of(namespace, self.generations.known(namespace))
        self._readings.overtake_all()
        had = self.near.take(old)
        before = await self.generations.purge(namespace)
        return prefix_of(namespace, before), had

    def invalidated(self, keys: Sequence[bytes] | None) -> None:
        """Forget what others have written; None: everything, as it may be any of it."""
        self.generations.invalidated(keys)
        if keys is None:
            self._readings.overtake_all()
            self._tally["emptied"] += bool(self.first.clear())
            return
        for physical in keys:
            self._readings.overtake(physical)
            self._tally["invalidated"] += self.first.remove(physical)
            parsed = parse_key(physical)
            if parsed is not None and self.own is not None:
                self.own.journal.forget(parsed[0])

    async def restored(self, has_lost_data: bool) -> None:
        """Give Redis the own writes it missed; all that are remembered where it lost its data."""
        self.invalidated(None)
        await self.generations.settle_debts()
        if self.own is not None:
            await self.own.give_back(has_lost_data)

    async def _look_further(self, key: Key) -> Found:
        """Return who answered, and what: what this process wrote last, or Redis."""
        physical = self.generations.physical(key) or await self.generations.find(key)
        if self._second is None or self.own is None:
            return MISS
        if physical is None or self.own.journal.is_pending(key):
            return await self._look_back(key)
        reading, found = self._readings.under_way(physical), None
        if reading is not None:
            found = await reading.join()
            if found is None:  # who was reading has left
                return await self._look_further(key)
            self._tally["coalesced"] += 1
            return found
        reading = self._readings.begin(physical)
        try:
            found = await self._ask(self._second, key, physical)
            answer, content = found
            if answer == "second_hits" and content is not None and not reading.is_overtaken:
                self.near.put(physical, content)
            return found
        finally:
            self._readings.end(physical, reading, found)

    async def _ask(self, second: Questions, key: Key, physical: bytes) -> Found:
        """Return what Redis has under `key`, or for want of an answer what was written here."""
        try:
            frame = await second.read(physical)
            if frame is None:
                return MISS
            # Without a coroutine for most: this is the way of every get that Redis answers.
            if self._framing.is_quick(frame):
                content = self._framing.decode_here(frame)
            else:
                content = await self._framing.decode(frame)
        except BadFrame:
            self._tally["damaged"] += 1
            return MISS
        except OutsideError:
            self._tally["failed"] += 1
            return await self._look_back(key)
        return ("second_hits", content) if self._is_there(content) else MISS

    async def _look_back(self, key: Key) -> Found:
        """Return what this process wrote last under `key`, for want of an answer from Redis."""
        own = None if self.own is None else self.own.journal.get(key)
        if own is None or own.write != "put":
            return MISS
        try:
            content = await self._framing.decode(own.frame)
        except BadFrame:  # larger than what is allowed by now
            return MISS
        if not self._is_there(content):
            return MISS
        if own.is_pending:  # others may have written since what is kept: it must not stay
            self.near.put(self.generations.guess(key), content)
        return "journal_hits", content

    def _count(self, answer: Answer, key: Key) -> None:
        self._tally[answer] += 1
        counts = self._meters.namespace(key.namespace)
        if answer == "first_hits":
            counts.first_hits += 1
        elif answer == "misses":
            counts.misses += 1
        else:
            counts.second_hits += 1

    def _is_there(self, content: Content) -> bool:
        return content.kind is not Kind.REMOVED and content.ends_ms > self._time.now_ms()

    async def _store(self, key: Key, content: Content, when: When) -> bool:
        size_bytes = len(content.payload)
        if size_bytes > self.near.limits.largest_value_mib * MIB:
            self._tally["too_large"] += 1
            return False
        physical = self.generations.physical(key) or await self.generations.find(key)
        here = physical or self.generations.guess(key)
        self._readings.overtake(here)
        self.near.put(here, content)
        self._tally["writes"] += 1
        self._meters.namespace(key.namespace).writes += 1
        if self.own is not None:
            before = self.own.journal.ticket(key)
            try:
                frame = await self._framing.encode(content)
            except ValueError:  # less is allowed than a moment ago
                self.first.remove(here)
                self._tally["too_large"] += 1
                return False
            if size_bytes >= ELSEWHERE_BYTES:
                when = "newer"  # a smaller value may have overtaken this one meanwhile
                if self.own.journal.ticket(key) > before:
                    return True  # one of our own: it replaced this one
            self._tally["raw_bytes"] += size_bytes
            self._tally["framed_bytes"] += len(frame)
            if physical is None:
                self.own.defer_put(key, frame, content.ends_ms)
            else:
                await self.own.put(key, frame, content.ends_ms, when)
        return True


def _living_until(content: Content, expires_ms: int) -> Content:
    """Return `content` with another end; what comes before and after its end moves along."""
    later_ms = expires_ms - content.expires_ms
    stale_ms = min(max(0, content.ends_ms - content.expires_ms), LONGEST_MS)  # frames say anything
    return replace(
        content,
        fresh_until_ms=min(max(0, content.fresh_until_ms + later_ms), expires_ms),
        expires_ms=expires_ms,
        ends_ms=expires_ms + stale_ms,
    )
