"""The contract of a node of the second tier, held by the simulated one and by a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from engine.cache.adapters.redis_connections import RedisConnections
from engine.cache.adapters.redis_node import RedisNode
from engine.cache.adapters.simulated import SimulatedNode, SimulatedServer
from engine.cache.codec import MAGIC, WRITTEN_OFFSET
from engine.cache.keys import GENERATIONS, VALUES
from engine.cache.ports import Node, Put, Raise, Remove
from engine.cache.settings import CacheSettings
from engine.errors import Refused, Unreachable
from tests.conftest import FakeClock
from tests.live.redis_fixtures import MakeRedis

A, B, C = VALUES + b"n.0::=a", VALUES + b"n.0::=b", VALUES + b"n.0::=c"
LONG_MS = 600_000
PATIENCE_S = 10.0


class Outside(Protocol):
    """A server with as many nodes as a test wants."""

    def node(self) -> Node: ...
    def flush(self) -> None: ...
    def end(self) -> None: ...
    def begin(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...
    def fill(self) -> None: ...
    def tick(self) -> None: ...


class SimulatedOutside:
    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._server = SimulatedServer(clock=clock)
        self.flush, self.end, self.begin = (
            self._server.flush,
            self._server.stop,
            self._server.start,
        )

    def node(self) -> Node:
        return SimulatedNode(self._server)

    def freeze(self) -> None:
        self._server.is_silent = True

    def thaw(self) -> None:
        self._server.is_silent = False

    def fill(self) -> None:
        self._server.refusal = Refused("its memory is full")

    def tick(self) -> None:
        self._clock.advance(0.001)


class RedisOutside:
    def __init__(self, make_redis: MakeRedis) -> None:
        self._server = make_redis()
        self.end, self.begin = self._server.kill, self._server.start
        self.freeze, self.thaw = self._server.pause, self._server.resume

    def node(self) -> Node:
        connections = RedisConnections(CacheSettings(url=self._server.url), None)
        return RedisNode(
            name=self._server.name,
            is_loopback=True,
            make_connection=lambda: connections.link(("127.0.0.1", self._server.port)),
        )

    def flush(self) -> None:
        self._server.cli("FLUSHALL")

    def fill(self) -> None:
        self._server.cli("CONFIG", "SET", "maxmemory", "1")

    def tick(self) -> None:
        """Its time passes by itself."""


@dataclass
class Ears:
    """Remembers what a node tells."""

    keys: list[bytes] = field(default_factory=list)
    emptied: int = 0
    lost: list[str] = field(default_factory=list)

    def invalidated(self, keys: Sequence[bytes] | None) -> None:
        if keys is None:
            self.emptied += 1
        else:
            self.keys += keys


@pytest.fixture(params=["simulated", pytest.param("redis", marks=pytest.mark.live)])
def outside(request: pytest.FixtureRequest, clock: FakeClock) -> Outside:
    """Return an empty server of each kind."""
    if request.param == "simulated":
        return SimulatedOutside(clock)
    return RedisOutside(request.getfixturevalue("make_redis"))


Scenario = Callable[[Node, Ears], Coroutine[Any, Any, None]]


def play(outside: Outside, scenario: Scenario) -> None:
    """Play `scenario` with an open node, within some seconds, and close the node."""

    async def played() -> None:
        node, ears = outside.node(), Ears()
        async with asyncio.timeout(PATIENCE_S):
            await node.open(ears.invalidated, ears.lost.append)
            try:
                await scenario(node, ears)
            finally:
                await node.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left behind"

    asyncio.run(played())


async def until(look: Callable[[], object]) -> None:
    """Return once `look` gives something true; whoever calls has a time limit."""
    while not look():  # noqa: ASYNC110 - it may look at anything
        await asyncio.sleep(0.001)


def put(key: bytes, frame: bytes = b"frame") -> Put:
    return Put(key, frame, LONG_MS)


def frame_of(written_ms: int, text: bytes = b"") -> bytes:
    """Return the beginning of a frame, as far as a server must understand it."""
    head = MAGIC + bytes(WRITTEN_OFFSET - len(MAGIC))
    return head + written_ms.to_bytes(8, "big") + text


def test_values_come_back_in_the_order_of_the_keys(outside: Outside):
    """Reading gives what was written, None for what is not there, in the order asked for."""

    async def scenario(node: Node, ears: Ears) -> None:
        assert await node.write([put(A, b"1"), put(B, b"2")]) == [1, 1]
        assert await node.read([B, C, A, B]) == [b"2", None, b"1", b"2"]
        assert await node.read([]) == []
        assert await node.write([]) == []

    play(outside, scenario)


@pytest.mark.parametrize("frame", [b"", b"\r\n$-1\r\n", bytes(range(256)), b"x" * 1_000_000])
def test_any_bytes_are_kept(outside: Outside, frame: bytes):
    """Keys with blanks and values of any bytes and length come back as they were."""

    async def scenario(node: Node, ears: Ears) -> None:
        key = VALUES + b"with blanks \r\n and \x00"
        assert await node.write([put(key, frame)]) == [1]
        assert await node.read([key]) == [frame]

    play(outside, scenario)


def test_writes_are_done_in_their_order(outside: Outside):
    """Of several writes of one key in one call the last counts."""

    async def scenario(node: Node, ears: Ears) -> None:
        writes = [put(A, b"1"), Remove(A), put(A, b"2"), put(B, b"3"), Remove(B)]
        assert await node.write(writes) == [1, 1, 1, 1, 1]
        assert await node.read([A, B]) == [b"2", None]

    play(outside, scenario)


def test_put_of_the_absent_keeps_what_is_there(outside: Outside):
    """A Put for absent keys stores once."""

    async def scenario(node: Node, ears: Ears) -> None:
        first, second = (Put(A, word, LONG_MS, "absent") for word in (b"1", b"2"))
        assert await node.write([first, second]) == [1, 0]
        assert await node.read([A]) == [b"1"]

    play(outside, scenario)


@pytest.mark.parametrize(
    ("stored", "offered", "is_stored"),
    [
        (None, frame_of(5), 1),
        (frame_of(5), frame_of(6, b"new"), 1),
        (frame_of(5), frame_of(5, b"same"), 1),
        (frame_of(6), frame_of(5, b"old"), 0),
        (frame_of(0x80), frame_of(0x7F), 0),
        (frame_of(1_800_000_000_001), frame_of(1_800_000_000_000), 0),
        (b"no frame of ours, and long enough", frame_of(5), 1),
        (b"", frame_of(5), 1),
    ],
)
def test_put_of_the_newer_never_replaces_a_later_frame(
    outside: Outside, stored: bytes | None, offered: bytes, is_stored: int
):
    """A Put of what is newer gives way to a frame that was written later, to nothing else."""

    async def scenario(node: Node, ears: Ears) -> None:
        if stored is not None:
            await node.write([put(A, stored)])
        assert await node.write([Put(A, offered, LONG_MS, "newer")]) == [is_stored]
        assert await node.read([A]) == [offered if is_stored else stored]

    play(outside, scenario)


def test_numbers_tell_whether_something_was_there(outside: Outside):
    """Removing and touching answer 1 where there was something, else 0."""

    async def scenario(node: Node, ears: Ears) -> None:
        await node.write([put(A)])
        assert await node.write([Remove(A), Remove(A)]) == [1, 0]

    play(outside, scenario)


def test_raising_counts(outside: Outside):
    """Raise answers the new number, from 1 on, and it can be read."""

    async def scenario(node: Node, ears: Ears) -> None:
        key = GENERATIONS + b"n"
        assert await node.write([Raise(key), Raise(key), Raise(key, 40)]) == [1, 2, 42]
        assert await node.read([key]) == [b"42"]

    play(outside, scenario)


def test_values_end(outside: Outside):
    """A value is gone after its time, and another write moves that."""

    async def scenario(node: Node, ears: Ears) -> None:
        await node.write([Put(A, b"1", 5), Put(B, b"2", 5), Put(B, b"2", LONG_MS)])
        while (await node.read([A]))[0] is not None:
            outside.tick()
        assert await node.read([A, B]) == [None, b"2"]

    play(outside, scenario)


def test_calls_at_once_get_their_own_answers(outside: Outside):
    """Reads and writes that are on their way together are answered each with its own."""

    async def scenario(node: Node, ears: Ears) -> None:
        keys = [VALUES + b"%d" % number for number in range(100)]
        writes = [asyncio.ensure_future(node.write([put(key, key)])) for key in keys]
        reads = [asyncio.ensure_future(node.read([key])) for key in keys]
        assert await asyncio.gather(*writes) == [[1]] * 100
        assert await asyncio.gather(*reads) == [[key] for key in keys]

    play(outside, scenario)


def test_cancelled_calls_shift_no_answers(outside: Outside):
    """Whoever leaves before his answer takes no other's with him."""

    async def scenario(node: Node, ears: Ears) -> None:
        keys = [VALUES + b"%d" % number for number in range(60)]
        await node.write([put(key, key) for key in keys])
        reads = [asyncio.ensure_future(node.read([key])) for key in keys]
        await asyncio.sleep(0)
        for read in reads[::3]:
            read.cancel()
        answers = await asyncio.gather(*reads, return_exceptions=True)
        for place, (key, answer) in enumerate(zip(keys, answers, strict=True)):
            if place % 3:
                assert answer == [key]
            else:
                assert isinstance(answer, asyncio.CancelledError)
        assert await node.read([keys[7]]) == [keys[7]]

    play(outside, scenario)


