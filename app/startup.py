"""How long the start took, for the benchmark that holds it against a bare window."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def first_paint_report() -> dict[str, float | None]:
    """Return when this moment is: since the process began, and on the machine's own clock.

    first_paint_ms: None where the system does not tell when a process began; steps of 10 ms.
    first_paint_monotonic_s: comparable with `time.monotonic()` of the process that started us.
    """
    began_s = _process_start_s()
    elapsed_ms = None if began_s is None else (_boot_clock_s() - began_s) * 1000
    return {"first_paint_ms": elapsed_ms, "first_paint_monotonic_s": time.monotonic()}


def _process_start_s() -> float | None:
    if not sys.platform.startswith("linux"):
        return None
    # Field 22, counted after the name in parentheses, which may hold spaces.
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _boot_clock_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
