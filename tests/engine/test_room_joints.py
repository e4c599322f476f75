"""Models of this application hold leases as everybody else does, and leave for others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import Overloaded, Rejected
from engine.gpu.estimate import CONTEXT_MIB
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.leases import Ending, Priority
from engine.model_room import FileLoad, Stay
from engine.room_joints import LEASE_S, LeasedRoom
from tests.engine.gpu.gguf_files import LLAMA, written
from tests.engine.gpu.lease_world import World, in_world
from tests.engine.model_tenants import WISH, FakeTenant

TOLD_MIB = 1050 + CONTEXT_MIB
"""What WISH comes to: five per cent for what no formula knows, and the driver's context."""


class House:
    """Room on the cards of a world, for one model."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tenant = FakeTenant()
        self.stays: list[Stay] = []
        self.room = LeasedRoom(
            world.desk, cards=world.cards.values, settings=lambda: world.settings
        )
        self.room.open()

    async def moved_in(self) -> Stay:
        """Let the model move in."""
        self.stays.append(await self.room.hold(WISH, self.tenant))
        return self.stays[-1]

    @property
    def held(self) -> list[str]:
        """The names of what is held."""
        return [view.name for view in self.world.desk.snapshot().held]

    def want(self, mib: int, priority: Priority = Priority.LOW) -> asyncio.Task[object]:
        """Let somebody wait for memory, who then holds it for a while."""

        async def holder() -> None:
            order = LeaseOrder(vram_mib=mib, priority=priority, name="Training")
            async with await self.world.desk.allocate(order):
                await asyncio.sleep(60)

        return asyncio.create_task(holder())


def in_house(
    work: Callable[[House], Awaitable[None]],
    mib: tuple[int, ...] = (10_000,),
    *,
    data: Path | None = None,
    **settings: object,
) -> None:
    """Run `work` in virtual time on a machine with such cards."""

    async def run(world: World) -> None:
        house = House(world)
        await work(house)
        for stay in house.stays:
            stay.release()
        await asyncio.sleep(0.1)

    in_world(run, mib, data=data, **settings)


def test_a_model_holds_a_lease_that_everybody_sees():
    """Name, size, priority, model and process are told; where it is, the model is told."""

    async def work(house: House) -> None:
        stay = await house.moved_in()
        (view,) = house.world.desk.snapshot().held
        assert (view.name, view.vram_mib, view.priority) == ("Whisper base", TOLD_MIB, 2)
        assert (view.model, view.pid) == (WISH.model, house.world.book.own)
        assert stay.card is not None
        assert (stay.card.name, stay.card.pci_address) == ("Fake", None)
        assert stay.card.environment["CUDA_VISIBLE_DEVICES"] == "0"
        stay.release()
        stay.release()
        await asyncio.sleep(0.1)
        (ended,) = house.world.desk.snapshot().ended
        assert (ended.name, ended.ending) == ("Whisper base", Ending.RELEASED)
        assert house.tenant.left == []

    in_house(work)


def test_it_lasts_as_long_as_the_model_stays():
    """The lease is renewed, and signs of life are given, for hours."""

    async def work(house: House) -> None:
        stay = await house.moved_in()
        await asyncio.sleep(10 * LEASE_S)
        assert house.held == ["Whisper base"]
        assert house.tenant.left == []
        stay.release()

    in_house(work)


def test_without_room_in_time_it_is_refused_and_waits_no_more():
    """What was missing, for how long it was waited, and what helps are told."""

    async def work(house: House) -> None:
        other = house.want(9_000, Priority.URGENT)
        await asyncio.sleep(1)
        with pytest.raises(Overloaded, match=rf"{TOLD_MIB} MiB free within 15 s: end a lease"):
            await house.moved_in()
        assert house.world.desk.snapshot().queue == ()
        other.cancel()

    in_house(work)


def test_what_can_never_fit_is_refused_at_once():
    """Nobody waits for what no card has."""

    async def work(house: House) -> None:
        with pytest.raises(Rejected, match="largest that can ever fit is 1000 MiB"):
            await house.moved_in()

    in_house(work, (1000,))


def test_who_stops_to_wait_holds_nothing():
    """A caller who is cancelled leaves neither a lease nor a request."""

    async def work(house: House) -> None:
        other = house.want(9_000, Priority.URGENT)
        await asyncio.sleep(1)
        asking = asyncio.create_task(house.moved_in())
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.wait({asking})
        await asyncio.sleep(0.1)
        assert house.world.desk.snapshot().queue == ()
        assert house.held == ["Training"]
        other.cancel()

    in_house(work)


def test_a_card_that_nobody_sees_is_not_shared_out():
    """CUDA may know a card where NVML is missing: the model is loaded as before."""

    async def work(house: House) -> None:
        stay = await house.moved_in()
        assert stay.card is None
        stay.release()

    in_house(work, ())


def test_until_it_is_open_nobody_gives_leases_out():
    """A command that runs one engine alone waits for nobody."""

    async def work(house: House) -> None:
        room = LeasedRoom(house.world.desk, cards=lambda: (), settings=lambda: house.world.settings)
        stay = await room.hold(WISH, house.tenant)
        assert (stay.card, house.held) == (None, [])

    in_house(work)


def test_something_more_important_makes_it_leave():
    """It is asked to, leaves, and the memory is the other's."""

    async def work(house: House) -> None:
        await house.moved_in()
        await asyncio.sleep(20)
        urgent = house.want(9_500, Priority.URGENT)
        await asyncio.sleep(15)
        assert house.tenant.left == ["asked to leave for Training"]
        assert house.held == ["Training"]
        urgent.cancel()

    in_house(work)


