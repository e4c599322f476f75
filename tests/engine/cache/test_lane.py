from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

import pytest

from engine.cache.lane import GOODBYE_LIMIT_S, OPENING_LIMIT_S, RESTORING_LIMIT_S, Lane
from engine.cache.ports import Put, Remove
from engine.cache.settings import CacheSettings
from engine.circuit_breaker import BreakerLimits, BreakerState, CircuitBreaker
from engine.errors import OutsideError, Refused, Unreachable
from tests.engine.cache.fake_node import GONE, FakeNode
from tests.leaping import LeapingLoop, leap

PATIENCE_S = 100.0


class Outside:
    """What a lane tells others, and what it may wait for."""

    def __init__(self) -> None:
        self.invalidated: list[Sequence[bytes] | None] = []
        self.restored: list[bool] = []
        self.suspicions = 0
        self.restoring: Callable[[], Awaitable[None]] | None = None
        """What the restoration does."""
        self._changed = asyncio.Event()

    async def restore(self, has_lost_data: bool) -> None:
        self.restored.append(has_lost_data)
        if self.restoring is not None:
            await self.restoring()

    def suspect(self) -> None:
        self.suspicions += 1

    def change(self) -> None:
        self._changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until a change after which `is_so()`."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()


Story = Callable[[LeapingLoop, FakeNode, Lane, Outside], Awaitable[None]]


def tell(story: Story, node: FakeNode | None = None, *, is_stand_in: bool = False) -> None:
    """Run `story` with a lane that has begun to try; it is closed at the end."""

    async def run(loop: LeapingLoop) -> None:
        outside, used = Outside(), node or FakeNode()
        lane = Lane(
            node=used,
            settings=CacheSettings(),
            clock=loop,
            breaker=CircuitBreaker(clock=loop, random=Random(1), limits=BreakerLimits()),
            invalidated=outside.invalidated.append,
            restored=outside.restore,
            changed=outside.change,
            suspicious=outside.suspect,
            is_stand_in=is_stand_in,
        )
        lane.start()
        try:
            await story(loop, used, lane, outside)
        finally:
            await lane.aclose()

    leap(run)


async def failure(future: Awaitable[Any]) -> OutsideError:
    """Return what `future` fails with."""
    with pytest.raises(OutsideError) as caught:
        await future
    return caught.value


def test_node_that_answers_is_used():
    """An open node is restored once, then callers reach it, and its breaker is closed."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        node.data = {b"a": b"1"}
        assert not lane.admits()
        await outside.until(lambda: lane.is_up)
        assert await lane.traffic.read(b"a") == b"1"
        assert outside.restored == [False]
        assert lane.status().breaker is BreakerState.CLOSED
        assert lane.problem() is None

    tell(story)


def test_stand_in_may_lack_data():
    """A node that takes the place of another is restored as one that lost its data."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        assert outside.restored == [True]
        node.lost("it went")
        await outside.until(lambda: lane.is_up)
        assert outside.restored == [True, False]

    tell(story, is_stand_in=True)


def test_other_identity_is_lost_data():
    """A node that comes back with another identity has lost its data, until it was restored."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        node.identity = "second"

        async def fail() -> None:
            outside.restoring = None
            raise GONE

        outside.restoring = fail
        node.lost("it went")
        await outside.until(lambda: lane.is_up)
        node.lost("it went")
        await outside.until(lambda: lane.is_up)
        assert outside.restored == [False, True, True, False]

    tell(story)


def test_only_the_restoration_passes_before_the_lane_is_up():
    """While a node is restored, the questions of its restorer and his tasks pass, no others."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        inside: list[bool] = []
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def ask() -> None:
            inside.append(lane.admits())
            await lane.traffic.write(Put(b"a", b"1", 1000))

        async def restore() -> None:
            await asyncio.gather(ask(), ask())
            begun.set()
            await may_end.wait()

        outside.restoring = restore
        await begun.wait()
        assert inside == [True, True]
        assert lane.is_restoring
        assert not lane.admits()
        assert lane.status().breaker is BreakerState.HALF_OPEN
        may_end.set()
        await outside.until(lambda: lane.is_up)
        assert lane.admits()

    tell(story)


