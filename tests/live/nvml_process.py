"""Reads the cards that the double plays, and answers by pipe; see tests/live/nvml.py."""

from __future__ import annotations

import ctypes
import pickle
import sys
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.gpu.adapters.nvml_cards import NvmlCards


class Stage(NvmlCards):
    """NVIDIA's cards, with a clock and a /sys of their own."""

    def __init__(self, root: Path) -> None:
        self._now_s = 0.0
        super().__init__(root=root, now=lambda: self._now_s)

    def pass_time(self, seconds: float) -> None:
        self._now_s += seconds

    def calls(self, prefix: str) -> int:
        """Return how often functions that begin so were called since last asked."""
        double = ctypes.CDLL("libnvidia-ml.so.1")
        double.fake_nvml_calls.restype = ctypes.c_uint64
        count = int(double.fake_nvml_calls(prefix.encode()))
        double.fake_nvml_reset_calls()
        return count


def main() -> None:
    """Answer until nobody asks."""
    stage, asked, answers = Stage(Path(sys.argv[1])), sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            name, arguments = pickle.load(asked)
        except EOFError:
            return
        answer: Any
        try:
            answer = getattr(stage, name)(*arguments)
        except EngineError as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


main()
