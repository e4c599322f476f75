"""A card backend that a test plays, and a book of processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.errors import OutsideError
from engine.gpu.cards import (
    Card,
    CardNow,
    CardProcess,
    CardReading,
    CardState,
    Group,
    ProcessFacts,
    Vendor,
)


def card(number: int = 0) -> Card:
    """Return a card of 1000 MiB."""
    return Card(f"card-{number}", f"Card {number}", Vendor.NVIDIA, number, memory_total_mib=1000)


class ScriptedCards:
    """One card at first. Set `fields`, `there`, `problem` and `state` to play; see `asked`."""

    vendor = Vendor.NVIDIA

    def __init__(self) -> None:
        self.there: tuple[Card, ...] = (card(),)
        self.reading = CardReading(memory_used_mib=100, busy_percent=10.0)
        self.state = CardState.READY
        self.problem: OutsideError | None = None
        self.while_reading: Callable[[], None] = lambda: None
        self.asked: list[tuple[str, frozenset[Group]]] = []
        self.opened = self.closed = 0

    def open(self) -> None:
        self.opened += 1
        self._fail()

    def cards(self) -> tuple[Card, ...]:
        self._fail()
        return self.there

    def read(self, before: CardNow, groups: frozenset[Group]) -> CardNow:
        self._fail()
        self.asked.append((before.card.id, groups))
        self.while_reading()
        if self.state is not CardState.READY:
            return replace(before, state=self.state, reason="as played")
        if Group.MEMORY in groups:
            return CardNow(before.card, self.reading)
        memory_mib = before.reading.memory_used_mib
        return CardNow(before.card, replace(self.reading, memory_used_mib=memory_mib))

    def close(self) -> None:
        self.closed += 1

    def groups(self) -> list[frozenset[Group]]:
        """Return what was read since last asked."""
        found = [groups for _, groups in self.asked]
        self.asked.clear()
        return found

    def hold(self, used_mib: int, *pids: int) -> None:
        """From now on so much is used, by these processes."""
        processes = tuple(CardProcess(pid, used_mib) for pid in pids)
        self.reading = replace(self.reading, memory_used_mib=used_mib, processes=processes)

    def _fail(self) -> None:
        if self.problem is not None:
            raise self.problem


class Book:
    """Knows the processes that it is told of."""

    def __init__(self) -> None:
        self.known: dict[int, ProcessFacts] = {}

    def facts(self, pid: int) -> ProcessFacts | None:
        return self.known.get(pid)
