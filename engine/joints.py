"""Where one engine is another's outside: neither knows the other, these know both."""

from __future__ import annotations

import asyncio
import ipaddress
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from engine.cache.freshness import Freshness
from engine.cache.leases import Lease, Leases
from engine.cache.service import RedisService
from engine.coordinator.snapshot import EndpointView
from engine.errors import Damaged, Overloaded, TimedOut, Unreachable
from engine.gpu.hosts import CardTold, HostPromise
from engine.gpu.ports import CardTurn

ANSWERS = "answers"
"""Namespace of the cache in which answers of language models lie."""
HEALTH_CHANNEL = "endpoint-health"
OBSERVATION_CHANNEL = "observations"
MOST_UNSENT = 100
"""Observations that wait to be told to other hosts; older ones are worth nothing."""
HOSTS_CHANNEL = "gpu-hosts"
CALLS_CHANNEL = "gpu-calls"
"""Of its own: hosts of an older version take what comes in the other for a list of leases."""
TURN_S = 3.0
"""A host that dies in its turn at a card holds up the others for so long."""
TURN_LIMIT_S = 1.0
"""Others are done in milliseconds."""
TURN_PAUSE_S = 0.01
CALL_S = 1.0
"""Whatever Redis has not answered by then is as good as away: every host shows itself in time."""
WORLDWIDE = ("GPU-", "MIG-")
"""Ids of cards that begin so are the same nowhere else."""

ResultT = TypeVar("ResultT")


class CachedAnswers:
    """The coordinator's `AnswerStore` in the cache engine: shared with other hosts by Redis."""

    def __init__(self, cache: RedisService) -> None:
        self._cache = cache

    async def fetch(
        self, key: str, make: Callable[[], Awaitable[bytes]], ttl_s: float, stale_s: float
    ) -> bytes:
        """Return the answer under `key`, made once however many ask. Raises what `make` raises."""
        freshness = Freshness(ttl_s=ttl_s, stale_if_error_s=stale_s, early=0.0)
        found: bytes = await self._cache.fetch(key, make, freshness, namespace=ANSWERS)
        return found

    async def get(self, key: str) -> bytes | None:
        """Return the answer under `key`, or None."""
        found = await self._cache.get(key, namespace=ANSWERS)
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, answer: bytes, ttl_s: float) -> None:
        """Keep `answer`."""
        await self._cache.set(key, answer, ttl_s, namespace=ANSWERS)


