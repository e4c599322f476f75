"""What gives models room in graphics memory, run on each that does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from engine.model_room import ModelRoom, UnsharedRoom
from engine.room_joints import LeasedRoom
from tests.engine.gpu.lease_world import World, in_world
from tests.engine.model_tenants import WISH, FakeTenant
from tests.engine.voice.card_doubles import FakeRoom

Work = Callable[[ModelRoom], Awaitable[None]]


@pytest.fixture(params=["unshared", "leased", "leased, no cards", "fake"])
def with_room(request: pytest.FixtureRequest) -> Callable[[Work], None]:
    """Return what runs a test's work with one of them."""

    def run(work: Work) -> None:
        async def main(world: World) -> None:
            leased = LeasedRoom(
                world.desk, cards=world.cards.values, settings=lambda: world.settings
            )
            leased.open()
            rooms: dict[str, ModelRoom] = {"unshared": UnsharedRoom(), "fake": FakeRoom()}
            await work(rooms.get(request.param, leased))
            await asyncio.sleep(0.1)
            assert [each for each in world.desk.snapshot().held if each.is_held] == []

        in_world(main, () if request.param == "leased, no cards" else (10_000,))

    return run


def test_room_is_given_and_taken_back(with_room: Callable[[Work], None]):
    """Whoever gives it back is asked nothing more; twice is as good as once."""

    async def work(room: ModelRoom) -> None:
        tenant = FakeTenant()
        stay = await room.hold(WISH, tenant)
        assert stay.card is None or stay.card.name
        stay.release()
        stay.release()
        await asyncio.sleep(30)
        assert tenant.left == []

    with_room(work)


def test_it_is_given_back_from_any_thread(with_room: Callable[[Work], None]):
    """A thread that decodes gives it back without waiting for the loop."""

    async def work(room: ModelRoom) -> None:
        stay = await room.hold(WISH, FakeTenant())
        thread = threading.Thread(target=stay.release)
        thread.start()
        thread.join()
        await asyncio.sleep(0.1)

    with_room(work)


def test_several_are_held_at_once(with_room: Callable[[Work], None]):
    """Each has its own, and gives its own back."""

    async def work(room: ModelRoom) -> None:
        stays = [await room.hold(WISH, FakeTenant()) for _ in range(3)]
        assert len({id(stay) for stay in stays}) == 3
        for stay in stays:
            stay.release()

    with_room(work)


def test_a_model_that_does_nothing_stays_while_nobody_waits(with_room: Callable[[Work], None]):
    """Idle alone is no reason to leave."""

    async def work(room: ModelRoom) -> None:
        tenant = FakeTenant()
        tenant.idle = 10_000.0
        stay = await room.hold(WISH, tenant)
        await asyncio.sleep(60)
        assert tenant.left == []
        stay.release()

    with_room(work)
