"""Sessions and the chat history in them: in Redis and, while it is away, in this process."""

from __future__ import annotations

import builtins
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from engine.cache.keys import check_text
from engine.cache.ports import SessionRecord, SessionStore
from engine.cache.session_copies import ABOUT_BYTES, Copy, SessionCopies
from engine.cache.session_restore import TO_THE_END, SessionRestore
from engine.cache.session_values import (
    Conflict,
    Session,
    SessionGone,
    encoded,
    gone,
    is_same,
    messages_of,
    new_record,
    row_of,
    session_of,
    stamps,
)
from engine.cache.sharing import Sharing
from engine.cache.snapshot import SessionRow
from engine.cache.unix_time import span_ms
from engine.clock import Clock
from engine.errors import Damaged


class Sessions:
    """Sessions that outlive Redis being away. No call raises for what Redis does.

    Every session this process uses has a copy here (`twin`). While Redis does not answer, the copy
    is what counts, and Redis gets what it lacks by `restore()` or at the next use.
    """

    def __init__(
        self,
        *,
        store: SessionStore,
        twin: SessionStore,
        is_shared: Callable[[], bool],
        clock: Clock,
        default_ttl_s: float,
        tally: defaultdict[str, int],
    ) -> None:
        self._store = store
        self._twin = twin
        self._clock = clock
        self.default_ttl_s = default_ttl_s  # may be set at any time
        self._tally = tally
        # Where no Redis is configured, the twin itself is the store: copies are all there is.
        self._sharing = Sharing(
            is_shared=lambda: self._store is not twin and is_shared(), clock=clock
        )
        self._copies = SessionCopies(twin=twin, clock=clock)
        self._redis = SessionRestore(
            store=store, copies=self._copies, sharing=self._sharing, tally=tally
        )
        self._stamps = stamps(secrets.token_bytes(8))

    def attach(self, store: SessionStore) -> None:
        """Use another Redis from now on, or another connection to it."""
        self._store = store
        self._redis.attach(store)

    @property
    def alive(self) -> int:
        """Sessions that are alive, as far as this process knows."""
        return len(self._copies)

    @property
    def unsaved(self) -> int:
        """Sessions of which Redis does not have everything yet."""
        return len(self._copies.unsaved())

    async def create(self, owner: str, data: object = None, ttl_s: float | None = None) -> Session:
        """Return a new session that ends `ttl_s` after the last touch or update.

        At most a year. Raises TypeError for data msgspec cannot write, ValueError for no time.
        """
        check_text(owner)
        lasts_s = span_ms(self.default_ttl_s if ttl_s is None else ttl_s) / 1000
        record = new_record(secrets.token_hex(16), owner, data, self._now_ms(), lasts_s)
        await self._copies.sweep(self.default_ttl_s)
        await self._twin.create(record)
        copy = Copy(1, is_new=True)
        self._copies.enter(record.id, copy, ABOUT_BYTES + len(record.data))
        async with copy.lock:
            if await self._redis.asked(lambda: self._store.create(record)):
                copy.save(1)
        return session_of(record)

    async def get(self, session_id: str) -> Session | None:
        """Return a session, or None."""
        record = await self._load(session_id)
        try:
            return None if record is None else session_of(record)
        except Damaged:
            self._tally["damaged"] += 1
            return None

    async def update(self, session_id: str, data: object, version: int) -> Session:
        """Replace the data of the session that was read at `version`; return it as it is now.

        Raises Conflict where somebody has updated it since, SessionGone where it is not there any
        more, TypeError for data that msgspec cannot write.
        """
        async with self._changing(session_id) as copy:
            before = await self._here(session_id, copy, version)
            now_ms = self._now_ms()
            record = replace(
                before,
                version=version + 1,
                data=encoded(data),
                base=0,
                touched_ms=now_ms,
                expires_ms=now_ms + before.expires_ms - before.touched_ms,
            )
            answer = None
            if copy.is_saved:
                answer = await self._redis.asked(lambda: self._store.update(record))
            if answer is None:
                stored = await self._twin.update(record)
                copy.has_data = copy.has_data or is_same(stored, record)
            else:
                stored = answer[0]
                await self._copies.note(session_id, stored)
        if stored is None:
            raise gone(session_id)
        if not is_same(stored, record):
            raise Conflict(
                f"the session {session_id} is at version {stored.version} by now, not at "
                f"{version}: read it again and repeat the change"
            )
        unseen = copy.unseen if answer is None else 0
        return session_of(replace(stored, messages=stored.messages + unseen))

    async def touch(self, session_id: str) -> bool:
        """Let it live as long as it was made for, from now; False where it is gone."""
        try:
            async with self._changing(session_id) as copy:
                here = await self._twin.load(session_id)
                if here is None:
                    return False
                touched_ms = self._now_ms()
                times = (touched_ms, touched_ms + here.expires_ms - here.touched_ms)
                answer = None
                if copy.is_saved:
                    answer = await self._redis.asked(lambda: self._store.touch(session_id, *times))
                if answer == (False,):
                    self._copies.miss(copy)
                    return False
                copy.has_touch = copy.has_touch or answer is None
                return await self._twin.touch(session_id, *times)
        except SessionGone:
            return False

    async def remove(self, session_id: str) -> bool:
        """End it with its history; False where it was gone before, as far as this is known."""
        check_text(session_id)
        known = self._copies.get(session_id)
        copy = known or self._copies.enter(session_id, Copy(0), ABOUT_BYTES)
        async with copy.lock:
            was_here = await self._twin.remove(session_id)
            copy.is_removed, copy.gone_at_s = True, self._clock.now()
            answer = await self._redis.asked(lambda: self._store.remove(session_id))
            if answer is not None:
                await self._copies.forget(session_id)
            return was_here or answer == (True,)

    async def list(self, owner: str | None = None, limit: int = 100) -> tuple[SessionRow, ...]:
        """Return sessions of `owner`, or of all, last touched first."""
        for session_id in self._copies.unsaved():
            await self._redis.hand_over(session_id)
        answer = await self._redis.asked(lambda: self._store.list(owner, limit))
        here = await self._twin.list(owner, limit)
        if answer is None:
            records = list(here)
        else:
            lacking = set(self._copies.unsaved())  # Redis refuses them for now
            records = [each for each in answer[0] if each.id not in lacking]
            records += [each for each in here if each.id in lacking]
            records.sort(key=lambda each: each.touched_ms, reverse=True)
        return tuple(row_of(each) for each in records[:limit])

    async def append(self, session_id: str, *messages: object) -> int:
        """Add to the end of its chat history; return how many messages it has now.

        Raises SessionGone, and TypeError for a message that msgspec cannot write.
        """
        frames = [next(self._stamps) + encoded(each) for each in messages]
        async with self._changing(session_id) as copy:
            await self._here(session_id, copy, 0)
            answer = None
            if copy.is_saved:
                answer = await self._redis.asked(lambda: self._store.append(session_id, frames))
            if answer == (None,):
                self._copies.miss(copy)
                raise gone(session_id)
            here = await self._twin.append(session_id, frames) or 0
            self._copies.grow(copy, sum(map(len, frames)))
            if answer is None or answer[0] is None:
                copy.messages += frames
                return here + copy.unseen
            copy.unseen = max(0, answer[0] - here)
            return answer[0]

    async def history(
        self, session_id: str, start: int = 0, stop: int | None = None
    ) -> builtins.list[Any]:
        """Return messages `start` to `stop` (exclusive) as a slice does; [] where it is gone.

        While Redis is away these are the messages that this process has seen.
        """
        await self._redis.hand_over(session_id)
        end = TO_THE_END if stop is None else stop
        copy = self._copies.get(session_id)
        answer = None
        if copy is None or copy.is_saved:
            answer = await self._redis.asked(lambda: self._store.history(session_id, start, end))
        if answer is None:
            frames = await self._twin.history(session_id, start, end)
        else:
            frames = answer[0]
            if (start, stop) == (0, None):
                await self._copies.fill(session_id, frames)
        messages, damaged = messages_of(frames)
        self._tally["damaged"] += damaged
        return messages

    async def restore(self, has_lost_data: bool) -> None:
        """Hand Redis, which answers again, what it lacks; after a loss all that is known here."""
        if self._store is not self._twin:
            await self._redis.restore(has_lost_data)

    async def _load(self, session_id: str) -> SessionRecord | None:
        await self._redis.hand_over(session_id)
        copy = self._copies.get(session_id)
        if copy is None or copy.is_saved:
            answer = await self._redis.asked(lambda: self._store.load(session_id))
            if answer is not None:
                await self._copies.note(session_id, answer[0])
                return answer[0]
        here = await self._twin.load(session_id)
        if here is None or copy is None or copy.gone_at_s is not None:
            return None
        return replace(here, messages=here.messages + copy.unseen)

    @asynccontextmanager
    async def _changing(self, session_id: str) -> AsyncIterator[Copy]:
        """Hold a session for a change, once what was changed before is stored if it can be."""
        check_text(session_id)
        known = self._copies.get(session_id)
        if known is not None and known.is_saved and await self._twin.load(session_id) is None:
            if not self._sharing.is_on:
                raise gone(session_id)
            await self._copies.forget(session_id)  # unless somebody else has touched it
            known = None
        if known is None:
            answer = await self._redis.asked(lambda: self._store.load(session_id))
            if answer is not None:
                await self._copies.note(session_id, answer[0])
                if answer[0] is None:
                    raise gone(session_id)
        known = self._copies.get(session_id)
        copy = known or Copy(0)
        async with copy.lock:
            if known is not None:
                await self._redis.push(session_id, copy)
                is_missing = copy.gone_at_s is not None and not self._sharing.is_on
                if self._copies.get(session_id) is not copy or copy.is_removed or is_missing:
                    raise gone(session_id)
            yield copy

    async def _here(self, session_id: str, copy: Copy, version: int) -> SessionRecord:
        """Return the copy; one that was never seen, while Redis is away, is begun at `version`."""
        here = await self._twin.load(session_id)
        if here is not None:
            return here
        if self._copies.get(session_id) is copy:
            raise gone(session_id)  # it has ended
        begun = new_record(session_id, "", None, self._now_ms(), self.default_ttl_s)
        record = replace(begun, version=version)
        copy.base, copy.is_blind = version, True
        await self._twin.create(record)
        self._copies.enter(session_id, copy, ABOUT_BYTES)
        return record

    def _now_ms(self) -> int:
        return int(self._clock.wall().timestamp() * 1000)
