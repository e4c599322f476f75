"""Who holds memory of an NVIDIA card, with half the calls that NVIDIA's Python module makes.

The module asks for the length of a list, and then for the list. Each of these calls takes the
driver 4.5 ms on a desktop card, and is the dearest of all. So the room for a list is kept, and
asking for it is one call.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Iterable
from typing import Any

from engine.gpu.cards import CardProcess

MIB = 1024**2
LISTS = {
    "compute": "nvmlDeviceGetComputeRunningProcesses",
    "graphics": "nvmlDeviceGetGraphicsRunningProcesses",
}
VERSIONS = ("_v3", "_v2")
UTILISATION = "nvmlDeviceGetProcessUtilization"
ROOM = 64

ENTRY = struct.Struct("@IQII")
"""nvmlProcessInfo_v2_t: process, bytes, instances. Unpacked at once, as each field of a ctypes
structure costs what a call of the library does."""
SHARE = struct.Struct("@IQIIII")
"""nvmlProcessUtilizationSample_t: process, microseconds, percent of computing, and of others."""

SUCCESS, NOT_FOUND, INSUFFICIENT_SIZE = 0, 6, 7
NEVER_TOLD = {3, 4, 13, 25}
TRIES = 3
"""Processes may come between being told the length and asking again."""

MOST_BYTES = 2**50
"""What is above is no size: all bits are set where the driver does not tell."""
HIGHEST_PID = 2**22 if sys.platform == "linux" else 2**32 - 2
"""Drivers have been seen to make up process numbers (nvitop, issue 76)."""


class ProcessLists:
    """The processes on one card. nvml: the module pynvml. handle: what NVML calls the card."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml = nvml
        self._handle = handle
        self._rooms: dict[str, _Room] = {}
        self._untold: set[str] = set()
        self._last_us = 0

    def read(self) -> tuple[CardProcess, ...] | None:
        """Return who holds memory; None where the card does not tell. Raises pynvml.NVMLError."""
        lists = {kind: self._list(name) for kind, name in LISTS.items()}
        if all(each is None for each in lists.values()):
            return None
        busy = self._busy() if any(lists.values()) else None
        found: dict[int, tuple[int | None, str]] = {}
        for kind, used in lists.items():
            for pid, used_mib in (used or {}).items():
                if pid in found:  # both lists tell all that the process holds
                    kind_of = "both"
                    used_mib = max(used_mib or 0, found[pid][0] or 0) or None
                else:
                    kind_of = kind
                found[pid] = (used_mib, kind_of)
        return tuple(
            CardProcess(pid, used_mib, kind, None if busy is None else busy.get(pid, 0.0))
            for pid, (used_mib, kind) in found.items()
        )

    def ask_all_again(self) -> None:
        """Count nothing as not told."""
        self._untold.clear()

    def _list(self, name: str) -> dict[int, int | None] | None:
        """Return MiB by process."""
        for version in VERSIONS:
            entries = self._entries(name + version, ENTRY)
            if entries is not None:
                return {
                    pid: used_bytes // MIB if used_bytes < MOST_BYTES else None
                    for pid, used_bytes, _, _ in entries
                    if 0 < pid <= HIGHEST_PID
                }
        return None

    def _busy(self) -> dict[int, float] | None:
        """Return the newest share of each process that did anything since the last call."""
        samples = self._entries(UTILISATION, SHARE, ctypes.c_ulonglong(self._last_us))
        if samples is None:
            return None
        newest: dict[int, tuple[int, float]] = {}
        for pid, at_us, share, *_ in samples:
            if share <= 100 and (pid not in newest or at_us >= newest[pid][0]):
                newest[pid] = (at_us, float(share))
                self._last_us = max(self._last_us, at_us)
        return {pid: share for pid, (_, share) in newest.items()}

    def _entries(self, name: str, form: struct.Struct, *since: Any) -> Iterable[Any] | None:
        """Return what a function of NVML fills in; None where it does not tell."""
        if name in self._untold:
            return None
        code, count = NOT_FOUND, 0
        try:
            room = self._rooms.get(name) or self._make_room(name, form)
            for _ in range(TRIES):
                code, count = room.fill(self._handle, *since)
                if code != INSUFFICIENT_SIZE:
                    break
                room.grow(count)
        except self._nvml.NVMLError as error:
            code = error.value
        if code == SUCCESS:
            return form.iter_unpack(room.view[: count * form.size]) if count else ()
        if code == NOT_FOUND:
            return ()
        if code not in NEVER_TOLD:
            raise self._nvml.NVMLError(code)
        self._untold.add(name)
        return None

    def _make_room(self, name: str, form: struct.Struct) -> _Room:
        function = self._nvml._nvmlGetFunctionPointer(name)
        self._rooms[name] = _Room(function, form.size, is_first=name == UTILISATION)
        return self._rooms[name]


class _Room:
    """Where a function writes its list; kept, as is all that a call needs.

    is_first: the list is the function's first argument, and how long it may be the second.
    """

    def __init__(self, function: Any, entry_bytes: int, *, is_first: bool) -> None:
        self._function = function
        self._entry_bytes = entry_bytes
        self._is_first = is_first
        self._count = ctypes.c_uint(0)
        self._arguments: tuple[Any, ...] = ()
        self.grow(ROOM // 2)

    def grow(self, count: int) -> None:
        """Make room for twice as many entries."""
        self._entries = max(2 * count, ROOM)
        self._buffer = ctypes.create_string_buffer(self._entries * self._entry_bytes)
        self.view = memoryview(self._buffer)
        pair = (ctypes.byref(self._count), self._buffer)
        self._arguments = pair[::-1] if self._is_first else pair

    def fill(self, handle: Any, *since: Any) -> tuple[int, int]:
        """Return NVML's code, and how many entries were written or are needed."""
        self._count.value = self._entries
        code = self._function(handle, *self._arguments, *since)
        return code, self._count.value
