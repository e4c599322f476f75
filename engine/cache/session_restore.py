"""Hands sessions to a Redis that was away, or that lost what it had."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TypeVar

from engine.cache.ports import SessionRecord, SessionStore
from engine.cache.session_copies import Copy, SessionCopies
from engine.cache.session_values import is_same
from engine.cache.sharing import Sharing
from engine.errors import OutsideError, TimedOut, Unreachable

_log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")
MOST_AT_ONCE_BYTES = 2**18
"""Of messages: what fits easily into the time that one answer may take."""
TO_THE_END = 2**40
"""As the end of a slice: more messages than any history has."""


class SessionRestore:
    """Asks Redis about sessions while it answers, and hands it what it lacks.

    Data that was changed both here and there stays as it is there; what was written here becomes a
    session of its own, so that neither is lost. Messages of both are kept, each once. (Data changed
    on two sides can be lost where Redis loses everything again before all have restored theirs.)
    """

    def __init__(
        self,
        *,
        store: SessionStore,
        copies: SessionCopies,
        sharing: Sharing,
        tally: defaultdict[str, int],
    ) -> None:
        self._store = store
        self._copies = copies
        self._sharing = sharing
        self._tally = tally

    def attach(self, store: SessionStore) -> None:
        """Hand over to `store` from now on."""
        self._store = store
        self._sharing.resume()

    async def asked(self, question: Callable[[], Awaitable[ResultT]]) -> tuple[ResultT] | None:
        """Return what Redis answers, as a tuple of one; None where it does not."""
        if not self._sharing.is_on:
            return None
        try:
            return (await question(),)
        except OutsideError as error:
            self._sharing.note(error)
            return None

    async def restore(self, has_lost_data: bool) -> None:
        """Hand over all that Redis lacks, after a loss all that is known here, while it answers."""
        self._sharing.resume()
        if has_lost_data:
            await self._copies.lose()
        for session_id in self._copies.unsaved():
            copy = self._copies.get(session_id)
            if copy is None:
                continue
            async with copy.lock:
                if not await self._pushed(session_id, copy):
                    return

    async def hand_over(self, session_id: str) -> None:
        """Give Redis what it lacks of a session, if it answers."""
        copy = self._copies.get(session_id)
        if copy is not None and not copy.is_saved:
            async with copy.lock:
                await self.push(session_id, copy)

    async def push(self, session_id: str, copy: Copy) -> None:
        """Likewise, for whoever holds the lock of `copy`."""
        if not copy.is_saved and self._sharing.is_on:
            await self._pushed(session_id, copy)

    async def _pushed(self, session_id: str, copy: Copy) -> bool:
        """Hand it over as far as Redis takes it; False where Redis is away again."""
        try:
            if not copy.is_saved:
                await self._push(session_id, copy)
        except (Unreachable, TimedOut) as error:
            self._sharing.note(error)
            return False
        except OutsideError as error:
            _log.debug("the session %s cannot be handed over yet: %s", session_id, error)
        return True

    async def _push(self, session_id: str, copy: Copy) -> None:
        """Make Redis have everything of one session. Raises OutsideError where it fails."""
        twin = self._copies.twin
        ours = await twin.load(session_id)
        if copy.is_removed:
            await self._store.remove(session_id)
            await self._copies.forget(session_id)
            return
        if ours is None:  # it has ended here
            await self._copies.forget(session_id)
            return
        stored = await self._stored(ours, copy)
        if stored is None:
            await self._copies.forget(session_id)  # somebody has removed it meanwhile
            return
        for messages in portions(await self._messages(session_id, copy)):
            length = await self._store.merge(session_id, messages)
            stored = replace(stored, messages=length or 0)
        if copy.has_touch and ours.touched_ms > stored.touched_ms:
            await self._store.touch(session_id, ours.touched_ms, ours.expires_ms)
            stored = replace(stored, touched_ms=ours.touched_ms, expires_ms=ours.expires_ms)
        if copy.is_blind:  # its owner and times were guesses
            await self._copies.forget(session_id)
        else:
            await self._copies.take(stored)
        self._tally["replayed"] += 1

    async def _stored(self, ours: SessionRecord, copy: Copy) -> SessionRecord | None:
        """Return what Redis has of the session once it has got our data, None where it is gone."""
        known = copy.base if copy.has_data else ours.version
        if copy.is_new:
            ours = replace(ours, base=known)
        if copy.is_new and await self._store.create(ours):
            return replace(ours, messages=0)
        stored = await self._store.load(ours.id)
        if stored is None or is_same(stored, ours):
            return stored
        # Somebody restored what was older than what is known here, and it was changed since.
        is_changed = 0 < stored.base < min(known, stored.version)
        has_both = copy.is_new and (is_changed or stored.version == ours.version)
        if not has_both and self._is_ours_next(stored, ours, copy):
            updated = await self._store.update(ours, replaces=stored.version)
            if updated is None or is_same(updated, ours):
                return updated
            stored = updated
        if has_both or copy.has_data:
            await self._keep_both(ours)
            copy.has_data = False
        return stored

    def _is_ours_next(self, stored: SessionRecord, ours: SessionRecord, copy: Copy) -> bool:
        """Tell whether ours builds on what is stored: after a loss, that may be much older."""
        if not copy.has_data:
            return copy.is_new and stored.version < ours.version
        return stored.version == copy.base or (copy.is_new and stored.version < copy.base)

    async def _keep_both(self, ours: SessionRecord) -> None:
        # The same name for the same content: a second try makes no second session.
        digest = blake2b(ours.data, digest_size=6).hexdigest()
        other = replace(ours, id=f"{ours.id}.{digest}", version=1)
        _log.warning(
            "the session %s was changed here and elsewhere while Redis was away: "
            "what was written here is the session %s now",
            ours.id,
            other.id,
        )
        await self._store.create(other)
        await self._copies.mirror(replace(other, messages=0))
        self._tally["conflicts"] += 1

    async def _messages(self, session_id: str, copy: Copy) -> Sequence[bytes]:
        """Return the messages that Redis may lack: after a loss all that are known."""
        if copy.is_new:
            return await self._copies.twin.history(session_id, 0, TO_THE_END)
        return copy.messages


def portions(messages: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield `messages` in order, in portions of about MOST_AT_ONCE_BYTES; none without any."""
    portion: list[bytes] = []
    size_bytes = 0
    for message in messages:
        portion.append(message)
        size_bytes += len(message)
        if size_bytes >= MOST_AT_ONCE_BYTES:
            yield portion
            portion, size_bytes = [], 0
    if portion:
        yield portion
