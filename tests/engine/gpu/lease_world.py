"""A machine with cards, processes and model servers that a test moves, and its desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import EngineError
from engine.gpu.cards import (
    Card,
    CardNow,
    CardProcess,
    CardReading,
    CardState,
    ProcessFacts,
    Vendor,
)
from engine.gpu.lease_desk import LeaseDesk
from engine.gpu.lease_notes import MIGRATIONS
from engine.gpu.loaded_models import LoadedModel
from engine.gpu.outside import LeaseOutside, Lending
from engine.gpu.ports import LeaseShare
from engine.gpu.settings import ResourceSettings
from engine.storage import Database
from tests.leaping import LeapingLoop, leap

ResultT = TypeVar("ResultT")
STARTED_S = 1_700_000_000.0


class FakeBook:
    """Processes that a test starts and ends; it knows its own."""

    def __init__(self) -> None:
        import os

        self.own = os.getpid()
        self.running: dict[int, ProcessFacts] = {}
        self.parents: dict[int, int] = {}
        self.start(self.own)

    def start(self, pid: int, *, parent: int | None = None, started_s: float = STARTED_S) -> None:
        """Let a process begin."""
        self.running[pid] = ProcessFacts(f"program {pid}", "user", started_s)
        if parent is not None:
            self.parents[pid] = parent

    def facts(self, pid: int) -> ProcessFacts | None:
        return self.running.get(pid)

    def parent(self, pid: int) -> int | None:
        return self.parents.get(pid)


class FakeServers:
    """Model servers; what is unloaded is gone at once unless they refuse."""

    def __init__(self) -> None:
        self.models: list[LoadedModel] = []
        self.unloaded: list[str] = []
        self.looks = 0
        self.refusal: EngineError | None = None
        self.on_unload: Callable[[LoadedModel], None] = lambda model: None
        self.is_closed = False

    async def loaded(self) -> tuple[LoadedModel, ...]:
        self.looks += 1
        return tuple(self.models)

    async def unload(self, model: LoadedModel) -> None:
        self.unloaded.append(model.name)
        if self.refusal is not None:
            raise self.refusal
        self.on_unload(model)

    async def aclose(self) -> None:
        self.is_closed = True


class FakeSource:
    """Where the cards are read."""

    def __init__(self) -> None:
        self.has_looked = True
        self.trouble: str | None = None
        self.hurried_s = 0.0
        self.silent: set[str] = set()

    def problem(self) -> str | None:
        return self.trouble

    def silent_ids(self) -> frozenset[str]:
        return frozenset(self.silent)

    def hurry(self, for_s: float) -> None:
        self.hurried_s = max(self.hurried_s, for_s)


class World:
    """The machine, and its desk."""

    def __init__(
        self,
        loop: LeapingLoop,
        *mib: int,
        data: Path | None = None,
        share: LeaseShare | None = None,
        **settings: Any,
    ) -> None:
        self.loop = loop
        self.settings = ResourceSettings(**({"margin_share": 0.0} | settings))
        self.book, self.servers, self.source = FakeBook(), FakeServers(), FakeSource()
        self.cards = {
            f"card-{number}": CardNow(
                Card(f"card-{number}", "Fake", Vendor.NVIDIA, number, memory_total_mib=size),
                CardReading(memory_used_mib=0, processes=()),
                age_s=0.0,
            )
            for number, size in enumerate(mib)
        }
        self.database = None if data is None else Database(data, migrations=MIGRATIONS)
        lending = Lending(servers=self.servers, database=self.database, share=share)
        outside = LeaseOutside(source=self.source, processes=self.book, clock=loop, lending=lending)
        self.desk = LeaseDesk(settings=lambda: self.settings, outside=outside)

    def read(self) -> None:
        """Let the desk see the cards as they are."""
        self.desk.see(tuple(self.cards.values()))

    def use(self, card_id: str, *processes: tuple[int, int], foreign_mib: int = 0) -> None:
        """Let processes use so much of a card, and others beside them, and let the desk see it."""
        listed = tuple(CardProcess(pid, mib) for pid, mib in processes)
        if foreign_mib:
            listed += (CardProcess(99_999, foreign_mib),)
        used_mib = foreign_mib + sum(mib for _, mib in processes)
        reading = CardReading(memory_used_mib=used_mib, processes=listed)
        self.cards[card_id] = replace(self.cards[card_id], reading=reading)
        self.read()

    def lose(self, card_id: str) -> None:
        """Let a card fall off the bus."""
        self.cards[card_id] = replace(self.cards[card_id], state=CardState.LOST, reason="lost")
        self.read()


@asynccontextmanager
async def opened(world: World) -> AsyncIterator[World]:
    """Open the desk, which sees the cards, and close it."""
    if world.cards:
        world.read()
    await world.desk.open()
    try:
        yield world
    finally:
        await world.desk.aclose()


def in_world(
    work: Callable[[World], Awaitable[ResultT]],
    mib: Sequence[int] = (10_000,),
    *,
    data: Path | None = None,
    **settings: Any,
) -> ResultT:
    """Return what `work` returns on a machine with cards of so many MiB, in virtual time."""

    async def run(loop: LeapingLoop) -> ResultT:
        async with opened(World(loop, *mib, data=data, **settings)) as world:
            return await work(world)

    return leap(run)
