"""What is on its way to one node: one batch a tick and kind, each under its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from engine.cache.batch import Batch, Outcomes, Tick
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
        self._flying: set[Batch] = set()
        self._flying_bytes = 0
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
        for batch in (*self._flying, *(tick.batches() if tick else ())):
            self._end(batch)
            batch.fail(error)
            if batch.task is not None:
                batch.task.cancel()

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
        first, *others = tick.batches()
        for batch in others:  # these start after this task has sent the first, in their order
            self._register(batch)
            batch.task = self._start(self._ask(batch))
        self._register(first)
        first.task = asyncio.current_task()
        await self._ask(first)

    async def _ask(self, batch: Batch) -> None:
        began_s = self._clock.now()
        try:
            outcomes = await batch.ask(self._node)
        except OutsideError as error:
            self._fail(batch, error)
        else:
            if self._end(batch):
                self._listener.answered(self._clock.now() - began_s, outcomes)
        finally:  # also after a mistake in an adapter, which is not caught: nobody waits for ever
            batch.task = None
            if batch in self._flying:
                self._fail(batch, Damaged(f"Redis at {self._node.name} could not be understood"))

    def _register(self, batch: Batch) -> None:
        self._flying.add(batch)
        self._flying_bytes += batch.size_bytes
        wait_s = self.deadline_s + self._flying_bytes / self._bytes_per_s
        batch.due_s = self._loop.time() + wait_s
        batch.timer = self._loop.call_at(batch.due_s, self._expire, batch)

    def _end(self, batch: Batch) -> bool:
        """Take `batch` off; return whether it was on its way."""
        if batch not in self._flying:
            return False
        self._flying.remove(batch)
        self._flying_bytes -= batch.size_bytes
        if batch.timer is not None:
            batch.timer.cancel()
        return True

    def _expire(self, batch: Batch) -> None:
        now_s = self._loop.time()
        if now_s - batch.due_s > GRACE_S and not batch.has_grace:
            batch.has_grace = True
            batch.timer = self._loop.call_later(GRACE_S, self._expire, batch)
            return
        if batch.task is not None:
            batch.task.cancel()
        self._fail(
            batch,
            TimedOut(
                f"Redis at {self._node.name} did not answer within "
                f"{1000 * self.deadline_s:.0f} ms: see that it is not busy"
            ),
        )

    def _fail(self, batch: Batch, error: OutsideError) -> None:
        if self._end(batch):
            batch.fail(error)
            self._listener.failed(error)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