class HostChannel:
    """What hosts on the same Redis tell each other of one matter.

    The router's `HealthChannel`, and the `ObservationChannel` of parameter analytics.
    """

    def __init__(self, cache: RedisService, name: str = HEALTH_CHANNEL) -> None:
        self._cache = cache
        self._name = name
        self._us = uuid.uuid4().hex
        self._unsent: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MOST_UNSENT)
        self._tasks: list[asyncio.Task[None]] = []

    def publish(self, message: dict[str, Any]) -> None:
        """Tell the others, soon; nobody is told while nobody can be."""
        if not self._cache.settings.url:
            return
        if self._unsent.full():
            self._unsent.get_nowait()
        self._unsent.put_nowait({**message, "from": self._us})

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Call `hear` with what others say until `aclose()`. Called once, on the engines' loop."""
        self._tasks = [
            asyncio.create_task(self._tell(), name=f"{self._name} told"),
            asyncio.create_task(self._hear(hear), name=f"{self._name} heard"),
        ]

    async def aclose(self) -> None:
        """Listen no more. May be called twice."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _tell(self) -> None:
        while True:
            await self._cache.messages.publish(self._name, await self._unsent.get())

    async def _hear(self, hear: Callable[[dict[str, Any]], None]) -> None:
        async with self._cache.messages.subscribe(self._name) as messages:
            async for message in messages:
                value = message.value
                if isinstance(value, dict) and value.get("from") != self._us:
                    hear({key: each for key, each in value.items() if key != "from"})


class SharedCards:
    """The `LeaseShare` of who gives out graphics memory: hosts on the same Redis.

    machine: a word that all containers on one machine share, and no other machine has: what is
    card 0 there is another card here.
    """

    def __init__(self, cache: RedisService, *, host_name: str, machine: str) -> None:
        self._cache = cache
        self._machine = machine
        self.host_name = host_name
        self.host_id = uuid.uuid4().hex

    @property
    def is_there(self) -> bool:
        """Whether a Redis is configured."""
        return bool(self._cache.settings.url)

    @asynccontextmanager
    async def turn(self, card_id: str) -> AsyncIterator[CardTurn]:
        """Hold the lease in Redis that a card's promises are changed under."""
        leases = self._leases()
        lease = await _acquired(leases, self._name(card_id))
        try:
            yield _Turn(leases, lease, self.host_id)
        finally:
            await _in_time(leases.release(lease))

    async def show(self, card_id: str, promise: HostPromise, ttl_s: float) -> CardTold:
        """Note again what this host has promised; return what all noted. Raises OutsideError."""
        leases, name = self._leases(), self._name(card_id)
        value = msgspec.msgpack.encode(promise)
        await _in_time(leases.repeat(name, self.host_id, value, ttl_s))
        return await _told(leases, name)

    def _leases(self) -> Leases:
        leases = self._cache.leases
        if not leases.is_shared:
            raise Unreachable("Redis cannot be used: see the Cache page, or `doctor`")
        return leases

    def _name(self, card_id: str) -> str:
        is_worldwide = card_id.startswith(WORLDWIDE)
        return f"gpu:{card_id}" if is_worldwide else f"gpu:{self._machine}:{card_id}"

    async def call(self) -> None:
        """Let the other hosts look at once."""
        await self._cache.messages.publish(CALLS_CHANNEL, self.host_id)

    async def hear_calls(self, hear: Callable[[], None]) -> None:
        """Call `hear` whenever another host calls, until cancelled."""
        async with self._cache.messages.subscribe(CALLS_CHANNEL) as messages:
            async for message in messages:
                if message.value != self.host_id:
                    hear()

    async def tell(self, message: dict[str, Any]) -> None:
        """Tell the other hosts; those that are away miss it."""
        await self._cache.messages.publish(HOSTS_CHANNEL, message)

    async def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Call `hear` with what is told until cancelled, what was told here included."""
        async with self._cache.messages.subscribe(HOSTS_CHANNEL) as messages:
            async for message in messages:
                if isinstance(message.value, dict):
                    hear(message.value)


class _Turn:
    """A `CardTurn`: what hosts promised is noted beside the lease."""

    def __init__(self, leases: Leases, lease: Lease, host_id: str) -> None:
        self._leases, self._lease, self._host_id = leases, lease, host_id

    @property
    def is_held(self) -> bool:
        """False once its time ran out."""
        return self._lease.is_held

    async def read(self) -> CardTold:
        """Return what all hosts noted. Raises OutsideError."""
        return await _told(self._leases, self._lease.name)

    async def write(self, promise: HostPromise | None, ttl_s: float) -> bool:
        """Note what this host promised; False where the lease was lost. Raises OutsideError."""
        value = b"" if promise is None else msgspec.msgpack.encode(promise)
        return await _in_time(self._leases.note(self._lease, self._host_id, value, ttl_s))


async def _told(leases: Leases, name: str) -> CardTold:
    """Return what all hosts noted. Raises OutsideError."""
    notes = await _in_time(leases.notes(name))
    try:
        promises = [
            msgspec.msgpack.decode(each, type=HostPromise) for each in notes.values.values()
        ]
    except msgspec.MsgspecError as error:
        raise Damaged(
            f"{name}: what another host noted cannot be read ({error}); let all hosts run the same "
            "version"
        ) from error
    return CardTold(tuple(promises), notes.steady_s)


async def _acquired(leases: Leases, name: str) -> Lease:
    """Return a lease. Raises Overloaded where others keep it, OutsideError without Redis."""
    try:
        async with asyncio.timeout(TURN_LIMIT_S):
            while True:
                lease = await leases.acquire(name, TURN_S)
                if lease is not None:
                    return lease
                await leases.notes(name)  # raises where nobody can be asked
                await asyncio.sleep(TURN_PAUSE_S)
    except TimeoutError:
        await _in_time(leases.notes(name))
        raise Overloaded(f"{name}: other hosts do not let go of it; it is tried again") from None


async def _in_time(call: Awaitable[ResultT]) -> ResultT:
    """Return what Redis answers. Raises TimedOut where that takes too long."""
    try:
        async with asyncio.timeout(CALL_S):
            return await call
    except TimeoutError:
        raise TimedOut(f"Redis has not answered for {CALL_S:.0f} s") from None


class ServersHere:
    """The coordinator's servers as those who give out graphics memory see them.

    endpoints: all that the coordinator knows. Only those on this machine hold memory here.
    headers: what the one at an address is sent in secret, which no snapshot tells.
    """

    def __init__(
        self,
        endpoints: Callable[[], Sequence[EndpointView]],
        headers: Callable[[str], Mapping[str, str]] = lambda url: {},
    ) -> None:
        self._endpoints = endpoints
        self._headers = headers

    def headers(self, server_url: str) -> Mapping[str, str]:
        """Return what the server at `server_url` must be sent; never to be shown or logged."""
        return self._headers(server_url)

    def addresses(self) -> list[str]:
        """Return the addresses of servers that run on this machine."""
        urls = (each.endpoint.url for each in self._endpoints() if each.endpoint.is_enabled)
        return [url for url in urls if _is_here(url)]

    def is_busy(self, server_url: str, model: str) -> bool:
        """Tell whether an answer of the server at `server_url` is under way."""
        place = urlsplit(server_url).netloc
        return any(
            each.in_flight > 0 and urlsplit(each.endpoint.url).netloc == place
            for each in self._endpoints()
        )


def _is_here(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
