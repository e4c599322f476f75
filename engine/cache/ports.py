"""What the cache needs from outside."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.cache.notes import Notes
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import ServerFacts
from engine.errors import OutsideError

Invalidated = Callable[[Sequence[bytes] | None], None]
"""Hears, on the engines' loop, which keys others have written; None: any key may have been."""


# --- the second tier ---


@dataclass(frozen=True, slots=True)
class Put:
    """Store a frame for `ttl_ms`."""

    key: bytes
    frame: bytes
    ttl_ms: int
    when: Literal["always", "absent", "newer"] = "always"
    """newer: unless a frame is there whose time of writing (`codec.written_ms`) is later."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a key."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Raise:
    """Add `by` to a number that never ends; answers the new number."""

    key: bytes
    by: int = 1


Write = Put | Remove | Raise


class Node(Protocol):
    """One server that takes reads and writes, over one connection that keeps their order.

    Several calls may be on their way at once, answered in their order. A call that is cancelled
    never shifts the answers of the others. When the connection is lost, every call on its way
    raises Unreachable, and `lost` is called once with the reason.
    """

    @property
    def name(self) -> str:
        """host:port or a socket's path."""
        ...

    @property
    def is_loopback(self) -> bool:
        """True on this machine."""
        ...

    @property
    def coherence(self) -> Literal["tracking", "messages", "none"]:
        """How it tells what others write; known once it is open."""
        ...

    async def open(self, invalidated: Invalidated, lost: Callable[[str], None]) -> str:
        """Connect, sign in, watch what others write under the prefix; return the data's identity.

        The identity is a random word kept among the data: another one, or the same one gone, means
        that the server lost what it had. Raises Unreachable, TimedOut, Refused.
        """
        ...

    async def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return what is stored under `keys`, in their order. Raises OutsideError."""
        ...

    async def write(self, writes: Sequence[Write]) -> list[int | OutsideError]:
        """Do `writes` in their order; return for each a number or why the server refused it.

        The number: 1 where something was stored or removed, else 0; for Raise the new
        value. Raises OutsideError where the connection failed.
        """
        ...

    async def close(self) -> None:
        """Close the connection. Never raises; may be called twice; `lost` is not called."""
        ...


class Directory(Protocol):
    """Which servers there are and who has which key: one server, a Sentinel's, a Cluster's."""

    @property
    def label(self) -> str:
        """Where Redis is, for people."""
        ...

    async def find(self) -> Sequence[Node]:
        """Return the nodes that take writes now; a node known before is the same object.

        Asked again after a node was lost, answered MOVED or turned read-only. Raises OutsideError.
        """
        ...

    def name_for(self, key: bytes) -> str:
        """Return the name of the node that has `key`, as of the last `find()`."""
        ...

    async def close(self) -> None:
        """Close every node and what was opened to find them. Never raises."""
        ...


# --- state that several processes share; every call raises OutsideError where Redis fails ---


class LeaseStore(Protocol):
    """Who may do something now. A lease has a fencing token that only grows."""

    async def acquire(self, name: str, holder: str, ttl_s: float) -> int | None:
        """Return a fencing token, or None while another holder has it.

        Asked again by its holder: the same token, for another `ttl_s`.
        """
        ...

    async def renew(self, name: str, holder: str, ttl_s: float) -> bool:
        """Let it last `ttl_s` from now; False where `holder` does not have it any more."""
        ...

    async def release(self, name: str, holder: str) -> bool:
        """Give it back; False where `holder` did not have it any more."""
        ...

    async def note(self, name: str, holder: str, field: str, value: bytes, ttl_s: float) -> bool:
        """Write `value`, b"" for none; False where `holder`, "" for anybody, has no lease then."""
        ...

    async def notes(self, name: str) -> Notes:
        """Return what holders of the lease wrote down."""
        ...


class CounterStore(Protocol):
    """Whole numbers that any process may add to."""

    async def add(self, name: str, amount: int, ttl_s: float | None) -> int:
        """Add `amount` and return the sum; a new counter ends after `ttl_s`."""
        ...

    async def read(self, name: str) -> int:
        """Return the number; 0 where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as it is stored."""

    id: str
    owner: str
    version: int
    """Grows by 1 with every update of `data`; a new one has 1."""
    data: bytes
    """msgpack."""
    created_ms: int
    touched_ms: int
    expires_ms: int
    """Unix time."""
    messages: int = 0
    """How many its chat history has."""
    base: int = 0
    """The last version that every process may know of a session that Redis had lost; else 0."""


class SessionStore(Protocol):
    """Sessions and the chat history in them. Ended sessions are as if they were not there."""

    async def create(self, record: SessionRecord) -> bool:
        """Store a new session; False where its id is taken."""
        ...

    async def load(self, session_id: str) -> SessionRecord | None:
        """Return a session, or None."""
        ...

    async def update(
        self, record: SessionRecord, replaces: int | None = None
    ) -> SessionRecord | None:
        """Store `data` and times if the stored version is `replaces` (None: `record.version - 1`).

        Return what is stored now, of the caller or of who was first; None where it is gone.
        """
        ...

    async def touch(self, session_id: str, touched_ms: int, expires_ms: int) -> bool:
        """Let it live until `expires_ms`; False where it is gone."""
        ...

    async def remove(self, session_id: str) -> bool:
        """End it with its history; False where it is gone."""
        ...

    async def list(self, owner: str | None, limit: int) -> Sequence[SessionRecord]:
        """Return sessions, last touched first, of `owner` or all."""
        ...

    async def append(self, session_id: str, messages: Sequence[bytes]) -> int | None:
        """Add to the end of its history; return its length, None where the session is gone."""
        ...

    async def merge(self, session_id: str, messages: Sequence[bytes]) -> int | None:
        """Add those that are not in its history yet, in one step; answers as `append`."""
        ...

    async def history(self, session_id: str, start: int, stop: int) -> Sequence[bytes]:
        """Return messages `start` to `stop`, as a slice does."""
        ...


class Channels(Protocol):
    """Messages to whoever listens now."""

    async def publish(self, channel: str, message: bytes) -> None:
        """Send `message`."""
        ...

    def listen(self, channels: Sequence[str]) -> AsyncGenerator[tuple[str, bytes] | None, None]:
        """Yield None once listening has begun, then (channel, message).

        Raises Unreachable when the connection is lost. Ends its connection when it is closed.
        """
        ...


class Streams(Protocol):
    """Messages that must not be lost: a log that is read from any point."""

    async def append(self, stream: str, message: bytes, keep: int) -> str:
        """Add `message`, keep about the newest `keep`, return its id."""
        ...

    async def read(self, stream: str, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return (id, message) after `after`, "" for the very first, oldest first, at once."""
        ...

    async def wait(self, stream: str, after: str, timeout_s: float) -> bool:
        """Return whether something stands after `after`, as soon as it does."""
        ...


class Inspector(Protocol):
    """Looks at what Redis holds; for people, not for the hot path."""

    async def facts(self) -> Sequence[ServerFacts]:
        """Return what every server says of itself."""
        ...

    async def scan(self, prefix: bytes, limit: int) -> Sequence[tuple[bytes, float | None, int]]:
        """Return up to `limit` keys that begin with `prefix`: key, seconds left, size in bytes."""
        ...

    async def remove_under(self, prefix: bytes) -> int:
        """Remove every key that begins with `prefix`, a few at a time; return how many."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """One outside: Redis, or the twins in this process."""

    directory: Directory | None
    """None: there is no second tier."""
    leases: LeaseStore
    counters: CounterStore
    sessions: SessionStore
    channels: Channels
    streams: Streams
    inspector: Inspector | None
    close: Callable[[], Awaitable[None]]
    """Closes everything but the directory."""

    async def aclose(self) -> None:
        """Close everything. Never raises."""
        if self.directory is not None:
            await self.directory.close()
        await self.close()


OpenBackend = Callable[[CacheSettings, str | None], Backend]
"""Makes the outside for these settings and this password; connects to nothing yet."""