def test_task_of_an_earlier_restoration_does_not_pass_in_a_later_one():
    """What a restoration left running has no better rights when the next one runs."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        left: list[asyncio.Task[bool]] = []
        second = asyncio.Event()
        admitted: asyncio.Future[bool] = loop.create_future()

        async def linger() -> bool:
            await second.wait()
            return lane.admits()

        async def first_restore() -> None:
            left.append(asyncio.create_task(linger()))

        async def second_restore() -> None:
            second.set()
            admitted.set_result(await left[0])

        outside.restoring = first_restore
        await outside.until(lambda: lane.is_up)
        outside.restoring = second_restore
        node.lost("it went")
        assert await admitted is False

    tell(story)


def test_lost_connection_fails_everybody_at_once():
    """When the connection goes, who waits hears it at once and the first tier is emptied."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        node.reading = asyncio.Event()
        read, began_s = lane.traffic.read(b"a"), loop.time()
        await asyncio.sleep(0)
        node.lost("the server went")
        assert str(await failure(read)) == "the server went"
        assert loop.time() == began_s
        assert not lane.admits()
        assert "the server went" in str(lane.refusal())
        assert outside.invalidated == [None]
        assert outside.suspicions
        node.reading = None
        await outside.until(lambda: lane.is_up)
        assert node.closed == 1

    tell(story)


def test_silent_node_is_left_alone_after_some_deadlines():
    """After five questions without an answer nobody is made to wait, until the node answers."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        node.reading = asyncio.Event()
        for _ in range(5):
            assert lane.is_up
            await failure(lane.traffic.read(b"a"))
        assert not lane.is_up
        assert lane.status().failures == 5
        await asyncio.sleep(10)
        assert not lane.is_up
        assert 4 < node.opened < 20  # seldom, and on and on
        node.reading = None
        await outside.until(lambda: lane.is_up)

    tell(story)


def test_node_too_slow_for_callers_is_not_let_in():
    """A node that opens but does not answer within the deadline is not restored nor used.

    And is never said to be restored: its state would change with every attempt.
    """

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.has_verdict)
        for _ in range(1000):
            await asyncio.sleep(0.01)
            assert not lane.is_restoring
        assert not lane.is_up
        assert not outside.restored

    tell(story, FakeNode(reading=asyncio.Event()))


def test_refused_first_question_is_an_answer():
    """A node of a Cluster that does not have the key of the first question is used."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        assert lane.problem() is None

    tell(story, FakeNode(reading=Refused("MOVED")))


def test_hanging_open_is_given_up_and_tried_again():
    """An open() that hangs ends after its limit, and is tried again after a cooldown."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        began_s = loop.time()
        await outside.until(lambda: lane.has_verdict)
        assert loop.time() - began_s == pytest.approx(OPENING_LIMIT_S, abs=1e-6)
        assert node.cancelled == 1
        assert str(lane.problem()).startswith("Redis at fake:1 did not let us in")
        node.opening = None
        await outside.until(lambda: lane.is_up)
        assert node.closed == 1

    tell(story, FakeNode(opening=asyncio.Event()))


def test_hanging_close_is_given_up():
    """A close() that hangs delays the next attempt by its limit, not for ever."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        node.closing = asyncio.Event()
        began_s = loop.time()
        node.lost("it went")
        await outside.until(lambda: lane.is_up)
        assert loop.time() - began_s < GOODBYE_LIMIT_S + 0.5

    tell(story)


@pytest.mark.parametrize("error", [Refused("wrong password"), ValueError("a mistake")])
def test_failing_open_is_shown_and_tried_again(error: Exception):
    """Whatever open() raises is the problem that is shown; a later success is used."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.has_verdict)
        assert str(error) in str(lane.problem())
        assert lane.status().breaker is BreakerState.OPEN
        node.opening = None
        await outside.until(lambda: lane.is_up)
        assert lane.status().failures == 0

    tell(story, FakeNode(opening=error))


def test_loss_while_opening_counts():
    """A connection that is lost before open() returned is not taken for a good one."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await asyncio.sleep(0)
        opening, node.opening = node.opening, None
        node.lost("it went again")
        assert isinstance(opening, asyncio.Event)
        opening.set()
        await outside.until(lambda: lane.is_up)
        assert node.opened == 2
        assert len(outside.restored) == 1

    tell(story, FakeNode(opening=asyncio.Event()))


