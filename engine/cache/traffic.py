"""What is on its way to one node: one batch a tick and kind, each under its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from engine.cache.batch import Batch, Outcomes, Tick, fail_all
from engine.cache.large_frames import LargeFrames
from engine.cache.ports import Node, Write
from engine.cache.settings import CacheSettings
from engine.clock import Clock
from engine.errors import Damaged, OutsideError, TimedOut

LOOPBACK_BYTES_PER_S = 100e6
"""What a deadline grants for large payloads; Redis on this machine takes several times that."""

NETWORK_BYTES_PER_S = 5e6
"""The same for a slow office network."""

GRACE_S = 0.005
"""A deadline that was itself noticed this late waits as long again: the loop was busy with
something else, and the answer may lie in the socket unread."""


class Listener(Protocol):
    """Who hears how it goes. Nothing is heard of what `drop()` has ended."""

    def answered(self, seconds: float, outcomes: Outcomes) -> None:
        """A batch was answered after `seconds`."""
        ...

    def failed(self, error: OutsideError) -> None:
        """A batch got no answer, or was refused as a whole."""
        ...


@dataclass(slots=True, eq=False)
class _Flight:
    """A batch on its way."""

    batch: Batch
    size_bytes: int
    due_s: float
    """Loop time of the deadline."""
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None
    has_grace: bool = False


class Traffic:
    """Reads and writes to one node. A future fails with an OutsideError or has the answer."""

    def __init__(
        self, *, node: Node, settings: CacheSettings, clock: Clock, listener: Listener
    ) -> None:
        is_near = node.is_loopback
        deadline_ms = settings.loopback_deadline_ms if is_near else settings.network_deadline_ms
        self.deadline_s = deadline_ms / 1000
        self._bytes_per_s = LOOPBACK_BYTES_PER_S if is_near else NETWORK_BYTES_PER_S
        self._node = node
        self._clock = clock
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._tick: Tick | None = None
        self._flying: set[_Flight] = set()
        self._flying_bytes = 0
        self._large = LargeFrames()
        self._tasks: set[asyncio.Task[None]] = set()

    def read(self, key: bytes) -> asyncio.Future[bytes | None]:
        """Return what will be stored under `key` when the node is asked."""
        future: asyncio.Future[bytes | None] = self._loop.create_future()
        (self._tick or self._begin_tick()).read(key, future)
        return future

    def write(self, write: Write) -> asyncio.Future[int]:
        """Return what the node will answer to `write`."""
        future: asyncio.Future[int] = self._loop.create_future()
        (self._tick or self._begin_tick()).write(write, future)
        return future

    def drop(self, error: OutsideError) -> None:
        """Give `error` to everybody who waits, and wait for no answer any more."""
        tick, self._tick = self._tick, None
        for batch in tick.batches() if tick else ():
            fail_all(batch, error)
        for flight in tuple(self._flying):
            self._end(flight)
            fail_all(flight.batch, error)
            if flight.task is not None:
                flight.task.cancel()

    def unfinished(self) -> set[asyncio.Task[None]]:
        """Return the tasks that still run, after `drop()` to be awaited by who ends it all."""
        return set(self._tasks)

    def _begin_tick(self) -> Tick:
        self._tick = tick = Tick()
        self._start(self._send(tick))
        return tick

    async def _send(self, tick: Tick) -> None:
        """Ask everything that was gathered until the loop came round to this task."""
        if self._tick is not tick:
            return  # dropped
        self._tick = None
        first, *others = [self._take_off(batch) for batch in tick.batches()]
        for flight in others:  # these start after this task has sent the first, in their order
            flight.task = self._start(self._ask(flight))
        first.task = asyncio.current_task()
        await self._ask(first)

    async def _ask(self, flight: _Flight) -> None:
        began_s = self._clock.now()
        try:
            outcomes = await flight.batch.ask(self._node, self._large)
        except OutsideError as error:
            self._fail(flight, error)
        else:
            if self._end(flight):
                self._listener.answered(self._clock.now() - began_s, outcomes)
        finally:  # also after a mistake in an adapter, which is not caught: nobody waits for ever
            flight.task = None
            if flight in self._flying:
                name = self._node.name
                self._fail(flight, Damaged(f"Redis at {name} could not be understood: see the log"))

    def _take_off(self, batch: Batch) -> _Flight:
        size_bytes = batch.size_bytes(self._large)
        self._flying_bytes += size_bytes
        due_s = self._loop.time() + self.deadline_s + self._flying_bytes / self._bytes_per_s
        flight = _Flight(batch, size_bytes, due_s)
        flight.timer = self._loop.call_at(due_s, self._expire, flight)
        self._flying.add(flight)
        return flight

    def _end(self, flight: _Flight) -> bool:
        """Take `flight` off; return whether it was on its way."""
        if flight not in self._flying:
            return False
        self._flying.remove(flight)
        self._flying_bytes -= flight.size_bytes
        if flight.timer is not None:
            flight.timer.cancel()
        return True

    def _expire(self, flight: _Flight) -> None:
        if self._loop.time() - flight.due_s > GRACE_S and not flight.has_grace:
            flight.has_grace = True
            flight.timer = self._loop.call_later(GRACE_S, self._expire, flight)
            return
        if flight.task is not None:
            flight.task.cancel()
        name, limit_ms = self._node.name, 1000 * self.deadline_s
        message = (
            f"Redis at {name} did not answer within {limit_ms:.0f} ms: see that it is not busy"
        )
        self._fail(flight, TimedOut(message))

    def _fail(self, flight: _Flight, error: OutsideError) -> None:
        if self._end(flight):
            fail_all(flight.batch, error)
            self._listener.failed(error)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
