"""One whole answer that several wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.coordinator.kept_answer import KeptAnswer, kept_from, read, written
from engine.coordinator.shared_answer import SharedAnswer
from engine.errors import Refused
from engine.exchange import Reply
from tests.engine.coordinator.fake_answers import FakeAnswers
from tests.leaping import LeapingLoop, leap

BODY = b"{}"


class World:
    """A server that takes a second, and a store."""

    def __init__(self, loop: LeapingLoop) -> None:
        self.store = FakeAnswers(loop)
        self.made = self.overs = 0
        self.is_kept = True

    async def make(self) -> Reply:
        """Make an answer."""
        self.made += 1
        await asyncio.sleep(1)
        return Reply("m", "e", body=BODY)

    def shared(self, fetch: Callable[..., Awaitable[bytes]] | None = None) -> SharedAnswer:
        """Return an answer that several may wait for."""

        def pack(reply: Reply, answer: KeptAnswer) -> bytes | None:
            return written(answer) if self.is_kept else None

        def over(shared: SharedAnswer) -> None:
            self.overs += 1

        return SharedAnswer(
            make=self.make,
            fetch=fetch or (lambda produce: self.store.fetch("k", produce, 60, 0)),
            keep=lambda reply: kept_from(reply, [reply.body], 0.0),
            pack=pack,
            over=over,
        )


def run(work: Callable[[World], Awaitable[None]]) -> None:
    """Run `work` in virtual time; fail where a task stays."""

    async def main(loop: LeapingLoop) -> None:
        await work(World(loop))

    leap(main)


@pytest.mark.parametrize("is_kept", [True, False])
def test_all_get_the_same(is_kept: bool):
    """It is made once, and kept where it may be."""

    async def work(world: World) -> None:
        world.is_kept = is_kept
        shared = world.shared()
        found = await asyncio.gather(*(shared.outcome() for _ in range(3)))
        assert [each.pieces for each in found] == [[BODY]] * 3
        assert shared.reply is not None
        assert (world.made, world.overs) == (1, 1)
        assert (read(await world.store.get("k")) is not None) is is_kept

    run(work)


def test_what_the_store_has_is_not_made():
    """Where another process has made it, there is no reply of this one."""

    async def work(world: World) -> None:
        await world.shared().outcome()
        shared = world.shared()
        assert (await shared.outcome()).pieces == [BODY]
        assert shared.reply is None
        assert world.made == 1

    run(work)


def test_what_the_store_has_spoilt_is_made():
    """Bytes that are no answer are passed over."""

    async def work(world: World) -> None:
        await world.store.put("k", b"spoilt", 60)
        shared = world.shared()
        assert (await shared.outcome()).pieces == [BODY]
        assert shared.reply is not None

    run(work)


def test_one_that_begins_while_another_is_given_up_goes_on():
    """The store may still be making it for those who have left: then it is asked again."""

    async def work(world: World) -> None:
        first = world.shared()
        leaving = asyncio.create_task(first.outcome())
        await asyncio.sleep(0.5)
        leaving.cancel()
        second = world.shared()
        assert (await second.outcome()).pieces == [BODY]
        assert world.made == 2

    run(work)


def test_the_wait_for_the_store_can_be_given_up():
    """Where another process makes it and nobody waits here any more, nothing is left behind."""

    async def work(world: World) -> None:
        async def never(produce: object) -> bytes:
            await asyncio.sleep(1e6)
            raise AssertionError

        shared = world.shared(never)
        leaving = asyncio.create_task(shared.outcome())
        await asyncio.sleep(0.5)
        leaving.cancel()
        await asyncio.wait({leaving})

    run(work)


@pytest.mark.parametrize("after_s", [0.0, 0.5])
def test_closing_tells_who_waits(after_s: float):
    """Whoever waits gets an error of ours, at whatever stage it was."""

    async def work(world: World) -> None:
        shared = world.shared()
        waiting = asyncio.create_task(shared.outcome())
        await asyncio.sleep(after_s)
        await shared.aclose()
        with pytest.raises(Refused, match="ask again"):
            await waiting
        await asyncio.sleep(0.1)  # what the store had begun to make
        assert world.made == (after_s > 0)

    run(work)
