from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from engine.cache.batch import MOST_QUESTIONS, Reads, Tick, Writes, fail_all
from engine.cache.large_frames import LargeFrames
from engine.cache.ports import Put, Remove
from engine.errors import Refused, Unreachable
from tests.engine.cache.fake_node import FakeNode

ResultT = TypeVar("ResultT")
QUESTIONS = st.lists(
    st.tuples(st.sampled_from(["read", "put", "remove"]), st.sampled_from([b"a", b"b", b"c"])),
    max_size=30,
)


def run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    return asyncio.run(work)


def future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


@given(QUESTIONS)
def test_every_question_is_answered_as_if_it_were_alone(questions: list[tuple[str, bytes]]):
    """However reads and writes of a tick are mixed, each sees what came before it on its key."""

    async def story() -> None:
        tick, expected, futures = Tick(), [], []
        data: dict[bytes, bytes] = {}
        for number, (what, key) in enumerate(questions):
            futures.append(future())
            if what == "read":
                tick.read(key, futures[-1])
                expected.append(data.get(key))
            elif what == "put":
                data[key] = b"%d" % number
                tick.write(Put(key, data[key], 1000), futures[-1])
                expected.append(1)
            else:
                tick.write(Remove(key), futures[-1])
                expected.append(int(data.pop(key, None) is not None))
        node = FakeNode()
        for batch in tick.batches():
            await batch.ask(node, LargeFrames())
        assert [one.result() for one in futures] == expected

    run(story())


def test_mixed_tick_travels_as_two_batches():
    """Reads and writes of different keys travel as one batch of each, however they were mixed."""

    async def story() -> None:
        tick = Tick()
        for number in range(10):
            tick.read(b"r%d" % number, future())
            tick.write(Remove(b"w%d" % number), future())
        assert [type(batch) for batch in tick.batches()] == [Reads, Writes]

    run(story())


def test_callers_who_read_what_they_wrote_share_batches():
    """Many callers that each write and then read their own key need three batches, not two each."""

    async def story() -> None:
        tick = Tick()
        for number in range(10):
            tick.read(b"%d" % number, future())
            tick.write(Put(b"%d" % number, b"", 1000), future())
            tick.read(b"%d" % number, future())
        assert [type(batch) for batch in tick.batches()] == [Reads, Writes, Reads]

    run(story())


def test_burst_is_split():
    """No batch holds more than its limit, and none is lost."""

    async def story() -> None:
        tick, count = Tick(), 2 * MOST_QUESTIONS + 1
        for number in range(count):
            tick.read(b"%d" % number, future())
            tick.write(Remove(b"%d" % number), future())
        sizes = [len(batch.futures) for batch in tick.batches()]
        assert max(sizes) <= MOST_QUESTIONS
        assert sum(sizes) == 2 * count

    run(story())


def test_cancelled_futures_are_passed_over():
    """Who has left gets no answer, and the others get theirs."""

    async def story() -> None:
        tick, gone, here = Tick(), [future(), future()], [future(), future()]
        tick.read(b"a", gone[0])
        tick.read(b"b", here[0])
        tick.write(Remove(b"c"), gone[1])
        tick.write(Put(b"d", b"4", 1000), here[1])
        for one in gone:
            one.cancel()
        for batch in tick.batches():
            await batch.ask(FakeNode(data={b"b": b"2"}), LargeFrames())
        assert [one.result() for one in here] == [b"2", 1]

    run(story())


def test_refused_write_fails_alone():
    """A write that the server refuses fails with the reason; the others have their numbers."""

    async def story() -> None:
        tick, put, remove = Tick(), future(), future()
        tick.write(Put(b"a", b"1", 1000), put)
        tick.write(Remove(b"b"), remove)
        (batch,) = tick.batches()
        full = Refused("it is full")
        outcomes = await batch.ask(FakeNode(refusing=full), LargeFrames())
        assert put.exception() is full
        assert remove.result() == 0
        assert [outcome for _, outcome in outcomes] == [full, 0]

    run(story())


def test_failed_batch_leaves_answers_alone():
    """Failing a batch reaches those who wait, not those who have left or have an answer."""

    async def story() -> None:
        tick, waiting, answered, gone = Tick(), future(), future(), future()
        for one in (waiting, answered, gone):
            tick.read(b"a", one)
        answered.set_result(b"1")
        gone.cancel()
        error = Unreachable("gone")
        for batch in tick.batches():
            fail_all(batch, error)
        assert waiting.exception() is error
        assert answered.result() == b"1"
        assert gone.cancelled()

    run(story())


def test_size_is_that_of_frames():
    """A batch knows how many bytes of frames it sends."""

    async def story() -> None:
        tick = Tick()
        tick.read(b"a", future())
        tick.write(Put(b"b", bytes(1000), 1000), future())
        tick.write(Remove(b"c"), future())
        assert [batch.size_bytes(LargeFrames()) for batch in tick.batches()] == [0, 1000]

    run(story())
