"""What reading cards costs beside NVIDIA's own Python module, over the double of its library.

The double answers in less than a microsecond, so what is measured is what Python adds. It is found
by LD_LIBRARY_PATH, hence in processes of their own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.table import Row
from tests.live.nvml import ROOT, build, environment

MOST_TIMES = 1.5
"""Of what the bare module takes for the same fields."""
MOST_PERCENT = 0.5
"""Of a core, for four cards."""
PATIENCE_S = 120.0
REAL_TIMES = (
    "delay gpu=* us=4490 fn=nvmlDeviceGetComputeRunningProcesses serial=1",
    "delay gpu=* us=4490 fn=nvmlDeviceGetGraphicsRunningProcesses serial=1",
    "delay gpu=* us=137 fn=nvmlDeviceGetFanSpeed serial=1",
)
"""Medians on an RTX 4090 of a laptop, driver 610 (MangoHud, pull request 2104)."""
NVITOP = """
import json, statistics, time
from nvitop import Device
cards = Device.all()
def once():
    for card in cards:
        card.as_snapshot()
        for process in card.processes().values():
            process.host.name(), process.host.username()
once()
taken = []
for _ in range(40):
    begin = time.perf_counter()
    once()
    taken.append(time.perf_counter() - begin)
print(json.dumps({"full_us": statistics.median(taken) * 1e6}))
"""


def rows() -> list[Row]:
    """Return the times of a full sample, and the processor's share at the usual rates."""
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder))
        full = _measured(library, 8, "full")
        slow = _measured(library, 8, "slow", *REAL_TIMES)
        rates = _measured(library, 4, "rates")
        nvitop = _nvitop(library)
    return [
        Row(
            "full sample of 8 cards, times the bare pynvml",
            full["ours_us"] / full["raw_us"],
            "x",
            MOST_TIMES,
            f"nvitop {nvitop / full['raw_us']:.1f}" if nvitop else "nvitop is not on the PATH",
        ),
        Row("full sample of 8 cards", full["ours_us"], "us", None, f"bare {full['raw_us']:.0f} us"),
        Row(
            "the same with a real driver's times, times the bare pynvml",
            slow["ours_us"] / slow["raw_us"],
            "x",
            None,
            f"{slow['ours_us'] / 1000:.0f} ms, bare {slow['raw_us'] / 1000:.0f} ms",
        ),
        Row("names and users of 16 processes, known before", full["names_us"], "us"),
        Row("watching 4 cards while somebody looks", rates["watched"], "% of a core", MOST_PERCENT),
        Row("watching 4 cards while memory moves", rates["hurried"], "% of a core"),
        Row("watching 4 cards while nobody looks", rates["resting"], "% of a core"),
    ]


def _measured(library: Path, cards: int, what: str, *lines: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.gpu.sampling_process", what]
    return _told(command, library, cards, *lines)


def _nvitop(library: Path) -> float | None:
    """Return what nvitop takes in microseconds, by the Python that it is installed for."""
    program = shutil.which("nvitop")
    if program is None:
        return None
    first = Path(program).read_text(encoding="utf-8", errors="replace").splitlines()[0]
    python = first.removeprefix("#!").strip()
    return float(_told([python, "-c", NVITOP], library, 8)["full_us"])


def _told(command: list[str], library: Path, cards: int, *more: str) -> dict[str, Any]:
    """Return what a process prints in which so many cards are played."""
    scenario = library / f"scenario-{cards}"
    lines = [f"gpus {cards}", "gpu * util sine:5:95:4", "gpu * temp 66", *more]
    # Init is there for sure, and holds memory of every card.
    lines += [f"proc gpu={card} pid=1 mem=1000 type=C sm=30" for card in range(cards)]
    lines += [f"proc gpu={card} pid=1 mem=1000 type=G sm=30" for card in range(cards)]
    scenario.write_text("\n".join(lines) + "\n", encoding="utf-8")
    own = environment(library, scenario) | {"FAKE_NVML_RELOAD_MS": "1000000"}
    answer = subprocess.run(
        command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found
