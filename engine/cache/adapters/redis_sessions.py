"""Sessions that every process sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from engine.cache.adapters import redis_session_scripts as scripts
from engine.cache.adapters.redis_errors import translated
from engine.cache.adapters.redis_script import Script
from engine.cache.ports import SessionRecord
from engine.errors import Damaged

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

ALL = "all"
AT_ONCE = 100
"""Sessions of a list that are read in one go."""


class RedisSessions:
    """Sessions in Redis, with an index of all and of each owner. `name` tells errors the server.

    A session and its history share a slot of a Cluster, an index has its own: a session is stored
    first and entered after. What an index lists that has ended meanwhile leaves it when met.
    """

    def __init__(self, *, client: Redis | RedisCluster, name: str) -> None:
        self._client = client
        self._name = name
        self._load = Script(client, scripts.LOAD)
        self._create = Script(client, scripts.CREATE)
        self._update = Script(client, scripts.UPDATE)
        self._touch = Script(client, scripts.TOUCH)
        self._remove = Script(client, scripts.REMOVE)
        self._append = Script(client, scripts.APPEND)
        self._merge = Script(client, scripts.MERGE)
        self._enter = Script(client, scripts.ENTER)
        self._leave = Script(client, scripts.LEAVE)

    async def create(self, record: SessionRecord) -> bool:
        """Store a new session without messages; False where its id is taken.

        Raises OutsideError.
        """
        rest = (record.created_ms, record.touched_ms, record.expires_ms, record.base)
        with translated(self._name):
            is_new = await self._create.run(
                _keys(record.id), _ttl_ms(record), record.owner, record.version, record.data, *rest
            )
            if is_new:
                await self._enter_both(record)
        return bool(is_new)

    async def load(self, session_id: str) -> SessionRecord | None:
        """Return a session, or None. Raises OutsideError."""
        with translated(self._name):
            return _record(session_id, await self._load.run(_keys(session_id)))

    async def update(
        self, record: SessionRecord, replaces: int | None = None
    ) -> SessionRecord | None:
        """Store `data` and times if the stored version is `replaces`; return what is stored.

        Raises OutsideError.
        """
        expected = record.version - 1 if replaces is None else replaces
        rest = (record.touched_ms, record.expires_ms, record.base)
        with translated(self._name):
            fields = await self._update.run(
                _keys(record.id), _ttl_ms(record), expected, record.version, record.data, *rest
            )
            stored = _record(record.id, fields)
            if stored is not None and stored.version == record.version:
                await self._enter_both(stored)
        return stored

    async def touch(self, session_id: str, touched_ms: int, expires_ms: int) -> bool:
        """Let it live until `expires_ms`; False where it is gone. Raises OutsideError."""
        ttl_ms = max(1, expires_ms - touched_ms)
        with translated(self._name):
            owner = await self._touch.run(_keys(session_id), ttl_ms, touched_ms, expires_ms)
            if owner is None:
                return False
            touched = SessionRecord(
                session_id, owner.decode(), 0, b"", touched_ms, touched_ms, expires_ms
            )
            await self._enter_both(touched)
        return True

    async def remove(self, session_id: str) -> bool:
        """End it with its history; False where it is gone. Raises OutsideError."""
        with translated(self._name):
            owner = await self._remove.run(_keys(session_id))
            if owner is None:
                return False
            for index in (ALL, _owner_index(owner.decode())):
                await self._leave.run(_index_keys(index), session_id)
        return True

    async def list(self, owner: str | None, limit: int) -> Sequence[SessionRecord]:
        """Return sessions, last touched first, of `owner` or all. Raises OutsideError."""
        index = _index_keys(ALL if owner is None else _owner_index(owner))
        found: list[SessionRecord] = []
        start = 0
        while len(found) < limit:
            with translated(self._name):
                words = ("ZREVRANGE", index[0], start, start + AT_ONCE - 1)
                ids = [each.decode() for each in await self._client.execute_command(*words)]
                records = await self._load_all(ids)
                gone = [each for each, record in zip(ids, records, strict=True) if record is None]
                if gone:
                    await self._leave.run(index, *gone)
            found += [each for each in records if each is not None]
            start += AT_ONCE - len(gone)
            if len(ids) < AT_ONCE:
                break
        return found[: max(0, limit)]

    async def append(self, session_id: str, messages: Sequence[bytes]) -> int | None:
        """Add to its history; return the new length, or None where the session is gone.

        Raises OutsideError.
        """
        with translated(self._name):
            length = await self._append.run(_keys(session_id), *messages)
        return None if length is None else int(length)

    async def merge(self, session_id: str, messages: Sequence[bytes]) -> int | None:
        """Add those that are not in its history yet; return the new length, None where it is gone.

        Raises OutsideError.
        """
        with translated(self._name):
            length = await self._merge.run(_keys(session_id), *messages)
        return None if length is None else int(length)

    async def history(self, session_id: str, start: int, stop: int) -> Sequence[bytes]:
        """Return messages `start` to `stop` (exclusive), as a slice does. Raises OutsideError."""
        if stop == 0:
            return []  # LRANGE would take -1, the very last
        with translated(self._name):
            words = ("LRANGE", _keys(session_id)[1], start, stop - 1)
            messages: Sequence[bytes] = await self._client.execute_command(*words)
        return messages

    async def _load_all(self, ids: Sequence[str]) -> Sequence[SessionRecord | None]:
        """Return what is stored, in one go; the length of a history may be a moment younger."""
        pipeline = self._client.pipeline(transaction=False)
        for session_id in ids:
            session, history = _keys(session_id)
            pipeline.hmget(session, list(scripts.FIELDS))
            pipeline.llen(history)
        answers = await pipeline.execute()
        hashes, lengths = answers[::2], answers[1::2]
        return [
            _record(session_id, [*fields, length] if fields[1] is not None else None)
            for session_id, fields, length in zip(ids, hashes, lengths, strict=True)
        ]

    async def _enter_both(self, record: SessionRecord) -> None:
        words = (record.id, record.touched_ms, _ttl_ms(record))
        for index in (ALL, _owner_index(record.owner)):
            await self._enter.run(_index_keys(index), *words)


def _keys(session_id: str) -> tuple[str, str]:
    # The braces make one slot of a Cluster of both, unless there is nothing between them; an id's
    # own braces are quoted.
    session = f"uat:1:session:{{{quote(session_id, safe=':=/') or '%'}}}"
    return session, f"{session}:history"


def _index_keys(index: str) -> tuple[str, str]:
    return f"uat:1:sessions:{{{index}}}:touched", f"uat:1:sessions:{{{index}}}:ends"


def _owner_index(owner: str) -> str:
    return f"of:{quote(owner, safe='')}"


def _ttl_ms(record: SessionRecord) -> int:
    """Return how long it lives: by the caller's clock alone, whatever the server's says."""
    return max(1, record.expires_ms - record.touched_ms)


def _record(session_id: str, fields: list[Any] | None) -> SessionRecord | None:
    if fields is None:
        return None
    owner, version, data, created, touched, expires, base, messages = fields
    try:
        return SessionRecord(
            id=session_id,
            owner=owner.decode(),
            version=int(version),
            data=data,
            created_ms=int(created),
            touched_ms=int(touched),
            expires_ms=int(expires),
            messages=messages,
            base=int(base or 0),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise Damaged(
            f"the session {session_id} in Redis is not as it should be; remove it"
        ) from error
