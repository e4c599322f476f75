from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.cache.batch import Outcomes
from engine.cache.ports import Put, Remove
from engine.cache.settings import CacheSettings
from engine.cache.traffic import GRACE_S, LOOPBACK_BYTES_PER_S, Traffic
from engine.errors import Damaged, OutsideError, TimedOut, Unreachable
from tests.engine.cache.fake_node import GONE, FakeNode
from tests.leaping import LeapingLoop, leap

SETTINGS = CacheSettings(loopback_deadline_ms=50, network_deadline_ms=150)


class Ears:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.answers: list[tuple[float, Outcomes]] = []
        self.failures: list[OutsideError] = []

    def answered(self, seconds: float, outcomes: Outcomes) -> None:
        self.answers.append((seconds, outcomes))

    def failed(self, error: OutsideError) -> None:
        self.failures.append(error)


Story = Callable[[LeapingLoop, FakeNode, Traffic, Ears], Awaitable[None]]


def tell(story: Story, node: FakeNode | None = None) -> None:
    """Run `story` with a node, the traffic to it and its ears; everything is dropped at the end."""

    async def run(loop: LeapingLoop) -> None:
        ears, used = Ears(), node or FakeNode()
        traffic = Traffic(node=used, settings=SETTINGS, clock=loop, listener=ears)
        await story(loop, used, traffic, ears)
        traffic.drop(Unreachable("the end"))
        if traffic.unfinished():
            await asyncio.wait(traffic.unfinished())

    leap(run)


async def failure(future: asyncio.Future[Any]) -> OutsideError:
    """Return what `future` fails with."""
    with pytest.raises(OutsideError) as caught:
        await future
    return caught.value


def test_tick_is_one_question():
    """All reads of a tick are one question, and all its writes are another."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.data = {b"0": b"zero"}
        reads = [traffic.read(b"%d" % number) for number in range(5)]
        writes = [traffic.write(Remove(b"w%d" % number)) for number in range(5)]
        assert await asyncio.gather(*reads) == [b"zero", None, None, None, None]
        assert await asyncio.gather(*writes) == [0] * 5
        assert [len(asked) for asked in node.log] == [5, 5]
        assert len(ears.answers) == 2

    tell(story)


def test_order_of_a_key_is_kept():
    """A read after a write of the same tick sees it; one before does not."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        before = traffic.read(b"a")
        first = traffic.write(Put(b"a", b"1", 1000))
        between = traffic.read(b"a")
        second = traffic.write(Put(b"a", b"2", 1000))
        after = traffic.read(b"a")
        await asyncio.gather(first, second)
        assert [await before, await between, await after] == [None, b"1", b"2"]

    tell(story)


def test_ticks_keep_their_order():
    """What is asked later is sent later, also where the earlier tick took several batches."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        traffic.write(Put(b"a", b"1", 1000))
        traffic.read(b"a")
        traffic.write(Put(b"a", b"2", 1000))
        traffic.read(b"a")
        traffic.write(Put(b"a", b"3", 1000))
        await asyncio.sleep(0)
        assert await traffic.read(b"a") == b"3"

    tell(story)


@pytest.mark.parametrize(("is_loopback", "wait_s"), [(True, 0.05), (False, 0.15)])
def test_silence_ends_at_the_deadline(is_loopback: bool, wait_s: float):
    """A node that never answers costs its callers the deadline, and its task ends."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.reading = node.writing = asyncio.Event()
        began_s = loop.time()
        read, write = traffic.read(b"a"), traffic.write(Remove(b"b"))
        errors = [await failure(read), await failure(write)]
        assert loop.time() - began_s == pytest.approx(wait_s, abs=1e-6)
        assert all(isinstance(error, TimedOut) for error in errors)
        assert set(ears.failures) == set(errors)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not traffic.unfinished()
        assert node.cancelled == 2

    tell(story, FakeNode(is_loopback=is_loopback))


def test_late_answer_is_not_heard():
    """An answer after the deadline reaches nobody, and a later question gets its own."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.reading = late = asyncio.Event()
        node.data = {b"a": b"1", b"b": b"2"}
        late_read = traffic.read(b"a")
        loop.call_later(0.05, late.set)  # the deadline and the answer in the same moment
        assert isinstance(await failure(late_read), TimedOut)
        node.reading = None
        assert await traffic.read(b"b") == b"2"
        assert len(ears.answers) == 1
        assert len(ears.failures) == 1

    tell(story)


def test_busy_loop_is_not_the_nodes_fault():
    """Where the loop was held up over the deadline, the answer that lies there is still taken."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.reading = answered = asyncio.Event()
        node.data = {b"a": b"1"}
        read = traffic.read(b"a")
        await asyncio.sleep(0)
        loop.hold_up(0.5)
        loop.call_later(GRACE_S / 2, answered.set)
        assert await read == b"1"

    tell(story)