def test_an_idle_model_leaves_for_anybody_who_waits():
    """Nobody waits for a model that nobody uses, however little he matters."""

    async def work(house: House) -> None:
        await house.moved_in()
        house.tenant.idle = 11.0
        await asyncio.sleep(30)
        assert house.held == ["Whisper base"]
        other = house.want(9_000)
        await asyncio.sleep(5)
        assert house.tenant.left == ["made room for Training"]
        assert house.held == ["Training"]
        other.cancel()

    in_house(work)


@pytest.mark.parametrize(
    ("idle_s", "mib", "settings"),
    [
        pytest.param(0.0, 9_000, {}, id="it works"),
        pytest.param(9.0, 9_000, {}, id="it has only just worked"),
        pytest.param(60.0, 9_000, {"unload_idle_models": False}, id="the user wants it to stay"),
        pytest.param(60.0, 9_900, {}, id="that would not be enough"),
    ],
)
def test_a_model_stays_where_leaving_is_not_due(
    idle_s: float, mib: int, settings: dict[str, object]
):
    """A model that is used, or whose room is of no use, is left where it is."""

    async def work(house: House) -> None:
        await house.moved_in()
        foreign = 200 if mib > 9_500 else 0
        house.world.use("card-0", foreign_mib=foreign)
        house.tenant.idle = idle_s
        other = house.want(mib)
        await asyncio.sleep(30)
        assert (house.tenant.left, house.held) == ([], ["Whisper base"])
        other.cancel()

    in_house(work, **settings)


def test_it_stays_where_another_card_has_room():
    """Whoever finds room elsewhere sends nobody away."""

    async def work(house: House) -> None:
        await house.moved_in()
        house.tenant.idle = 60.0
        other = house.want(9_000)
        await asyncio.sleep(5)
        assert (house.tenant.left, len(house.held)) == ([], 2)
        other.cancel()

    in_house(work, (10_000, 10_000))


def test_a_model_file_is_reckoned_by_its_header(tmp_path: Path):
    """The lease has the size that the planner tells, and belongs to the process that loads it."""
    path = written(tmp_path / "llama.gguf", LLAMA, weights_bytes=5 << 20)

    async def work(house: House) -> None:
        house.world.book.start(4_242, parent=house.world.book.own)
        needs = FileLoad(path, context_tokens=4096, slots=2)
        wish = replace(WISH, name="built-in", needs=needs, pid=4_242)
        stay = await house.room.hold(wish, house.tenant)
        (view,) = house.world.desk.snapshot().held
        # 6 of weights, 1024 of keys and values (8192 tokens), 259 of logits; 5 %; the driver.
        assert (view.vram_mib, view.pid) == (1811, 4_242)
        stay.release()
        await asyncio.sleep(0.1)

    in_house(work)


def test_peaks_that_were_seen_correct_the_size(tmp_path: Path):
    """A model that took more than the formula said is given more the next time."""

    async def work(house: House) -> None:
        own = house.world.book.own
        stay = await house.moved_in()
        for used_mib in (500, 1_200 + CONTEXT_MIB):
            await asyncio.sleep(3)
            house.world.use("card-0", (own, used_mib))
        stay.release()
        house.world.use("card-0")
        await asyncio.sleep(3)
        await house.moved_in()
        assert [view.vram_mib for view in house.world.desk.snapshot().held] == [1200 + CONTEXT_MIB]

    in_house(work, data=tmp_path / "gpu.sqlite")
