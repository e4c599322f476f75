"""A missing value is made once, however many ask for it; an old one is made again meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from random import Random
from typing import Protocol, TypeGuard

from engine.cache.content import Content, Kind
from engine.cache.flight import Flight, Make, lease_name
from engine.cache.freshness import Absent, Freshness, is_due, made, nothing, reason_in
from engine.cache.keys import Key
from engine.cache.meters import Tally
from engine.cache.ports import LeaseStore
from engine.cache.turns import Turn, Turns
from engine.cache.unix_time import UnixTime
from engine.errors import EngineError, OutsideError, Overloaded, Refused

_log = logging.getLogger(__name__)

FAILURES = (OutsideError, Overloaded, OSError)
"""What a maker may fail with so that an old value is better than none. Anything else is a mistake
in the program or a setting, which an old value would only hide."""
RETRY_PAUSE_MS = 1000
"""While an old value serves, a maker that failed is left alone for this long."""
MOST_PAUSES = 1000
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.1
"""How often it is looked whether another process has made the value."""
LONGEST_WAIT_MS = 60_000
"""After this a value is made here although another process still says that it makes it."""


class Shelf(Protocol):
    """Where values are kept. Never raises for what Redis does."""

    async def look(self, key: Key) -> Content | None:
        """Return what is there and has not ended, stale values too."""
        ...

    async def peek(self, key: Key) -> Content | None:
        """Return what `look()` would; counted as neither hit nor miss."""
        ...

    def peek_near(self, key: Key) -> Content | None:
        """Return the part of it that needs no question to Redis."""
        ...

    async def keep(self, key: Key, content: Content) -> bool:
        """Keep `content` until it ends; False where it is not kept."""
        ...


class Stampede:
    """Keeps callers from making the same value at the same time.

    Within this process one task makes it and the others wait for that; between processes a lease
    decides who does. Every fault of Redis means that it is made here, at once.
    """

    def __init__(
        self,
        *,
        shelf: Shelf,
        leases: LeaseStore | None,
        time: UnixTime,
        random: Random,
        tally: Tally,
        is_shared: Callable[[], bool] = lambda: True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._shelf = shelf
        self._time = time
        self._random = random
        self._tally = tally
        self._sleep = sleep
        holder = f"{random.getrandbits(128):032x}"
        self._turns = Turns(leases=leases, is_shared=is_shared, holder=holder, sleep=sleep)
        self._flights: dict[Key, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._paused_until_ms: dict[Key, int] = {}
        self._is_closed = False

    async def fetch(self, key: Key, make: Make, freshness: Freshness) -> Content:
        """Return what is kept under `key`, or what `make()` makes, which is then kept.

        Raises Absent where there is nothing, and whatever `make()` raises where no old value may
        serve instead. A caller that is cancelled does not disturb the others.
        """
        content = await self._shelf.look(key)
        now_ms = self._time.now_ms()
        if content is not None and now_ms < content.expires_ms:
            return self._answer(content, key, make, freshness)
        flight = self._flights.get(key)
        if flight is not None:
            self._tally["coalesced"] += 1
        elif _may_serve(content, now_ms) and self._is_paused(key, now_ms):
            self._tally["stale"] += 1
            return content
        else:
            flight = self._start(key, make, freshness, content)
        content = await flight.outcome()
        self._tally["stale"] += flight.is_stale
        if content.kind is Kind.NEGATIVE:
            raise reason_in(content)
        return content

    def attach(
        self, *, shelf: Shelf, leases: LeaseStore | None, is_shared: Callable[[], bool]
    ) -> None:
        """Use another shelf and other leases; what is being made goes on and is kept there."""
        self._shelf = shelf
        self._turns.is_shared = is_shared
        self._turns.leases = leases

    def overtake(self, key: Key) -> None:
        """Say that `key` was just written or removed: what is being made is handed out, not kept.

        It may have been made from what was there before.
        """
        flight = self._flights.pop(key, None)
        if flight is not None:
            flight.is_overtaken = True

    def overtake_namespace(self, namespace: str) -> None:
        """Say that everything in `namespace` was just purged."""
        for key in [key for key in self._flights if key.namespace == namespace]:
            self.overtake(key)

    async def aclose(self) -> None:
        """Cancel what is being made; whoever waits for it gets Refused. May be called twice."""
        self._is_closed = True
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def _answer(self, content: Content, key: Key, make: Make, freshness: Freshness) -> Content:
        if content.kind is Kind.NEGATIVE:
            self._tally["negative_hits"] += 1
            raise reason_in(content)
        now_ms = self._time.now_ms()
        if now_ms >= content.fresh_until_ms:
            self._tally["stale"] += 1
        is_idle = key not in self._flights and not self._is_closed
        is_idle = is_idle and not self._is_paused(key, now_ms)
        if is_idle and is_due(content, freshness.early, now_ms, self._random):
            self._start(key, make, freshness, content)
        return content

    def _start(self, key: Key, make: Make, freshness: Freshness, seen: Content | None) -> Flight:
        if self._is_closed:
            raise _closing(lease_name(key))
        flight = self._flights[key] = Flight(key, make, freshness, seen)
        task = asyncio.create_task(self._fly(flight))
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._end(flight, task))
        return flight

    async def _fly(self, flight: Flight) -> None:
        turn = await self._await_turn(flight)
        if turn is Turn.THEIRS:
            self._retire(flight)
            return
        async with self._turns.held(flight.name) if turn is Turn.OURS else nullcontext():
            # Whoever had the turn before, or made it while the caller looked, may have kept it.
            # A Redis that kept the caller waiting in vain is not asked once more.
            shelf, is_asked = self._shelf, turn is Turn.OURS or self._turns.is_shared()
            found = await shelf.peek(flight.key) if is_asked else shelf.peek_near(flight.key)
            if not self._take_over(flight, found):
                await self._make(flight, found or flight.seen)

    async def _await_turn(self, flight: Flight) -> Turn:
        """Return THEIRS where nothing is left to do: another process makes or has made it."""
        if not flight.freshness.across_processes:
            return Turn.UNKNOWN
        until_ms, pause_s = self._time.now_ms() + LONGEST_WAIT_MS, FIRST_PAUSE_S
        while (turn := await self._turns.ask(flight.name)) is Turn.THEIRS:
            if not flight.waiters:
                return turn
            if self._time.now_ms() >= until_ms:
                return Turn.UNKNOWN
            await self._sleep(pause_s * self._random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            if self._take_over(flight, await self._shelf.peek(flight.key)):
                return turn
        return turn

    def _take_over(self, flight: Flight, found: Content | None) -> bool:
        """Land with what somebody else has made since the flight began, if there is such."""
        if found is None or self._time.now_ms() >= found.expires_ms:
            return False
        if flight.seen is not None and found.written_ms == flight.seen.written_ms:
            return False
        self._tally["coalesced"] += bool(flight.waiters)
        flight.land(found)
        return True

    async def _make(self, flight: Flight, old: Content | None) -> None:
        began_ms = self._time.now_ms()
        try:
            content = await self._made(flight, began_ms)
        except FAILURES as error:
            if not _may_serve(old, self._time.now_ms()):
                raise
            _log.info("an old value of %s serves on: %s", flight.key.namespace, error)
            self._pause(flight.key)
            flight.is_stale = True
            flight.land(old)
            return
        self._tally["made"] += content.kind is not Kind.NEGATIVE
        flight.land(content)
        if not flight.is_overtaken and content.expires_ms > self._time.now_ms():
            await self._shelf.keep(flight.key, content)

    async def _made(self, flight: Flight, began_ms: int) -> Content:
        try:
            value = await flight.make()
        except Absent as reason:
            return nothing(reason, flight.freshness, began_ms, self._time.now_ms())
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Something inside was cancelled: to those who wait that is a failure like any other.
            raise Refused(f"{flight.name} was cancelled: ask for it again") from error
        return made(value, flight.freshness, began_ms, self._time.now_ms())

    def _end(self, flight: Flight, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._retire(flight)
        error = _closing(flight.name) if task.cancelled() else task.exception()
        if error is None:
            return
        if flight.seen is not None and self._time.now_ms() < flight.seen.expires_ms:
            self._pause(flight.key)  # callers have what they need
        is_heard = flight.waiters > 0 and not flight.has_landed
        flight.fail(error)
        if not is_heard and not task.cancelled():
            trace = None if isinstance(error, EngineError) else error
            _log.warning("%s failed: %s", flight.name, error, exc_info=trace)

    def _retire(self, flight: Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]

    def _is_paused(self, key: Key, now_ms: int) -> bool:
        return now_ms < self._paused_until_ms.get(key, 0)

    def _pause(self, key: Key) -> None:
        paused, now_ms = self._paused_until_ms, self._time.now_ms()
        if len(paused) >= MOST_PAUSES:
            for old in [old for old, until_ms in paused.items() if until_ms <= now_ms]:
                del paused[old]
        paused[key] = now_ms + RETRY_PAUSE_MS


def _may_serve(old: Content | None, now_ms: int) -> TypeGuard[Content]:
    """Tell whether an old value is better than none."""
    return old is not None and old.kind is not Kind.NEGATIVE and now_ms < old.ends_ms


def _closing(name: str) -> Refused:
    return Refused(f"{name} is not made: the cache is closing")
