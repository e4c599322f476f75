"""From the process's start to its first painted window, in turns with a bare window."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROUNDS = 9


def first_paints_s() -> tuple[float, float]:
    """Return the median seconds to the first paint of our window and of a bare one, warm."""
    with TemporaryDirectory() as home:
        ours, bare = [], []
        _first_paint_s(("-m", "app", "--exit-after-first-paint"), Path(home))
        for _ in range(ROUNDS):
            ours.append(_first_paint_s(("-m", "app", "--exit-after-first-paint"), Path(home)))
            bare.append(_first_paint_s(("-m", "tests.bench.ui.bare_window"), Path(home)))
    return statistics.median(ours), statistics.median(bare)


def _first_paint_s(words: tuple[str, ...], home: Path) -> float:
    began_s = time.monotonic()
    environment = {**os.environ, "UNIVERSAL_AI_TOOLS_HOME": str(home)}
    # Warm is with compiled modules on the disk, as after any first start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    found = subprocess.run(
        [sys.executable, *words],
        env=environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    report = json.loads(found.stdout.splitlines()[-1])
    return float(report["first_paint_monotonic_s"]) - began_s