@pytest.mark.parametrize(
    "write", [put(A), Remove(A), Put(A, frame_of(9), LONG_MS, "newer"), Raise(GENERATIONS + b"n")]
)
def test_others_hear_of_a_write(outside: Outside, write: Put | Remove | Raise):
    """Whoever else is connected hears the key of a write; who wrote does not."""

    async def scenario(node: Node, ears: Ears) -> None:
        other, heard = outside.node(), Ears()
        await other.open(heard.invalidated, heard.lost.append)
        await node.write([put(A, frame_of(1))])
        await until(lambda: A in heard.keys)
        heard.keys.clear()
        await node.write([write])
        await until(lambda: write.key in heard.keys)
        await node.read([A])
        assert not ears.keys
        await other.close()

    play(outside, scenario)


def test_others_are_heard_beside_own_newer_frames(outside: Outside):
    """Storing what is newer hides neither what others write next to it nor later."""

    async def scenario(node: Node, ears: Ears) -> None:
        other, heard = outside.node(), Ears()
        await other.open(heard.invalidated, heard.lost.append)
        mine = [Put(A, frame_of(time), LONG_MS, "newer") for time in (5, 6)]
        await asyncio.gather(node.write(mine), other.write([put(B)]))
        await until(lambda: B in ears.keys)
        assert A not in ears.keys
        await other.write([put(A, frame_of(7))])
        await until(lambda: A in ears.keys)
        assert await node.write([mine[1]]) == [0]
        await other.close()

    play(outside, scenario)


