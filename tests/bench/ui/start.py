"""From the process's start to its first painted window, in turns with others."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROUNDS = 9
ROOT = Path(__file__).resolve().parents[3]
FROM_SOURCE = (sys.executable, "-m", "app", "--exit-after-first-paint")
BARE = (sys.executable, "-m", "tests.bench.ui.bare_window")


@dataclass(frozen=True, slots=True)
class FirstPaints:
    """Median seconds from the process's start to its first paint, warm; None: not made here."""

    source_s: float
    bare_s: float
    frozen_s: float | None


def first_paints() -> FirstPaints:
    """Measure the window from source, a bare one, and that of `make package`, in turns."""
    commands = {"source": FROM_SOURCE, "bare": BARE}
    if frozen := _frozen():
        commands["frozen"] = (str(frozen), "--exit-after-first-paint")
    found: dict[str, list[float]] = {name: [] for name in commands}
    with TemporaryDirectory() as home:
        for words in commands.values():
            _first_paint_s(words, Path(home))
        for _ in range(ROUNDS):
            for name, words in commands.items():
                found[name].append(_first_paint_s(words, Path(home)))
    medians = {name: statistics.median(each) for name, each in found.items()}
    return FirstPaints(medians["source"], medians["bare"], medians.get("frozen"))


def _frozen() -> Path | None:
    made = sorted((ROOT / "build" / "package").glob("*/universal-ai-tools/universal-ai-tools"))
    return made[-1] if made else None


def _first_paint_s(words: tuple[str, ...], home: Path) -> float:
    began_s = time.monotonic()
    environment = {**os.environ, "UNIVERSAL_AI_TOOLS_HOME": str(home)}
    # Warm is with compiled modules on the disk, as after any first start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    found = subprocess.run(words, env=environment, capture_output=True, timeout=60, check=True)
    report = json.loads(found.stdout.splitlines()[-1])
    return float(report["first_paint_monotonic_s"]) - began_s
