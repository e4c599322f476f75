from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from engine.cache.lanes import FINDING_LIMIT_S, FINDING_PACE_S, LONGEST_PACE_S, Lanes
from engine.errors import TimedOut, Unreachable
from tests.engine.cache.fake_node import GONE, FakeDirectory, FakeNode
from tests.leaping import LeapingLoop, leap


class FakeLane:
    """A lane that is up until a test says otherwise."""

    def __init__(self, node: FakeNode, is_stand_in: bool) -> None:
        self.node = node
        self.is_stand_in = is_stand_in
        self.is_up = self.has_verdict = True
        self.nudges = 0
        self.closing: asyncio.Event | None = None
        self.was_started = self.was_closed = False

    def start(self) -> None:
        self.was_started = True

    def nudge(self) -> None:
        self.nudges += 1

    async def aclose(self) -> None:
        if self.closing is not None:
            await self.closing.wait()
        self.was_closed = True


Story = Callable[[LeapingLoop, FakeDirectory, Lanes, list[FakeLane]], Awaitable[None]]


def tell(story: Story, *names: str, finding: Any = None) -> None:
    """Run `story` with lanes that have been started and looked once, and all that were made."""

    async def run(loop: LeapingLoop) -> None:
        made: list[FakeLane] = []

        def open_lane(node: Any, is_stand_in: bool) -> Any:
            made.append(FakeLane(node, is_stand_in))
            return made[-1]

        directory = FakeDirectory([FakeNode(name) for name in names], finding=finding)
        lanes = Lanes(directory=directory, open_lane=open_lane, changed=lambda: None)
        lanes.start()
        await asyncio.sleep(FINDING_PACE_S / 2)
        try:
            await story(loop, directory, lanes, made)
        finally:
            await lanes.aclose()
        assert all(lane.was_closed for lane in made)

    leap(run)


def test_every_node_gets_a_lane():
    """The nodes that are there from the start have lanes, and stand in for nobody."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        assert list(lanes.by_name.values()) == made
        assert [lane.node.name for lane in lanes.sorted()] == ["a:1", "b:1"]
        assert all(lane.was_started and not lane.is_stand_in for lane in made)
        assert lanes.error is None
        assert lanes.have_settled()

    tell(story, "b:1", "a:1")


def test_healthy_nodes_are_not_asked_about():
    """The directory is left alone while every node answers and nothing is suspicious."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        await asyncio.sleep(1000)
        assert directory.asked == 1
        for _ in range(10):
            lanes.suspect()
        await asyncio.sleep(1000)
        assert directory.asked == 2

    tell(story, "a:1")


def test_node_that_does_not_answer_is_reason_to_look():
    """While a node is down the directory is asked now and then without being told to."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        made[0].is_up = False
        lanes.suspect()
        await asyncio.sleep(10)
        assert 5 < directory.asked < 15

    tell(story, "a:1")


def test_lasting_suspicion_has_the_directory_asked_more_seldom():
    """The first suspicion is followed soon; the tenth in a row not sooner than that of a second."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        await asyncio.sleep(100)
        times_s: list[float] = []
        asked = directory.asked
        while loop.time() < 1110:
            lanes.suspect()
            await asyncio.sleep(0.01)
            if directory.asked > asked:
                asked = directory.asked
                times_s.append(loop.time())
        pauses_s = [after - before for before, after in pairwise(times_s)]
        assert pauses_s[0] == pytest.approx(FINDING_PACE_S, abs=0.02)
        assert pauses_s[-1] == pytest.approx(LONGEST_PACE_S, abs=0.02)
        await asyncio.sleep(100)
        lanes.suspect()
        await asyncio.sleep(0.01)
        lanes.suspect()
        asked = directory.asked
        await asyncio.sleep(FINDING_PACE_S)
        assert directory.asked == asked + 1

    tell(story, "a:1")


def test_search_does_not_wait_for_the_pace():
    """Who searches has the directory asked at once, however often it was asked before."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        for _ in range(5):
            asked = directory.asked
            lanes.search()
            await asyncio.sleep(0.001)
            assert directory.asked == asked + 1

    tell(story, "a:1")


def test_replaced_node_loses_its_lane():
    """A new node gets a lane that stands in; it need not wait for the old one to close."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        made[0].closing = asyncio.Event()
        directory.nodes[:] = [FakeNode("b:1")]
        lanes.suspect()
        await asyncio.sleep(FINDING_PACE_S)
        assert list(lanes.by_name) == ["b:1"]
        assert made[1].is_stand_in
        assert not made[0].was_closed
        made[0].closing.set()
        await asyncio.sleep(0)
        assert made[0].was_closed

    tell(story, "a:1")


def test_failing_directory_leaves_lanes_alone():
    """Nodes that answer stay in use while it cannot be told which nodes there are."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        directory.finding = GONE
        lanes.suspect()
        await asyncio.sleep(1)
        assert lanes.error is GONE
        assert list(lanes.by_name) == ["a:1"]
        directory.finding = None
        await asyncio.sleep(2)
        assert lanes.error is None
        assert made[0].node is directory.nodes[0]
        assert len(made) == 1

    tell(story, "a:1")


def test_directory_without_nodes_changes_nothing():
    """A directory that names nobody is said to be a problem; lanes stay until it names others."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        directory.nodes.clear()
        lanes.suspect()
        await asyncio.sleep(1)
        assert isinstance(lanes.error, Unreachable)
        assert list(lanes.by_name) == ["a:1"]

    tell(story, "a:1")


def test_hanging_directory_is_given_up_and_asked_again():
    """A find() that hangs ends after its limit, with a reason, and is tried again."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        assert not lanes.have_settled()
        await asyncio.sleep(FINDING_LIMIT_S)
        assert isinstance(lanes.error, TimedOut)
        assert lanes.have_settled()
        directory.finding = None
        await asyncio.sleep(2)
        assert list(lanes.by_name) == ["a:1"]

    tell(story, "a:1", finding=asyncio.Event())


def test_mistake_in_a_directory_is_shown(caplog: pytest.LogCaptureFixture):
    """A programming mistake in find() is logged and shown, and the search goes on."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        assert "a mistake" in str(lanes.error)
        directory.finding = None
        await asyncio.sleep(2)
        assert list(lanes.by_name) == ["a:1"]

    tell(story, "a:1", finding=ValueError("a mistake"))
    assert "a mistake" in caplog.text


def test_search_nudges_every_lane():
    """A search has every lane try again, and is settled when the last one knows."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        lanes.search()
        assert [lane.nudges for lane in made] == [1, 1]
        assert not lanes.have_settled()
        made[1].has_verdict = False
        await asyncio.sleep(FINDING_PACE_S)
        assert not lanes.have_settled()
        made[1].has_verdict = True
        assert lanes.have_settled()

    tell(story, "a:1", "b:1")


def test_closing_while_a_node_is_let_go_closes_it_too():
    """A lane that was about to close when all ends is closed for certain."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, lanes: Lanes, made: list[FakeLane]
    ) -> None:
        made[0].closing = asyncio.Event()
        directory.nodes[:] = [FakeNode("b:1")]
        lanes.suspect()
        await asyncio.sleep(FINDING_PACE_S)
        loop.call_later(0.1, made[0].closing.set)
        await lanes.aclose()
        assert directory.is_closed
        assert not lanes.by_name

    tell(story, "a:1")
