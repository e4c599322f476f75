"""A made-up machine, for demonstrations and tests."""

from __future__ import annotations

import math

from engine.clock import Clock
from engine.gpu.snapshot import HostReading


class SimulatedHost:
    """A machine of 16 cores and 64 GiB under a load that swings; the same at the same time."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._is_first = True

    def read(self) -> HostReading:
        """Return one reading."""
        now_s = self._clock.now()
        swing = math.sin(now_s / 7) + 0.4 * math.sin(now_s / 1.9)  # in [-1.4, 1.4]
        reading = HostReading(
            cpu_percent=None if self._is_first else 35 + 22 * swing,
            cpu_cores=16,
            memory_used_mib=int(24_000 + 2_500 * math.sin(now_s / 31)),
            memory_total_mib=65_536,
            disk_free_gib=412.0,
            disk_total_gib=931.0,
            own_cpu_percent=None if self._is_first else 18 + 9 * swing,
            own_memory_mib=int(640 + 25 * math.sin(now_s / 13)),
        )
        self._is_first = False
        return reading