def test_grace_is_given_once():
    """Where nothing comes within the grace either, the question fails."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.reading = asyncio.Event()
        read = traffic.read(b"a")
        await asyncio.sleep(0)
        loop.hold_up(0.5)
        held_s = loop.time()
        loop.call_later(GRACE_S * 0.9, loop.hold_up, 0.5)
        assert isinstance(await failure(read), TimedOut)
        assert loop.time() - held_s == pytest.approx(0.5 + GRACE_S * 0.9, abs=1e-6)

    tell(story)


def test_large_payload_has_more_time():
    """A deadline grants the time that the bytes on their way need."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.writing = asyncio.Event()
        size_bytes = 10 * 1024 * 1024
        began_s = loop.time()
        await failure(traffic.write(Put(b"a", bytes(size_bytes), 1000)))
        wait_s = 0.05 + size_bytes / LOOPBACK_BYTES_PER_S
        assert loop.time() - began_s == pytest.approx(wait_s, abs=1e-6)
        began_s = loop.time()
        await failure(traffic.write(Put(b"a", b"", 1000)))
        assert loop.time() - began_s == pytest.approx(0.05, abs=1e-6)

    tell(story)


@pytest.mark.parametrize("is_written_here", [True, False])
def test_reading_what_is_known_to_be_large_has_more_time(is_written_here: bool):
    """A frame that was written or read here before has the time that it needs to arrive."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        frame = bytes(10 * 1024 * 1024)
        if is_written_here:
            await traffic.write(Put(b"a", frame, 1000))
        else:
            node.data[b"a"] = frame
            await traffic.read(b"a")
        node.reading = asyncio.Event()
        began_s = loop.time()
        await failure(traffic.read(b"a"))
        wait_s = 0.05 + len(frame) / LOOPBACK_BYTES_PER_S
        assert loop.time() - began_s == pytest.approx(wait_s, abs=1e-6)

    tell(story)


def test_cancelled_caller_harms_nobody():
    """Who leaves takes no answer with him, before and after the question was sent."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.data = {b"%d" % number: b"v%d" % number for number in range(4)}
        reads = [traffic.read(b"%d" % number) for number in range(4)]
        reads[0].cancel()
        await asyncio.sleep(0)
        reads[1].cancel()
        assert [await reads[2], await reads[3]] == [b"v2", b"v3"]
        assert not ears.failures

    tell(story)


def test_drop_fails_everything_at_once():
    """After a drop nobody waits: not who was on his way, and not who was still gathered."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.reading = asyncio.Event()
        flying = traffic.read(b"a")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gathered = traffic.read(b"b")
        began_s = loop.time()
        traffic.drop(GONE)
        assert [await failure(flying), await failure(gathered)] == [GONE, GONE]
        assert loop.time() == began_s
        assert node.log == [[b"a"]]
        assert not ears.failures

    tell(story)


def test_traffic_goes_on_after_a_drop():
    """What is asked after a drop is answered, also in the very same tick."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.data = {b"a": b"1"}
        dropped = traffic.read(b"a")
        traffic.drop(GONE)
        assert await traffic.read(b"a") == b"1"
        assert await failure(dropped) is GONE
        assert node.log == [[b"a"]]

    tell(story)


def test_failed_batch_is_told():
    """A node that raises fails its callers at once with the reason."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        node.reading = GONE
        reads = [traffic.read(b"a"), traffic.read(b"b")]
        assert [await failure(read) for read in reads] == [GONE, GONE]
        assert ears.failures == [GONE]

    tell(story)


def test_mistake_in_an_adapter_leaves_nobody_waiting():
    """A programming mistake is reported to the loop, and its callers get an OutsideError."""

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        reported: list[Any] = []
        loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
        mistake = ValueError("a mistake")
        node.reading = mistake
        assert isinstance(await failure(traffic.read(b"a")), Damaged)
        node.reading = None
        await asyncio.sleep(0)
        gc.collect()
        assert reported == [mistake]
        assert isinstance(ears.failures[0], Damaged)

    tell(story)


def test_too_few_answers_leave_nobody_waiting():
    """Callers beyond the end of a node's answer get an OutsideError."""

    class Forgetful(FakeNode):
        async def read(self, keys: Any) -> list[bytes | None]:
            return [b"1"]

    async def story(loop: LeapingLoop, node: FakeNode, traffic: Traffic, ears: Ears) -> None:
        reported: list[Any] = []
        loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
        first, second = traffic.read(b"a"), traffic.read(b"b")
        assert await first == b"1"
        assert isinstance(await failure(second), Damaged)
        await asyncio.sleep(0)
        gc.collect()
        assert [type(error) for error in reported] == [ValueError]

    tell(story, Forgetful())
