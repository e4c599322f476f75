"""Gives an answer again to who asks the same, and one answer to all who ask it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeGuard, TypeVar

from engine.clock import Clock
from engine.coordinator.fingerprint import fingerprint
from engine.coordinator.flights import EARLY_S, cuts_short, ends_s, forget, inherited, owned
from engine.coordinator.kept_answer import (
    COUNTED,
    From,
    KeptAnswer,
    is_complete,
    kept_from,
    may_serve,
    read,
    written,
)
from engine.coordinator.ports import AnswerStore
from engine.coordinator.replay import Replay
from engine.coordinator.settings import ResponseCacheSettings
from engine.coordinator.shared_answer import SharedAnswer
from engine.coordinator.shared_stream import SharedStream
from engine.errors import OutsideError, Overloaded, TimedOut
from engine.exchange import LlmRequest, Reply

WaitedT = TypeVar("WaitedT")
Make = Callable[[], Awaitable[Reply]]

FAILURES = (OutsideError, Overloaded)
"""What may go wrong so that an old answer is better than none."""
SKEW_S = 300.0
"""Clocks of hosts that share a cache may differ by so much."""
LONGEST_S = 31_536_000.0
"""A year: no store keeps longer."""


class ResponseCache:
    """Answers from the store where they may be, and keeps new ones there.

    What it hands out is the caller's own: the first who asks gets the reply of his `make`, every
    other one a copy that cost nothing, with `cached` set and the request's id. For the engines'
    loop; close it with `aclose()`.
    """

    def __init__(
        self,
        *,
        store: AnswerStore,
        settings: Callable[[], ResponseCacheSettings],
        clock: Clock,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._answers: dict[str, SharedAnswer] = {}
        self._streams: dict[str, SharedStream] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts = dict.fromkeys((*COUNTED.values(), "cache_stored"), 0)
        """As in `CoordinatorSnapshot.counts`."""

    async def answer(self, request: LlmRequest, model: str, make: Make) -> Reply:
        """Return the answer of `model` to `request`, made by `make` where nobody has it.

        `make` runs once for all who ask the same at once, in a task of its own; it is cancelled
        when the last of them is. Raises what `make` raises.
        """
        if not may_serve(request, self._settings()):
            return await make()
        key = fingerprint(request, model)
        if request.is_stream:
            return await self._streamed(key, request, make)
        return await self._whole(key, request, make)

    async def aclose(self) -> None:
        """End everything under way. Never raises; may be called twice."""
        for answer in list(self._answers.values()):
            await answer.aclose()
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    # --- whole answers ---

    async def _whole(self, key: str, request: LlmRequest, make: Make) -> Reply:
        shared = self._answers.get(key)
        if shared is None:
            found = read(await self._store.get(key))
            if self._is_fresh(found):
                return self._given(request, found, "hit")
            shared = self._answers.get(key)  # somebody may have come meanwhile
        if shared is not None:
            try:
                answer = await self._by_deadline(request, shared.outcome())
            except TimedOut:
                if not cuts_short(shared, request) or self._clock.now() < shared.ends_s - EARLY_S:
                    raise
                return await self._whole(key, request, make)  # only the other's time was up
            return inherited(request, shared) or self._given(request, answer, "joined")
        shared = self._answers[key] = self._shared_answer(key, request, make)
        try:
            answer = await shared.outcome()
        except asyncio.CancelledError:
            shared.is_orphan = True
            raise
        if shared.reply is not None:
            return shared.reply
        return self._given(request, answer, "hit" if self._is_fresh(answer) else "stale")

    def _shared_answer(self, key: str, request: LlmRequest, make: Make) -> SharedAnswer:
        settings = self._settings()

        def pack(reply: Reply, answer: KeptAnswer) -> bytes | None:
            if not self._is_kept(request, reply, answer.pieces):
                return None
            self.counts["cache_stored"] += 1
            return written(answer)

        return SharedAnswer(
            make=make,
            fetch=lambda produce: self._store.fetch(
                key, produce, settings.ttl_s, settings.stale_if_error_s
            ),
            keep=lambda reply: self._kept(reply, [reply.body]),
            pack=pack,
            over=lambda shared: forget(self._answers, key, shared),
            ends_s=ends_s(request),
        )

    # --- streams ---

    async def _streamed(self, key: str, request: LlmRequest, make: Make) -> Reply:
        shared, found = self._open_stream(key, request), None
        if shared is None:
            found = read(await self._store.get(key))
            if self._is_fresh(found):
                return self._given(request, found, "hit")
            shared = self._open_stream(key, request)
        if shared is not None:
            return await self._read_along(request, shared, found)
        shared = self._streams[key] = self._shared_stream(key, request, make)
        try:
            await shared.head()
            return owned(request, shared)
        except asyncio.CancelledError:
            shared.is_orphan = True
            raise
        except FAILURES:
            if found is None:
                raise
            return self._given(request, found, "stale")
        finally:
            shared.leave()

    def _open_stream(self, key: str, request: LlmRequest) -> SharedStream | None:
        """Return what `request` can read along to the end."""
        shared = self._streams.get(key)
        if shared is None or not shared.is_open or cuts_short(shared, request):
            return None
        return shared

    async def _read_along(
        self, request: LlmRequest, shared: SharedStream, found: KeptAnswer | None
    ) -> Reply:
        try:
            first = await self._by_deadline(request, shared.head())
            if (heirloom := inherited(request, shared)) is not None:
                return heirloom
            if first.stream is None:
                return self._given(request, self._kept(first, [first.body]), "joined")
            reply = Reply(
                first.model, first.endpoint, request.id, dialect=first.dialect, cached="joined"
            )
            reply.first_byte_s = self._since_s(request)
            reply.stream = shared.reader(lambda: self._end(request, reply, first))
        except FAILURES:
            if found is None:
                raise
            return self._given(request, found, "stale")
        finally:
            shared.leave()
        self.counts["cache_joined"] += 1
        return reply

    def _shared_stream(self, key: str, request: LlmRequest, make: Make) -> SharedStream:
        settings = self._settings()

        async def keep(reply: Reply, pieces: list[bytes]) -> None:
            if self._is_kept(request, reply, pieces):
                ends_s = min(settings.ttl_s + settings.stale_if_error_s, LONGEST_S)
                await self._store.put(key, written(self._kept(reply, pieces)), ends_s)
                self.counts["cache_stored"] += 1

        shared = SharedStream(
            make=make,
            largest_bytes=settings.largest_kib << 10,
            done=keep,
            over=lambda shared: forget(self._streams, key, shared),
            ends_s=ends_s(request),
        )
        self._tasks.add(shared.task)
        shared.task.add_done_callback(self._tasks.discard)
        return shared

    def _end(self, request: LlmRequest, reply: Reply, first: Reply) -> None:
        reply.usage, reply.finish_reason = first.usage, first.finish_reason
        reply.problem, reply.cost_usd = first.problem, 0.0
        reply.ended_s = self._since_s(request)
        reply.finish()

    # --- both ---

    async def _by_deadline(self, request: LlmRequest, waiting: Awaitable[WaitedT]) -> WaitedT:
        """Return what `waiting` does; whoever asked first may have more time than `request`.

        Raises TimedOut.
        """
        left_s = ends_s(request) - self._clock.now()
        try:
            async with asyncio.timeout(None if left_s == inf else left_s) as limit:
                return await waiting
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimedOut(f"{request.model!r} was not answered by its deadline") from error

    def _is_fresh(self, found: KeptAnswer | None) -> TypeGuard[KeptAnswer]:
        if found is None:
            return False
        # After a jump back of the calendar what was kept would serve for as long again, or years.
        left_s = found.fresh_until_s - self._wall_s()
        return 0 < left_s <= self._settings().ttl_s + SKEW_S

    def _is_kept(self, request: LlmRequest, reply: Reply, pieces: list[bytes]) -> bool:
        size = sum(map(len, pieces))
        is_small = size <= self._settings().largest_kib << 10
        return is_small and is_complete(request, reply, pieces)

    def _kept(self, reply: Reply, pieces: list[bytes]) -> KeptAnswer:
        return kept_from(reply, pieces, self._wall_s() + self._settings().ttl_s)

    def _given(self, request: LlmRequest, answer: KeptAnswer, origin: From) -> Reply:
        """Return `answer` as the reply to `request`."""
        self.counts[COUNTED[origin]] += 1
        now_s = self._since_s(request)
        reply = Reply(
            answer.model,
            answer.endpoint,
            request.id,
            dialect=answer.dialect,
            cached=origin,
            usage=answer.usage,
            cost_usd=0.0,
            finish_reason=answer.finish_reason,
            first_byte_s=now_s,
            ended_s=now_s,
        )
        if answer.is_stream:
            reply.stream = Replay(answer.pieces, reply.finish)
        else:
            reply.body = answer.pieces[0]
            reply.finish()
        return reply

    def _since_s(self, request: LlmRequest) -> float:
        return self._clock.now() - request.came_s

    def _wall_s(self) -> float:
        return self._clock.wall().timestamp()
