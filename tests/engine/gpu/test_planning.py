"""What would fit, from the file to the cards as they are now."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.errors import Unreachable
from engine.gpu.estimate import CONTEXT_MIB, Load, estimate
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.planner import Verdict
from tests.engine.gpu.gguf_files import LLAMA, written
from tests.engine.gpu.lease_world import World, in_world


def test_a_lease_that_is_held_takes_room_from_the_plan(tmp_path: Path):
    """What fits on an empty card waits for others on a full one."""
    path = written(tmp_path / "model.gguf", LLAMA)

    async def work(world: World) -> list[Verdict]:
        before = await world.desk.planned(path, Load(1024))
        lease = await world.desk.allocate(LeaseOrder(9_900))
        await asyncio.sleep(0.1)
        after = await world.desk.planned(path, Load(1024))
        assert lease.is_held
        terms = estimate(before.shape, Load(1024)).terms
        told = sum(term.mib for term in terms if term.name != "spare") - CONTEXT_MIB
        assert before.told_mib == told
        return [each.options[0].verdict for each in (before, after)]

    assert in_world(work) == [Verdict.FITS, Verdict.WHEN_OTHERS_LEAVE]


def test_without_cards_there_are_no_options(tmp_path: Path):
    """The model is described all the same."""
    path = written(tmp_path / "model.gguf", LLAMA)

    async def work(world: World) -> None:
        found = await world.desk.planned(path, Load())
        assert (found.options, found.told_mib) == ((), None)
        assert found.shape.layers

    in_world(work, ())


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path):
    """The error names it."""

    async def work(world: World) -> None:
        with pytest.raises(Unreachable, match=r"nothing\.gguf"):
            await world.desk.planned(tmp_path / "nothing.gguf", Load())
        with pytest.raises(Unreachable):
            await world.desk.planned(tmp_path / "nothing", Load())

    in_world(work)