def test_flush_is_heard(outside: Outside):
    """When everything is removed, everybody hears that any key may have changed."""

    async def scenario(node: Node, ears: Ears) -> None:
        await node.write([put(A)])
        outside.flush()
        await until(lambda: ears.emptied)
        assert await node.read([A]) == [None]

    play(outside, scenario)


def test_identity_lasts_as_long_as_the_data(outside: Outside):
    """Connecting again gives the same identity; after a start without data it is another."""

    async def scenario(node: Node, ears: Ears) -> None:
        first = await node.open(ears.invalidated, ears.lost.append)
        assert first
        assert await node.open(ears.invalidated, ears.lost.append) == first
        outside.end()
        outside.begin()
        assert await node.open(ears.invalidated, ears.lost.append) != first

    play(outside, scenario)


def test_flushed_data_have_another_identity(outside: Outside):
    """A server that was emptied while it ran is told from one that was not."""

    async def scenario(node: Node, ears: Ears) -> None:
        first = await node.open(ears.invalidated, ears.lost.append)
        outside.flush()
        assert await node.open(ears.invalidated, ears.lost.append) != first

    play(outside, scenario)


def test_lost_connection_fails_who_waits(outside: Outside):
    """When the server ends, calls on their way fail, `lost` is told once, later calls fail."""

    async def scenario(node: Node, ears: Ears) -> None:
        outside.freeze()
        waiting = [
            asyncio.ensure_future(node.read([A])),
            asyncio.ensure_future(node.write([put(A)])),
        ]
        await asyncio.sleep(0)
        outside.end()
        for call in waiting:
            with pytest.raises(Unreachable):
                await call
        await until(lambda: ears.lost)
        with pytest.raises(Unreachable):
            await node.read([A])
        with pytest.raises(Unreachable):
            await node.write([put(A)])
        with pytest.raises(Unreachable):
            await node.open(ears.invalidated, ears.lost.append)
        assert len(ears.lost) == 1

    play(outside, scenario)


def test_closing_fails_who_waits_and_tells_nobody(outside: Outside):
    """Closing ends the calls on their way, may be done twice, and is no loss."""

    async def scenario(node: Node, ears: Ears) -> None:
        outside.freeze()
        waiting = asyncio.ensure_future(node.write([put(A, b"x" * 20_000_000)]))
        await asyncio.sleep(0)
        await node.close()
        await node.close()
        with pytest.raises(Unreachable):
            await waiting
        outside.thaw()
        await node.open(ears.invalidated, ears.lost.append)
        assert await node.write([put(B)]) == [1]
        assert not ears.lost

    play(outside, scenario)


def test_never_opened_node_is_unreachable():
    """A node that was not opened raises Unreachable and may be closed."""

    async def scenario() -> None:
        node = SimulatedNode(SimulatedServer(clock=FakeClock()))
        redis = RedisNode(name="x", is_loopback=True, make_connection=lambda: pytest.fail("asked"))
        for one in (node, redis):
            await one.close()
            with pytest.raises(Unreachable):
                await one.read([A])

    asyncio.run(scenario())


def test_full_server_refuses_frames_and_takes_removals(outside: Outside):
    """What a server refuses is told for each write; it goes on answering reads and removals."""

    async def scenario(node: Node, ears: Ears) -> None:
        await node.write([put(A, b"1"), put(B, b"2")])
        outside.fill()
        stored, removed = await node.write([put(C), Remove(B)])
        assert isinstance(stored, Refused)
        assert "memory" in str(stored)
        assert removed == 1
        assert await node.read([A, B, C]) == [b"1", None, None]

    play(outside, scenario)
