"""Made-up graphics cards, for demonstrations and tests."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from engine.clock import Clock
from engine.gpu.adapters.simulated_programs import SimulatedPrograms
from engine.gpu.cards import Card, CardNow, CardProcess, Group, Vendor

DRIVER = "simulated"
FIRST_PID = 41_000
"""Above what a small machine gives out, and no process of this one all the same."""


@dataclass(frozen=True, slots=True)
class _Program:
    """A made-up process and what it holds."""

    name: str
    user: str
    used_mib: int
    busy_percent: float
    kind: str = "compute"


@dataclass(frozen=True, slots=True)
class _Made:
    """A made-up card."""

    name: str
    memory_total_mib: int
    power_limit_w: float
    clock_mhz: int
    period_s: float
    """How long its load takes from low to high and back."""
    programs: tuple[_Program, ...]
    throttled_by: str
    throttled_from: float
    """The load, from 0 to 1, from which on it is held back; below 0 it always is."""
    coolest_c: float
    hottest_c: float


CARDS = (
    _Made(
        "Simulated RTX 4090",
        24_564,
        450.0,
        2520,
        23.0,
        (
            _Program("llama-server", "demo", 2_840, 62.0),
            _Program("Xorg", "root", 312, 2.0, "graphics"),
        ),
        "power limit",
        0.98,
        38.0,
        79.0,
    ),
    _Made(
        "Simulated RTX A4000",
        16_376,
        140.0,
        1560,
        41.0,
        (_Program("ollama", "ollama", 3_120, 44.0), _Program("darktable", "demo", 480, 12.0)),
        "heat (hardware)",
        -1.0,
        72.0,
        89.0,
    ),
)


class SimulatedCards:
    """Two cards under a load that swings; the same at the same time.

    programs: come and go besides those that are always there; None for no others.
    """

    def __init__(self, *, clock: Clock, programs: SimulatedPrograms | None = None) -> None:
        self._clock = clock
        self._programs = programs

    @property
    def vendor(self) -> Vendor:
        """As if NVIDIA had made them."""
        return Vendor.NVIDIA

    def open(self) -> None:
        """Begin."""

    def cards(self) -> tuple[Card, ...]:
        """Return both cards."""
        return tuple(
            Card(
                id=f"simulated-{index}",
                name=made.name,
                vendor=Vendor.NVIDIA,
                index=index,
                pci_address=f"0000:{index + 1:02x}:00.0",
                memory_total_mib=made.memory_total_mib,
                driver=DRIVER,
            )
            for index, made in enumerate(CARDS)
        )

    def read(self, before: CardNow, groups: frozenset[Group]) -> CardNow:
        """Return the card with `groups` read."""
        index = before.card.index or 0
        made, fields = CARDS[index], dict[str, Any]()
        # From 0 to 1, with a ripple, so that charts have something to show.
        now_s = self._clock.now()
        swing = 0.5 - 0.42 * math.cos(math.tau * now_s / made.period_s)
        swing += 0.08 * math.sin(math.tau * now_s / 2.7)
        for group in groups:
            fields |= _FIELDS[group](made, swing)
        guests = () if self._programs is None else self._programs.on(before.card.id)
        if Group.MEMORY in groups:
            fields["memory_used_mib"] += sum(each.used_mib or 0 for each in guests)
        if Group.PROCESSES in groups:
            first = FIRST_PID + 100 * index
            fields["processes"] = (*_processes(made, swing, first, self._started_s()), *guests)
        return CardNow(before.card, replace(before.reading, **fields))

    def close(self) -> None:
        """End."""

    def _started_s(self) -> float:
        """Return a wall time that does not move while the clocks go alike."""
        return round(self._clock.wall().timestamp() - self._clock.now())


def _processes(
    made: _Made, swing: float, first_pid: int, started_s: float
) -> tuple[CardProcess, ...]:
    return tuple(
        CardProcess(
            pid=first_pid + number,
            used_mib=_held_mib(program, swing),
            kind=program.kind,
            busy_percent=round(program.busy_percent * swing),
            name=program.name,
            user=program.user,
            started_s=started_s,
        )
        for number, program in enumerate(made.programs)
    )


def _held_mib(program: _Program, swing: float) -> int:
    """Return what it holds: caches of context grow and shrink by an eighth."""
    return int(program.used_mib * (0.875 + 0.125 * swing))


def _memory(made: _Made, swing: float) -> dict[str, Any]:
    held = sum(_held_mib(program, swing) for program in made.programs)
    return {"memory_used_mib": held + 210, "memory_reserved_mib": 366}


def _load(made: _Made, swing: float) -> dict[str, Any]:
    return {"busy_percent": round(96 * swing), "memory_busy_percent": round(58 * swing)}


def _heat(made: _Made, swing: float) -> dict[str, Any]:
    return {
        "temperature_c": round(made.coolest_c + (made.hottest_c - made.coolest_c) * swing),
        "power_w": round(made.power_limit_w * (0.08 + 0.92 * min(1.0, swing)), 1),
        "clock_mhz": int(made.clock_mhz * (0.3 + 0.7 * swing)),
        "memory_clock_mhz": 10_501,
        "throttled_by": (made.throttled_by,) if swing > made.throttled_from else (),
    }


def _link(made: _Made, swing: float) -> dict[str, Any]:
    return {
        "fan_percent": round(30 + 45 * swing),
        "received_mib_s": round(1_900 * swing, 1),
        "sent_mib_s": round(240 * swing, 1),
        "encoder_percent": 0.0,
        "decoder_percent": 0.0,
    }


def _limits(made: _Made, swing: float) -> dict[str, Any]:
    return {
        "power_limit_w": made.power_limit_w,
        "slowdown_c": 90.0,
        "pcie_generation": 4,
        "pcie_width": 16,
        "memory_errors": 0,
    }


def _nothing(made: _Made, swing: float) -> dict[str, Any]:
    return {}


_FIELDS = {
    Group.MEMORY: _memory,
    Group.LOAD: _load,
    Group.HEAT: _heat,
    Group.LINK: _link,
    Group.LIMITS: _limits,
    Group.PROCESSES: _nothing,
}
