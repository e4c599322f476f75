"""NVIDIA cards that are played: the double of libnvidia-ml.so.1, behind NVIDIA's own module.

A driver's library is loaded once and for the whole process. So the cards are read in a process of
their own, which finds the double by LD_LIBRARY_PATH, and what is asked of them goes there by pipe.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from engine.gpu.cards import Card, CardNow, Group, Vendor
from tests.live.programs import need

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests/doubles/nvml"
LIBRARY = "libnvidia-ml.so.1"
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-std=gnu11", "-shared", "-fPIC")
BUILD_S = 60.0
END_S = 10.0


def build(folder: Path) -> Path:
    """Compile the double into `folder`, and return the folder for LD_LIBRARY_PATH."""
    need("cc")
    command = [
        "cc",
        *FLAGS,
        "-fvisibility=hidden",
        f"-Wl,-soname,{LIBRARY}",
        "-o",
        str(folder / LIBRARY),
        *(str(source) for source in sorted(SOURCES.glob("*.c"))),
        "-lm",
        "-lpthread",
    ]
    built = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S)
    assert built.returncode == 0, built.stderr
    return folder


class PlayedNvidia:
    """A CardBackend whose cards play a scenario; see tests/doubles/nvml/scenario.c.

    library: where `build` put the double. folder: for the scenario, and for a /sys of its own.
    """

    def __init__(self, library: Path, folder: Path, *lines: str) -> None:
        self._scenario = folder / "scenario"
        self._lines = lines
        self.play()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.nvml_process", str(folder)],
            cwd=ROOT,
            env=environment(library, self._scenario),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @property
    def vendor(self) -> Vendor:
        return Vendor.NVIDIA

    @property
    def process_id(self) -> int:
        """The number of the process that reads the cards."""
        return self._process.pid

    def play(self, *lines: str) -> None:
        """From now on the scenario says what it said at first, and `lines`."""
        fresh = self._scenario.with_suffix(".new")
        fresh.write_text("\n".join((*self._lines, *lines)) + "\n", encoding="utf-8")
        fresh.replace(self._scenario)

    def open(self) -> None:
        self._ask("open")

    def cards(self) -> tuple[Card, ...]:
        found: tuple[Card, ...] = self._ask("cards")
        return found

    def read(self, before: CardNow, groups: frozenset[Group]) -> CardNow:
        found: CardNow = self._ask("read", before, groups)
        return found

    def close(self) -> None:
        if self._process.poll() is None:
            self._ask("close")

    def calls(self, prefix: str = "") -> int:
        """Return how often functions of the library that begin so were called since last asked."""
        found: int = self._ask("calls", prefix)
        return found

    def pass_time(self, seconds: float) -> None:
        """Let the clock of the one who reads advance."""
        self._ask("pass_time", seconds)

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.play()  # a call that hangs returns
        self._process.stdin.close()
        self._process.wait(END_S)
        self._process.stdout.close()

    def _ask(self, name: str, *arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((name, arguments), self._process.stdin)
        self._process.stdin.flush()
        answer = pickle.load(self._process.stdout)
        if isinstance(answer, Exception):
            raise answer
        return answer


def environment(library: Path, scenario: Path) -> dict[str, str]:
    """Return the environment of a process that shall find the double."""
    own = {"LD_LIBRARY_PATH": str(library), "FAKE_NVML_SCENARIO": str(scenario)}
    return {**os.environ, **own}
