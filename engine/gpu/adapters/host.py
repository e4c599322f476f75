"""Readings of this machine, by psutil."""

from __future__ import annotations

from pathlib import Path

import psutil

from engine.errors import Refused
from engine.gpu.snapshot import HostReading

MIB = 1024**2
GIB = 1024**3


class PsutilHost:
    """This machine."""

    def __init__(self, *, disk: Path) -> None:
        """Read the disk that holds, or will hold, the folder `disk`."""
        self._disk = disk
        self._process = psutil.Process()
        self._is_first = True

    def read(self) -> HostReading:
        """Return one reading. Raises Refused where the system hides its figures."""
        try:
            return self._read()
        except (psutil.Error, OSError) as error:
            raise Refused(f"the system's load cannot be read ({error})") from error

    def _read(self) -> HostReading:
        # psutil measures between two calls: the first ones return 0 and mean nothing.
        cpu_percent: float = psutil.cpu_percent()
        own_cpu_percent: float = self._process.cpu_percent()
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(_existing(self._disk)))
        reading = HostReading(
            cpu_percent=None if self._is_first else cpu_percent,
            cpu_cores=psutil.cpu_count(),
            memory_used_mib=(memory.total - memory.available) // MIB,
            memory_total_mib=memory.total // MIB,
            disk_free_gib=disk.free / GIB,
            disk_total_gib=disk.total / GIB,
            own_cpu_percent=None if self._is_first else own_cpu_percent,
            own_memory_mib=self._process.memory_info().rss // MIB,
        )
        self._is_first = False
        return reading


def _existing(folder: Path) -> Path:
    """Return `folder` or the nearest one above it that exists."""
    absolute = folder.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())
