"""One server of Redis as the second tier uses it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from engine.cache.adapters.redis_commands import command_for, number_of
from engine.cache.adapters.redis_echoes import Echoes
from engine.cache.adapters.redis_errors import outside_error, translated
from engine.cache.adapters.redis_link import Command, RedisLink, Reply
from engine.cache.codec import HEADER_BYTES
from engine.cache.keys import DATA_IDENTITY, GENERATIONS, PREFIX, VALUES
from engine.cache.ports import Invalidated, Put, Write
from engine.errors import OutsideError, Unreachable

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

Coherence = Literal["tracking", "messages", "none"]

CONNECT_S = 1.0
"""Connecting, TLS and signing in may take this; nobody waits for it."""
WRITTEN_CHANNEL = PREFIX + b"written"
"""Here those say what they write whose server does not tell it by itself."""
TRACKING: Command = (
    *("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", VALUES, "PREFIX", GENERATIONS, "NOLOOP"),
)


class RedisNode:
    """One server, over one connection; see `ports.Node`.

    What others write is heard by RESP3 tracking; where the server or the user's rights do not
    allow that, by messages that all who are in the same position send of their own writes.

    make_connection: makes a connection, RESP3, that is not connected yet.
    slot_of: tells the slot of a key in a Cluster, where one MGET may ask for one slot only.
    """

    def __init__(
        self,
        *,
        name: str,
        is_loopback: bool,
        make_connection: Callable[[], AbstractConnection],
        slot_of: Callable[[bytes], int] | None = None,
    ) -> None:
        self._name = name
        self._is_loopback = is_loopback
        self._make_connection = make_connection
        self._slot_of = slot_of
        self._link: RedisLink | None = None
        self._coherence: Coherence = "none"
        self._invalidated: Invalidated = _nobody
        self._echoes = Echoes()
        self._sender = secrets.token_bytes(8)
        self.identity_key = DATA_IDENTITY
        """Where its identity lies; in a Cluster each server needs one of its own."""

    @property
    def name(self) -> str:
        """host:port or a socket's path."""
        return self._name

    @property
    def is_loopback(self) -> bool:
        """True on this machine."""
        return self._is_loopback

    @property
    def coherence(self) -> Coherence:
        """How it tells what others write; known once it is open."""
        return self._coherence

    async def open(self, invalidated: Invalidated, lost: Callable[[str], None]) -> str:
        """Connect, sign in, watch what others write; return the identity of the data.

        It changes with every start of the server too: a server that loads an older save has the
        same word in it, and not the last writes. Raises Unreachable, TimedOut, Refused.
        """
        await self.close()
        self._invalidated = invalidated
        link = RedisLink(
            connection=self._make_connection(), name=self._name, pushed=self._hear, lost=lost
        )
        async with AsyncExitStack() as undo:
            undo.push_async_callback(link.close)
            with translated(self._name):
                async with asyncio.timeout(CONNECT_S):
                    await link.connect()
                    self._coherence = await self._watch(link)
                    link.start()
                    identity = await self._identity(link)
            undo.pop_all()
        self._link = link
        return identity

    async def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return what is stored under `keys`, in their order. Raises OutsideError."""
        if not keys:
            return []
        if self._slot_of is not None:
            return await self._read_by_slot(keys, self._slot_of)
        (values,) = await self._open_link.ask([("MGET", *keys)])
        return self._checked(values)

    async def write(self, writes: Sequence[Write]) -> list[int | OutsideError]:
        """Do `writes` in their order; return for each a number or why the server refused it."""
        if not writes:
            return []
        commands = [command_for(write) for write in writes]
        if self._coherence == "messages":
            commands.append(self._announcement(writes))
        scripted = {put.key for put in writes if isinstance(put, Put) and put.when == "newer"}
        if scripted and self._coherence == "tracking":
            replies = await self._ask_echoing(commands, writes, tuple(scripted))
        else:
            replies = await self._open_link.ask(commands)
        return [self._outcome(reply) for reply in replies[: len(writes)]]

    async def close(self) -> None:
        """Close the connection. Never raises; may be called twice; `lost` is not called."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _read_by_slot(
        self, keys: Sequence[bytes], slot_of: Callable[[bytes], int]
    ) -> list[bytes | None]:
        places: dict[int, list[int]] = {}
        # Each server of a Cluster answers for the identity of its own data.
        keys = [self.identity_key if key == DATA_IDENTITY else key for key in keys]
        for place, key in enumerate(keys):
            places.setdefault(slot_of(key), []).append(place)
        replies = await self._open_link.ask(
            [("MGET", *(keys[place] for place in group)) for group in places.values()]
        )
        found: list[bytes | None] = [None] * len(keys)
        for group, values in zip(places.values(), replies, strict=True):
            for place, value in zip(group, self._checked(values), strict=True):
                found[place] = value
        return found

    @property
    def _open_link(self) -> RedisLink:
        if self._link is None:
            raise Unreachable(f"there is no connection to Redis at {self._name}; it is made again")
        return self._link

    async def _ask_echoing(
        self, commands: Sequence[Command], writes: Sequence[Write], scripted: Sequence[bytes]
    ) -> list[Reply]:
        """Send `commands`; of the keys that scripts write tell only what others wrote."""
        link = self._open_link
        ours = {(put.key, put.frame[:HEADER_BYTES]) for put in writes if isinstance(put, Put)}
        heads: list[Reply] = [None] * len(scripted)
        self._echoes.expect(scripted)
        try:
            replies = await link.ask(commands)
            # The echo comes between the answer to the script and the next one.
            heads = await link.ask([("GETRANGE", key, 0, HEADER_BYTES - 1) for key in scripted])
        finally:
            found = zip(scripted, heads, strict=True)
            told = self._echoes.settle({key: (key, head) in ours for key, head in found})
            if told:
                self._invalidated(told)
        return replies

    async def _watch(self, link: RedisLink) -> Coherence:
        from redis.exceptions import ResponseError

        try:
            await link.exchange(*TRACKING)
        except ResponseError:
            try:
                await link.exchange("PUBLISH", WRITTEN_CHANNEL, self._message(()))
                await link.exchange("SUBSCRIBE", WRITTEN_CHANNEL)
            except ResponseError:
                return "none"
            return "messages"
        return "tracking"

    async def _identity(self, link: RedisLink) -> str:
        word = secrets.token_hex(8)
        _, kept, told = await link.ask(
            [("SET", self.identity_key, word, "NX"), ("GET", self.identity_key), ("INFO", "server")]
        )
        parts = [kept] if isinstance(kept, bytes) else []
        if not isinstance(told, Exception):
            lines = (told if isinstance(told, bytes) else str(told).encode()).split(b"\r\n")
            parts += [line for line in lines if line.startswith(b"run_id:")]
        return b" ".join(parts).decode("ascii", "replace")

    def _hear(self, words: Sequence[Any]) -> None:
        if words[0] == b"invalidate":
            self._hear_keys(words[1])
        elif words[0] == b"message":
            self._hear_message(words[2])

    def _hear_keys(self, keys: Sequence[bytes] | None) -> None:
        if keys is None:
            self._invalidated(None)
        elif others := self._echoes.kept_back(keys):
            self._invalidated(others)

    def _hear_message(self, message: bytes) -> None:
        try:
            sender, keys = msgspec.msgpack.decode(message, type=tuple[bytes, list[bytes]])
        except msgspec.DecodeError:
            self._invalidated(None)
            return
        if sender != self._sender and keys:
            self._invalidated(keys)

    def _announcement(self, writes: Sequence[Write]) -> Command:
        keys = [write.key for write in writes]
        return ("PUBLISH", WRITTEN_CHANNEL, self._message(keys))

    def _message(self, keys: Sequence[bytes]) -> bytes:
        return msgspec.msgpack.encode((self._sender, keys))

    def _checked(self, values: Reply) -> list[bytes | None]:
        if isinstance(values, Exception):
            raise outside_error(values, self._name) from values
        found: list[bytes | None] = values
        return found

    def _outcome(self, reply: Reply) -> int | OutsideError:
        if isinstance(reply, Exception):
            return outside_error(reply, self._name)
        return number_of(reply)


def _nobody(keys: Sequence[bytes] | None) -> None:
    """Hear nothing: the node was never opened."""
