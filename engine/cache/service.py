"""The public face of the cache: lifetime, values, and the parts that stand on the same ground."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from time import perf_counter
from typing import Any

from engine.cache.attachment import Attachment
from engine.cache.content import Content, Kind, pack, unpack
from engine.cache.counters import Counters
from engine.cache.desk import Desk
from engine.cache.freshness import Freshness
from engine.cache.holdings import Holdings
from engine.cache.keys import DEFAULT_NAMESPACE, key_of
from engine.cache.leases import Leases
from engine.cache.log import Log
from engine.cache.messages import Messages
from engine.cache.parts import Parts
from engine.cache.ports import Backend, OpenBackend
from engine.cache.sessions import Sessions
from engine.cache.settings import PASSWORD, CacheSettings
from engine.cache.shared_state import SharedState
from engine.cache.snapshot import CacheSnapshot, ConnectionTest
from engine.cache.trial import try_connection
from engine.cache.unix_time import span_ms
from engine.clock import Clock
from engine.errors import EngineError
from engine.keychain import SecretStore
from engine.lifecycle import Service


class RedisService(Service[CacheSnapshot]):
    """A cache of two tiers: in this process, and in Redis where one is configured.

    Values are bytes, text, or anything msgspec can write. No call raises for what Redis does: a
    value is there or it is not, and what was written while Redis was away reaches it later. Wrong
    calls raise ValueError or TypeError.
    """

    def __init__(
        self,
        *,
        settings: CacheSettings,
        open_backend: OpenBackend,
        twins: Backend,
        secrets: SecretStore,
        dictionary: bytes,
        clock: Clock,
        random: Random,
    ) -> None:
        self._settings = settings
        self._open_backend = open_backend
        self._secrets = secrets
        self._holdings = Holdings(settings, dictionary=dictionary, clock=clock, random=random)
        self._attachment = Attachment(
            holdings=self._holdings,
            shared=SharedState(holdings=self._holdings, settings=settings, twins=twins),
            open_backend=open_backend,
            twins=twins,
            secrets=secrets,
        )

    async def start(self) -> None:
        """Begin to work; returns soon also where Redis does not answer.

        Raises SettingsError, Refused, Damaged where a certificate or the keyring cannot be read;
        the cache works in this process then.
        """
        await self._attachment.attach(self._settings)

    async def aclose(self) -> None:
        """Let go of Redis. Never raises; may be called twice."""
        await self._attachment.aclose()

    async def change_settings(self, settings: CacheSettings) -> None:
        """Use `settings` from now on. Raises what `start()` raises."""
        before, self._settings = self._settings, settings
        self._holdings.use(settings)
        if self._attachment.parts is not None:
            self._attachment.parts.use(settings)
        if settings.connection() != before.connection() and self._attachment.is_wanted:
            await self._attachment.attach(settings)

    @property
    def settings(self) -> CacheSettings:
        """What is used now."""
        return self._settings

    def snapshot(self) -> CacheSnapshot:
        """Return everything about the cache at this moment."""
        parts, snapshot = self._attachment.parts, self._holdings.snapshot()
        return snapshot if parts is None else parts.complete(snapshot)

    # --- values ---

    async def get(
        self, key: str, *, kind: Any = Any, namespace: str = DEFAULT_NAMESPACE, tenant: str = ""
    ) -> Any:
        """Return the value under `key`, or None where there is none.

        kind: a type that msgspec knows; the value is returned as one, and counted as damaged where
        it is none.
        """
        content = await self._running.tiers.look(key_of(namespace, key, tenant))
        return self._value(content, kind)

    async def set(
        self,
        key: str,
        value: object,
        ttl_s: float | None = None,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        tenant: str = "",
    ) -> bool:
        """Keep `value` under `key` for `ttl_s`; False where it is too large to be kept.

        ttl_s: None takes `default_ttl_s` of the settings; a year at most. Raises ValueError where
        it is not above 0, TypeError for a value that cannot be stored.
        """
        began_s = perf_counter()
        parts, where = self._running, key_of(namespace, key, tenant)
        content = self._content(value, ttl_s)
        parts.stampede.overtake(where)
        is_kept = await parts.tiers.keep(where, content)
        self._holdings.meters.note_set(perf_counter() - began_s)
        return is_kept

    async def delete(
        self, key: str, *, namespace: str = DEFAULT_NAMESPACE, tenant: str = ""
    ) -> bool:
        """Remove the value under `key`; False where none was found."""
        parts, where = self._running, key_of(namespace, key, tenant)
        parts.stampede.overtake(where)
        return await parts.tiers.drop(where)

    async def touch(
        self, key: str, ttl_s: float, *, namespace: str = DEFAULT_NAMESPACE, tenant: str = ""
    ) -> bool:
        """Let the value under `key` live for `ttl_s` from now; False where none was found."""
        return await self._running.tiers.extend(key_of(namespace, key, tenant), ttl_s)

    async def get_many(
        self,
        keys: Sequence[str],
        *,
        kind: Any = Any,
        namespace: str = DEFAULT_NAMESPACE,
        tenant: str = "",
    ) -> dict[str, Any]:
        """Return what is there under `keys`; one question to Redis for all."""
        wanted = [key_of(namespace, key, tenant) for key in keys]
        found = await self._running.tiers.look_many(wanted)
        values = {key: self._value(each, kind) for key, each in zip(keys, found, strict=True)}
        return {key: value for key, value in values.items() if value is not None}

    async def set_many(
        self,
        values: Mapping[str, object],
        ttl_s: float | None = None,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        tenant: str = "",
    ) -> int:
        """Keep `values` by key, as `set()` does; return how many were not too large."""
        pairs = [
            (key_of(namespace, key, tenant), self._content(value, ttl_s))
            for key, value in values.items()
        ]
        parts = self._running
        for where, _ in pairs:
            parts.stampede.overtake(where)
        kept = [parts.tiers.keep(where, content) for where, content in pairs]
        return sum(await asyncio.gather(*kept))

    async def fetch(
        self,
        key: str,
        make: Callable[[], Awaitable[object]],
        freshness: Freshness,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        tenant: str = "",
    ) -> Any:
        """Return the value under `key`, made by `make` where it is missing.

        However many ask, here or in other processes, it is made once. `freshness` says when it is
        made again before its end, and what is done when making it fails. Raises what `make` raises,
        and Absent where it is known that there is nothing.
        """
        wanted = key_of(namespace, key, tenant)
        return unpack(await self._running.stampede.fetch(wanted, make, freshness))

    async def clear(self, namespace: str) -> str:
        """Forget every value of `namespace`, in every process that shares this Redis.

        Return a token for `desk.undo()`, which brings back what the first tier had; "" where it had
        nothing.
        """
        key_of(namespace, "x")  # a wrong name is told before anything is done
        return await self._running.desk.purge(namespace)

    # --- what stands on the same ground ---

    @property
    def sessions(self) -> Sessions:
        """Sessions and the chat history in them."""
        return self._running.shared.sessions

    @property
    def messages(self) -> Messages:
        """Messages to whoever listens, here and in other processes."""
        return self._running.shared.messages

    @property
    def log(self) -> Log:
        """Messages that must not be lost."""
        return self._running.shared.log

    @property
    def counters(self) -> Counters:
        """Numbers that every process may add to."""
        return self._running.shared.counters

    @property
    def leases(self) -> Leases:
        """Who may do something now."""
        return self._running.shared.leases

    @property
    def desk(self) -> Desk:
        """What a person does by hand: browse, remove, undo, try a connection."""
        return self._running.desk

    async def refresh(self) -> None:
        """Ask Redis about itself now; the snapshot has its answer."""
        await self._running.ask_servers()

    async def reconnect(self) -> None:
        """Try at once whether Redis answers again. Raises what `start()` raises."""
        second = self._running.second
        if second is not None:
            await second.reconnect()
        elif self._settings.url:  # it could not be used at all
            await self._attachment.attach(self._settings)

    async def set_password(self, password: str) -> None:
        """Keep the password of Redis in the keychain, "" for none, and connect with it.

        Raises Refused and Damaged where the keychain cannot be written.
        """
        if password:
            await asyncio.to_thread(self._secrets.write, PASSWORD, password)
        else:
            await asyncio.to_thread(self._secrets.remove, PASSWORD)
        if self._settings.url and self._attachment.is_wanted:
            await self._attachment.attach(self._settings)

    async def test_connection(self, url: str, username: str, password: str = "") -> ConnectionTest:
        """Return whether Redis would answer so. password: "" takes that of the keychain."""
        try:
            settings = replace(self._settings, url=url, username=username)
            if not password:
                kept = await asyncio.to_thread(self._secrets.read, PASSWORD)
                password = kept or ""
        except EngineError as error:
            return ConnectionTest(False, str(error))
        return await try_connection(self._open_backend, settings, password or None)

    @property
    def _running(self) -> Parts:
        return self._attachment.running

    def _content(self, value: object, ttl_s: float | None) -> Content:
        kind, payload = pack(value)
        now_ms = self._holdings.time.now_ms()
        ends_ms = now_ms + span_ms(self._settings.default_ttl_s if ttl_s is None else ttl_s)
        return Content(payload, kind, now_ms, ends_ms, ends_ms, ends_ms)

    def _value(self, content: Content | None, kind: Any) -> Any:
        if content is None or content.expires_ms <= self._holdings.time.now_ms():
            return None
        if content.kind is Kind.BYTES and kind is Any:
            return content.payload
        if content.kind is Kind.NEGATIVE:
            self._holdings.tally["negative_hits"] += 1
            return None
        try:
            return unpack(content, kind)
        except EngineError:
            self._holdings.tally["damaged"] += 1
            return None
