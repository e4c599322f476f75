from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.ports import Put, Raise, Remove
from engine.cache.second_tier import START_LIMIT_S, SecondTier
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import CacheState
from engine.errors import OutsideError, Refused, Unreachable
from tests.engine.cache.fake_node import GONE, FakeDirectory, FakeNode
from tests.leaping import LeapingLoop, leap

PATIENCE_S = 100.0
DEADLINE_S = 0.05


class Owner:
    """Who owns the tier: hears what it tells and restores the nodes."""

    def __init__(self) -> None:
        self.invalidated: list[Sequence[bytes] | None] = []
        self.restored: list[bool] = []
        self.restoring: Callable[[], Awaitable[None]] | None = None
        self.told = 0
        self._told = asyncio.Event()

    async def restore(self, has_lost_data: bool) -> None:
        self.restored.append(has_lost_data)
        if self.restoring is not None:
            await self.restoring()

    def hear(self) -> None:
        self.told += 1
        self._told.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is told after which `is_so()`."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._told.clear()
                await self._told.wait()


Story = Callable[[LeapingLoop, FakeDirectory, SecondTier, Owner], Awaitable[None]]


def tell(story: Story, directory: FakeDirectory | None = None, *, is_started: bool = True) -> None:
    """Run `story` with a tier that was started; it is closed at the end."""

    async def run(loop: LeapingLoop) -> None:
        owner, used = Owner(), directory or FakeDirectory()
        tier = SecondTier(
            directory=used,
            settings=CacheSettings(),
            clock=loop,
            random=Random(1),
            invalidated=owner.invalidated.append,
            restored=owner.restore,
            tell=owner.hear,
        )
        try:
            if is_started:
                await tier.start()
            await story(loop, used, tier, owner)
        finally:
            await tier.aclose()

    leap(run)


async def failure(future: Awaitable[Any]) -> OutsideError:
    """Return what `future` fails with."""
    with pytest.raises(OutsideError) as caught:
        await future
    return caught.value


def answers(tier: SecondTier, name: str = "fake:1") -> bool:
    """Return whether the node `name` is asked and does all it should."""
    return any(node.name == name and node.problem is None for node in tier.status())


def two_nodes() -> FakeDirectory:
    return FakeDirectory([FakeNode("a:1"), FakeNode("b:1")])


def test_started_tier_reads_and_writes():
    """After the start values are written, read and counted, and the state says so."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        assert tier.condition() == (CacheState.REDIS, "Redis at fake answers.")
        assert await tier.write(Put(b"a", b"1", 1000)) == 1
        assert await tier.write(Raise(b"n")) == 1
        assert await tier.read(b"a") == b"1"
        assert await tier.read(b"b") is None
        assert answers(tier)
        assert owner.restored == [False]
        assert [node.name for node in tier.status()] == ["fake:1"]

    tell(story)


def test_questions_go_to_the_node_that_has_the_key():
    """Each node gets the questions about its keys, of one tick in one batch."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        first, second = directory.nodes
        first.log.clear()
        second.log.clear()
        await asyncio.gather(*[tier.read(key) for key in (b"a:1x", b"b:1x", b"a:1y", b"b:1y")])
        assert first.log == [[b"a:1x", b"a:1y"]]
        assert second.log == [[b"b:1x", b"b:1y"]]

    tell(story, two_nodes())


@pytest.mark.parametrize("what", ["opening", "reading"])
def test_start_does_not_wait_for_a_frozen_server(what: str):
    """The start returns soon though a node hangs; who asks meanwhile is told at once."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        began_s = loop.time()
        await tier.start()
        assert loop.time() - began_s <= START_LIMIT_S + 1e-6
        began_s = loop.time()
        assert isinstance(await failure(tier.read(b"a")), Unreachable)
        assert loop.time() == began_s
        setattr(directory.nodes[0], what, None)
        await owner.until(lambda: tier.condition()[0] is CacheState.REDIS)

    node = FakeNode(**{what: asyncio.Event()})  # type: ignore[arg-type]  # a test's shorthand
    tell(story, FakeDirectory([node]), is_started=False)


def test_absent_server_is_known_at_once():
    """The start returns as soon as it is known that nobody answers, with the reason."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        began_s = loop.time()
        await tier.start()
        assert loop.time() == began_s
        state, reason = tier.condition()
        assert state is CacheState.MEMORY
        assert reason == "Nobody listens there."
        directory.nodes[0].opening = None
        await owner.until(lambda: tier.condition()[0] is CacheState.REDIS)

    node = FakeNode(opening=Unreachable("nobody listens there"))
    tell(story, FakeDirectory([node]), is_started=False)


