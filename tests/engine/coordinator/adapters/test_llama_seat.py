"""Where the built-in model computes, with stand-ins for its process and for graphics cards."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.coordinator.adapters.llama_process import LlamaProcess
from engine.coordinator.adapters.llama_seat import NAME, Seat, Usher
from engine.coordinator.embedded_model import CONTEXT_TOKENS, SLOTS, child_job
from engine.errors import Overloaded, Unreachable
from engine.model_room import FileLoad, RoomCard
from tests.engine.model_tenants import FakeTenant
from tests.engine.voice.card_doubles import FakeRoom

PROGRAM = """
import json, pathlib, sys
line = sys.stdin.readline()
job = json.loads(line)
with pathlib.Path({note!r}).open("a") as out:
    out.write(line)
if job.get("look"):
    print(json.dumps({{"devices": {devices}}}), flush=True)
elif job["gpu_layers"] and {is_broken}:
    sys.exit("CUDA error: out of memory")
else:
    print(json.dumps({{"url": "http://127.0.0.1:9"}}), flush=True)
    sys.stdin.read()
"""
MODEL = Path("/models/tiny.gguf")


class World:
    """Somebody who shows processes to their places; who gives room on cards."""

    def __init__(self, folder: Path, *, devices: str, is_broken: bool) -> None:
        self.note = folder / "note"
        self.note.write_text("")
        program = PROGRAM.format(note=str(self.note), devices=devices, is_broken=is_broken)
        self.command = (sys.executable, "-c", program)
        self.room, self.tenant = FakeRoom(), FakeTenant()
        self.usher = Usher(room=self.room, command=self.command, tenant=self.tenant)
        self.processes: list[LlamaProcess] = []

    async def start(self, layers: int) -> Seat:
        """Start a process and return where it computes."""
        process = LlamaProcess(self.command, ended=lambda reason: None)
        self.processes.append(process)
        job = child_job(MODEL, key="k", threads=1)
        url, seat = await self.usher.start(process, job, layers)
        assert url == "http://127.0.0.1:9"
        return seat

    @property
    def jobs(self) -> list[dict[str, object]]:
        """What processes were told, the first first."""
        return [json.loads(line) for line in self.note.read_text().splitlines()]


def in_world(
    folder: Path,
    work: Callable[[World], Awaitable[None]],
    *,
    devices: str = '["CUDA0"]',
    is_broken: bool = False,
) -> None:
    """Run `work` and end every process."""

    async def main() -> None:
        world = World(folder, devices=devices, is_broken=is_broken)
        try:
            await work(world)
        finally:
            for process in world.processes:
                await process.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_where_nobody_wants_a_card_nothing_is_asked(tmp_path: Path):
    """By default it computes on the CPU: no look at cards, no room, nothing to tell."""

    async def work(world: World) -> None:
        seat = await world.start(0)
        assert (seat.stay, seat.note, world.room.wishes) == (None, "", [])
        (job,) = world.jobs
        assert (job["gpu_layers"], job["environment"]) == (0, {})

    in_world(tmp_path, work)


def test_room_is_asked_for_its_process_before_the_model_is_loaded(tmp_path: Path):
    """By the file and its context, for the pid that will hold it; it sees that card alone."""

    async def work(world: World) -> None:
        card = RoomCard("RTX 4090", "0000:01:00.0", {"CUDA_VISIBLE_DEVICES": "1"})
        hold = world.room.given

        def given(*asked: object) -> object:
            assert [job.get("gpu_layers") for job in world.jobs] == [None]
            stay = hold(*asked)  # type: ignore[arg-type]
            stay.card = card
            return stay

        world.room.given = given  # type: ignore[method-assign, assignment]
        seat = await world.start(99)
        (wish,) = world.room.wishes
        process = world.processes[0]._process
        assert process is not None
        assert (wish.name, wish.pid, wish.priority) == (NAME, process.pid, "normal")
        assert wish.needs == FileLoad(MODEL, CONTEXT_TOKENS, SLOTS)
        assert world.room.tenants == [world.tenant]
        job = world.jobs[-1]
        assert (job["gpu_layers"], job["environment"]) == (99, {"CUDA_VISIBLE_DEVICES": "1"})
        assert seat.note == "on RTX 4090"

    in_world(tmp_path, work)


def test_the_room_is_given_back_once_the_process_has_ended(tmp_path: Path):
    """Never before: the memory is in use until then."""

    async def work(world: World) -> None:
        seat = await world.start(99)
        process = world.processes[0]
        stay = world.room.stays[0]
        release = stay.release

        def released() -> None:
            assert process.has_ended.is_set()
            release()

        stay.release = released  # type: ignore[method-assign]
        await seat.end(process)
        assert stay.is_released

    in_world(tmp_path, work)


def test_a_build_without_cards_asks_nobody_and_says_so(tmp_path: Path):
    """Only what llama.cpp can use is worth room; it is asked once what that is."""

    async def work(world: World) -> None:
        for _ in range(2):
            seat = await world.start(99)
            assert seat.stay is None
            assert "this build of llama.cpp can use no graphics card" in seat.note
            assert "embedded_gpu_layers to 0" in seat.note
        assert world.room.wishes == []
        assert [job.get("look", False) for job in world.jobs] == [True, False, False]
        assert [job.get("gpu_layers", 0) for job in world.jobs] == [0, 0, 0]

    in_world(tmp_path, work, devices="[]")


def test_without_room_it_computes_on_the_cpu_and_says_why(tmp_path: Path):
    """The question is answered all the same; the next start asks again."""

    async def work(world: World) -> None:
        world.room.refusal = Overloaded("no graphics card had 700 MiB free")
        seat = await world.start(99)
        assert seat.note == (
            "on the CPU: no room on a graphics card (no graphics card had 700 MiB free)"
        )
        assert world.jobs[-1]["gpu_layers"] == 0
        world.room.refusal = None
        assert (await world.start(99)).stay is not None

    in_world(tmp_path, work)


def test_a_card_on_which_it_does_not_start_is_left_alone(tmp_path: Path):
    """The room is given back; from then on it computes on the CPU, with the reason."""

    async def work(world: World) -> None:
        with pytest.raises(Unreachable, match="out of memory"):
            await world.start(99)
        assert world.room.stays[0].is_released
        seat = await world.start(99)
        assert seat.note.startswith("on the CPU: it did not start on Fake (its process ended")
        assert "out of memory" in seat.note
        assert len(world.room.wishes) == 1

    in_world(tmp_path, work, is_broken=True)


def test_who_gives_up_while_it_starts_leaves_nothing_behind(tmp_path: Path):
    """Neither a process nor room is kept for nobody."""

    async def work(world: World) -> None:
        waiting = asyncio.Event()

        async def hold(*asked: object) -> object:
            waiting.set()
            return await asyncio.Event().wait()

        world.room.hold = hold  # type: ignore[method-assign, assignment]
        starting = asyncio.create_task(world.start(99))
        await waiting.wait()
        starting.cancel()
        await asyncio.wait({starting})
        assert starting.cancelled()
        assert world.processes[0].has_ended.is_set()

    in_world(tmp_path, work)
