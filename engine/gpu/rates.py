"""How often what of a card is read: no oftener than it changes, and dear things seldom.

Every call takes a lock that games and models need too, so the rates are an agreement with them.
Sources: process lists took 4.5 ms a call on an RTX 4090 where memory took 12 µs, and polling at
40 Hz made games stutter (MangoHud, pull request 2104); utilisation is sampled by the driver every
1/6 to 1 s (NVML's reference); PCIe traffic is counted over 20 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from engine.gpu.cards import Group

REST = 5
"""How many times seldomer everything is read while nobody looks: the history of a day remains."""

HURRIED_MEMORY_S = 0.1
"""How often memory is read while a model loads, or a lease waits for memory to come back."""

LIMITS_S = 60.0

LEEWAY_S = 0.04
"""What is due within this time is read along: the thread wakes once, not twice."""


class Pace(IntEnum):
    """How closely the cards are watched."""

    RESTING = 0
    """Nobody looks."""
    WATCHED = 1
    HURRIED = 2
    """Memory is on the move."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds from one reading of a group to the next, while somebody looks."""

    memory_s: float = 0.5
    load_s: float = 0.2
    heat_s: float = 1.0
    link_s: float = 2.0
    processes_s: float = 3.0

    def periods_s(self, pace: Pace) -> dict[Group, float]:
        """Return the seconds between two readings of each group at this pace."""
        rest = REST if pace is Pace.RESTING else 1
        memory_s = min(self.memory_s, HURRIED_MEMORY_S) if pace is Pace.HURRIED else self.memory_s
        return {
            Group.MEMORY: memory_s * rest,
            Group.LOAD: self.load_s * rest,
            Group.HEAT: self.heat_s * rest,
            Group.LINK: self.link_s * rest,
            Group.PROCESSES: self.processes_s * rest,
            Group.LIMITS: LIMITS_S,
        }


class Schedule:
    """Tells which groups are due. Times are Clock times."""

    def __init__(self, rates: Rates) -> None:
        self.change(rates)
        self._read_s: dict[Group, float] = {}

    def change(self, rates: Rates) -> None:
        """Use `rates` from the next question on."""
        self._periods_s = {pace: rates.periods_s(pace) for pace in Pace}

    def take(self, now_s: float, pace: Pace) -> frozenset[Group]:
        """Return the groups that are due, which count as read now."""
        periods_s, read_s = self._periods_s[pace], self._read_s
        due = frozenset(
            group
            for group, period_s in periods_s.items()
            if group not in read_s or now_s - read_s[group] >= period_s - LEEWAY_S
        )
        for group in due:
            read_s[group] = now_s
        return due

    def wait_s(self, now_s: float, pace: Pace) -> float:
        """Return the seconds until something is due; 0 where something is."""
        periods_s, read_s = self._periods_s[pace], self._read_s
        if len(read_s) < len(periods_s):
            return 0.0
        return max(0.0, min(read_s[group] + periods_s[group] for group in periods_s) - now_s)

    def forget(self) -> None:
        """Count every group as never read."""
        self._read_s.clear()