@pytest.mark.parametrize("finding", [Unreachable("no Sentinel answers"), asyncio.Event])
def test_directory_that_fails_is_asked_again(finding: Any):
    """Where it is not known which servers there are, the state says why, until it is known."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        directory.finding = finding() if isinstance(finding, type) else finding
        await tier.start()
        assert tier.condition()[0] is CacheState.MEMORY
        await failure(tier.write(Remove(b"a")))
        assert not answers(tier)
        assert tier.status() == ()
        await asyncio.sleep(30)
        assert 5 < directory.asked < 40
        assert tier.condition()[1] != ""
        directory.finding = None
        await owner.until(lambda: tier.condition()[0] is CacheState.REDIS)

    tell(story, is_started=False)


def test_no_node_at_all_is_a_problem():
    """A directory that names nobody leaves everything in this process, and says so."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        state, reason = tier.condition()
        assert state is CacheState.MEMORY
        assert "names no server" in reason
        await failure(tier.read(b"a"))
        directory.nodes.append(FakeNode())
        await owner.until(lambda: tier.condition()[0] is CacheState.REDIS)

    tell(story, FakeDirectory([]))


def test_lost_node_comes_back_restored():
    """A node that went is asked again soon, and restored before callers reach it."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        node = directory.nodes[0]
        node.identity, node.opening = "second", GONE
        node.lost("it went")
        assert tier.condition()[0] is CacheState.MEMORY
        assert owner.invalidated == [None]
        await asyncio.sleep(3)
        order: list[str] = []

        async def restore() -> None:
            order.append("restored")
            assert await tier.write(Put(b"a", b"1", 1000)) == 1
            assert tier.condition()[0] is CacheState.DEGRADED

        owner.restoring = restore
        node.opening = None
        await owner.until(lambda: tier.condition()[0] is CacheState.REDIS)
        assert owner.restored == [False, True]
        assert order == ["restored"]
        assert await tier.read(b"a") == b"1"

    tell(story)


def test_one_node_of_two_down_is_degraded():
    """Keys of a node that answers are not touched by another that does not."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        second = directory.nodes[1]
        second.opening = GONE
        second.lost("the second went")
        state, reason = tier.condition()
        assert state is CacheState.DEGRADED
        assert reason.startswith("1 of 2 servers: the second went")
        assert await tier.read(b"a:1") is None
        assert isinstance(await failure(tier.read(b"b:1")), Unreachable)
        assert (answers(tier, "a:1"), answers(tier, "b:1")) == (True, False)

    tell(story, two_nodes())


def test_nodes_are_restored_one_after_the_other():
    """Two nodes that come back at once are not restored at once."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        running: list[int] = [0]

        async def restore() -> None:
            running[0] += 1
            assert running[0] == 1
            await asyncio.sleep(0.1)
            running[0] -= 1

        owner.restoring = restore
        await tier.start()
        await owner.until(lambda: tier.condition()[0] is CacheState.REDIS)
        assert owner.restored == [False, False]

    tell(story, two_nodes(), is_started=False)


def test_failover_moves_to_the_new_node():
    """A node that turned read-only is given up for the one that the directory names then."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        old, new = directory.nodes[0], FakeNode("other:1")
        old.refusing = Refused("it is a replica")
        directory.nodes[:] = [new]
        # Until the directory was asked again the old name is not known either.
        await failure(tier.write(Put(b"a", b"1", 1000)))
        await owner.until(lambda: answers(tier, "other:1"))
        assert await tier.write(Put(b"a", b"1", 1000)) == 1
        assert owner.restored == [False, True]
        assert owner.invalidated == [None]
        assert old.closed
        assert [node.name for node in tier.status()] == ["other:1"]

    tell(story)


def test_refused_write_has_the_directory_asked():
    """A refusal is a reason to look who is in charge, though not with every write."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        asked = directory.asked
        directory.nodes[0].refusing = Refused("it is a replica")
        for _ in range(100):
            await failure(tier.write(Put(b"a", b"1", 1000)))
            await asyncio.sleep(0.01)
        assert asked < directory.asked < asked + 8
        assert tier.condition() == (CacheState.DEGRADED, "It is a replica.")

    tell(story)


def test_node_that_leaves_and_returns_is_opened_again():
    """A node is used again after the directory left it out for a while."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        first, second = directory.nodes
        directory.nodes[:] = [first]
        second.opening = GONE
        second.lost("it went")
        await owner.until(lambda: len(tier.status()) == 1)
        assert tier.condition()[0] is CacheState.REDIS
        second.opening = None
        directory.nodes[:] = [first, second]
        await failure(tier.read(b"b:1"))  # what nobody is known for is looked for
        await owner.until(lambda: answers(tier, "b:1"))
        assert await tier.read(b"b:1") is None

    tell(story, two_nodes())


def test_reconnect_waits_for_the_outcome():
    """Reconnecting tries at once and returns when it is known what became of it."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        await asyncio.sleep(30)
        assert tier.condition()[0] is CacheState.MEMORY
        directory.nodes[0].opening = None
        began_s = loop.time()
        await tier.reconnect()
        assert tier.condition()[0] is CacheState.REDIS
        assert loop.time() - began_s <= START_LIMIT_S

    tell(story, FakeDirectory([FakeNode(opening=GONE)]))


def test_reconnect_gives_up_waiting():
    """Reconnecting to a frozen server returns soon."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        began_s = loop.time()
        await tier.reconnect()
        assert loop.time() - began_s <= START_LIMIT_S + 1e-6
        assert tier.condition()[0] is CacheState.MEMORY

    tell(story, FakeDirectory([FakeNode(opening=asyncio.Event())]))


