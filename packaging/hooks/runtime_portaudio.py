"""Runs before the frozen application: PortAudio is found in the package where the system has none.

sounddevice asks ctypes for it, which looks in the system only. The system's own goes first, as it
knows the sound server that is in use there.
"""

from __future__ import annotations

import ctypes.util
import sys
from pathlib import Path

_of_system = ctypes.util.find_library


def _find_library(name: str) -> str | None:
    packed = sorted(Path(sys._MEIPASS).glob(f"lib{name}.so*")) if name == "portaudio" else []
    return _of_system(name) or next(map(str, packed), None)


ctypes.util.find_library = _find_library