def test_loss_while_restoring_ends_the_restoration():
    """A restoration of a node that is gone ends at once, though it waits for something else."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        begun = asyncio.Event()

        async def restore() -> None:
            begun.set()
            outside.restoring = None
            await asyncio.Event().wait()

        outside.restoring = restore
        await begun.wait()
        node.lost("it went")
        assert not lane.is_up
        began_s = loop.time()
        await outside.until(lambda: lane.is_up)
        assert loop.time() - began_s < 1.0
        assert outside.restored == [False, False]

    tell(story)


def test_loss_at_the_end_of_a_restoration_counts():
    """A lane whose node was lost while it was restored does not come up, error or not."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        seen: list[OutsideError] = []

        async def restore() -> None:
            outside.restoring = None
            write = lane.traffic.write(Remove(b"a"))
            node.lost("it went")
            seen.append(await failure(write))

        outside.restoring = restore
        await outside.until(lambda: lane.is_up)
        assert str(seen[0]) == "it went"
        assert node.opened == 2

    tell(story)


def test_restoration_without_end_is_given_up():
    """A restoration that hangs ends after its limit."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        began_s = loop.time()

        async def restore() -> None:
            await asyncio.Event().wait()

        outside.restoring = restore
        await outside.until(lambda: lane.has_verdict)
        assert loop.time() - began_s == pytest.approx(RESTORING_LIMIT_S, abs=0.1)
        assert "did not take what it missed" in str(lane.problem())

    tell(story)


def test_refused_writes_leave_reads_alone():
    """A full server is still read; the refusal is shown until it takes a frame again."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        node.refusing, node.data = Refused("its memory is full"), {b"a": b"1"}
        for _ in range(20):
            await failure(lane.traffic.write(Put(b"b", b"2", 1000)))
            assert await lane.traffic.read(b"a") == b"1"
        assert lane.is_up
        assert lane.status().problem == "its memory is full"
        assert outside.suspicions
        node.refusing = None
        await lane.traffic.write(Put(b"b", b"2", 1000))
        assert lane.problem() is None

    tell(story)


def test_refused_reads_are_shown():
    """A server that says no to reads stays asked, and what it says is shown."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        node.reading = Refused("the Cluster lacks a server")
        for _ in range(20):
            await failure(lane.traffic.read(b"a"))
        assert lane.is_up
        assert lane.problem() == "the Cluster lacks a server"
        node.reading = None
        await lane.traffic.read(b"a")
        assert lane.problem() is None

    tell(story)


def test_blind_node_is_used_and_said_to_be_blind():
    """A server that does not tell what others write is used, with the remedy shown."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        assert "CLIENT TRACKING" in str(lane.problem())
        assert lane.status().coherence == "none"

    tell(story, FakeNode(coherence="none"))


def test_nudge_skips_the_cooldown():
    """A node that is down is tried at once when somebody asks for it."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await asyncio.sleep(30)  # the longest cooldown by now
        opened, node.opening = node.opened, None
        began_s = loop.time()
        lane.nudge()
        assert not lane.has_verdict
        await outside.until(lambda: lane.has_verdict)
        assert lane.is_up
        assert loop.time() == began_s
        assert node.opened == opened + 1

    tell(story, FakeNode(opening=Unreachable("nobody there")))


def test_nudge_leaves_a_healthy_lane_alone_and_reconnects_a_sick_one():
    """Reconnecting costs a healthy lane nothing; one with a problem is opened anew."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        lane.nudge()
        assert lane.is_up
        node.coherence = "none"
        lane.nudge()
        assert not lane.is_up
        await outside.until(lambda: lane.is_up)
        assert (node.opened, node.closed) == (2, 1)

    tell(story)


def test_late_news_of_an_old_connection_changes_nothing():
    """A loss that is told twice, or after the node was opened again, is heard once."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        await outside.until(lambda: lane.is_up)
        old = node.lost
        old("it went")
        old("it went for another reason")
        assert lane.problem() == "it went"
        await outside.until(lambda: lane.is_up)
        old("it went")
        assert lane.is_up

    tell(story)


@pytest.mark.parametrize("what", ["opening", "reading", "closing"])
def test_closing_ends_whatever_hangs(what: str):
    """A lane closes soon and leaves no task, though the node hangs in any of its calls."""

    async def story(loop: LeapingLoop, node: FakeNode, lane: Lane, outside: Outside) -> None:
        if what == "opening":
            await asyncio.sleep(0)
        else:
            await outside.until(lambda: lane.is_up)
            setattr(node, what, asyncio.Event())
        read = lane.traffic.read(b"a")
        await asyncio.sleep(0)
        began_s = loop.time()
        await lane.aclose()
        await lane.aclose()
        assert loop.time() - began_s <= 2 * GOODBYE_LIMIT_S + 1e-6
        assert isinstance(await failure(read), Unreachable)
        assert not lane.admits()

    tell(story, FakeNode(opening=asyncio.Event()) if what == "opening" else None)