def test_closed_tier_refuses_at_once():
    """After the end every question fails at once; nodes and directory are closed."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        directory.nodes[0].reading = asyncio.Event()
        waiting = tier.read(b"a")
        await asyncio.sleep(0)
        await tier.aclose()
        for future in (waiting, tier.read(b"a"), tier.write(Remove(b"a"))):
            assert "not used any more" in str(await failure(future))
        assert directory.is_closed
        assert owner.invalidated == [None]
        assert tier.condition()[0] is CacheState.MEMORY

    tell(story)


def test_tier_that_was_never_started_refuses():
    """Questions before the start fail at once; closing is safe."""

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        assert isinstance(await failure(tier.read(b"a")), Unreachable)
        assert tier.condition()[0] is CacheState.MEMORY

    tell(story, is_started=False)


def test_closing_does_not_wait_for_a_hanging_directory():
    """A find() or close() that hangs does not keep the tier from closing, and leaves no task."""

    class Stuck(FakeDirectory):
        async def close(self) -> None:
            await asyncio.Event().wait()

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        directory.finding = asyncio.Event()
        tier.write(Remove(b"a"))
        await tier.reconnect()
        began_s = loop.time()
        await tier.aclose()
        assert loop.time() - began_s < 2.0

    tell(story, Stuck())


class Chaos:
    """What may happen to two nodes, in any order, while callers ask."""

    def __init__(self, loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier) -> None:
        self._loop = loop
        self._tier = tier
        self._nodes = directory.nodes
        self._spare = [FakeNode("a:1"), FakeNode("b:1")]
        self._asked: list[asyncio.Task[float]] = []

    async def ask(self, which: int) -> None:
        """Ask, and go on before there is an answer."""
        self._asked.append(asyncio.create_task(self._stall_s(self._nodes[which].name.encode())))
        await asyncio.sleep(0)

    async def freeze(self, which: int) -> None:
        self._nodes[which].reading = self._nodes[which].writing = asyncio.Event()

    async def freeze_opening(self, which: int) -> None:
        self._nodes[which].opening = asyncio.Event()

    async def heal(self, which: int) -> None:
        node = self._nodes[which]
        node.opening = node.reading = node.writing = node.closing = node.refusing = None

    async def lose(self, which: int) -> None:
        if (lost := self._nodes[which].lost) is not None:
            lost("it went")

    async def fail(self, which: int) -> None:
        self._nodes[which].reading = self._nodes[which].opening = GONE

    async def refuse(self, which: int) -> None:
        self._nodes[which].refusing = Refused("no")

    async def swap(self, which: int) -> None:
        """Let another server take the name."""
        self._nodes[which], self._spare[which] = self._spare[which], self._nodes[which]

    async def wait(self, which: int) -> None:
        await asyncio.sleep((0.03, 3.0)[which])

    async def end_well(self) -> list[float]:
        """Let everything be well for a while; return how long each caller had to wait."""
        for _ in range(2):
            for which in (0, 1):
                await self.heal(which)
                await self.swap(which)
        for which in (0, 1, 0, 1):  # what is asked has the directory's changes noticed
            await self.ask(which)
            await asyncio.sleep(10)
        return await asyncio.gather(*self._asked)

    async def _stall_s(self, key: bytes) -> float:
        began_s, tier = self._loop.time(), self._tier
        tier.read(key).cancel()
        futures = [tier.read(key), tier.write(Put(key, b"1", 1000)), tier.read(key)]
        answers = await asyncio.gather(*futures, return_exceptions=True)
        assert all(
            isinstance(answer, (bytes, int, OutsideError)) or answer is None for answer in answers
        )
        return self._loop.time() - began_s


EVENTS = ["ask", "freeze", "freeze_opening", "heal", "lose", "fail", "refuse", "swap", "wait"]


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 1)), max_size=25))
def test_no_question_outlives_its_deadline_whatever_happens(events: list[tuple[str, int]]):
    """Whatever happens in whatever order, callers wait no longer than the deadline.

    They see no other error than OutsideError, and when all is well again every key is answered.
    """

    async def story(
        loop: LeapingLoop, directory: FakeDirectory, tier: SecondTier, owner: Owner
    ) -> None:
        chaos = Chaos(loop, directory, tier)
        for what, which in events:
            await getattr(chaos, what)(which)
        assert all(stall_s <= DEADLINE_S + 1e-6 for stall_s in await chaos.end_well())
        for key in (b"a:1", b"b:1"):
            assert await tier.write(Put(key, b"1", 1000)) == 1
            assert await tier.read(key) == b"1"
        assert tier.condition()[0] is CacheState.REDIS

    tell(story, two_nodes())
