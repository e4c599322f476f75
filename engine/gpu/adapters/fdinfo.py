"""Which processes use a card, as Linux's graphics drivers tell in /proc (AMD and Intel).

Every open file of a driver has counters there, which the driver's makers agreed on:
https://docs.kernel.org/gpu/drm-usage-stats.html. Only processes of this user can be seen, unless
the reader is root.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.gpu.adapters.pci import text
from engine.gpu.cards import CardProcess

CARD_FILES = ("/dev/dri/", "/dev/kfd")
ALL_AGAIN = 10
"""Processes without an open card are looked at again at every tenth call: a look takes some
20 ms where hundreds of processes have thousands of files open."""

FRESH_S = 0.5
"""Cards that are read one after the other share one look."""

MEMORY_KEYS = (
    "drm-resident-vram",
    "drm-memory-vram",
    "drm-resident-vram0",
    "drm-total-vram0",
    "drm-resident-local0",
    "drm-total-local0",
)
"""amdgpu, older amdgpu, xe, i915: in this order, the first that is there counts."""
LONGEST_NUMBER = 20
"""Digits of the largest that 64 bits hold."""
UNITS = {"": 1, "KiB": 1024, "MiB": 1024**2}
MIB = 1024**2
COMPUTE_ENGINES = ("compute", "ccs")
CAPACITY = "drm-engine-capacity-"
ENGINE, CYCLES, ALL_CYCLES = "drm-engine-", "drm-cycles-", "drm-total-cycles-"
"""Nanoseconds worked; or, with xe, cycles worked and those that passed."""


@dataclass(slots=True)
class _Use:
    """What one process has of one card."""

    used_bytes: int | None = None
    kinds: set[str] = field(default_factory=set)
    worked: dict[str, int] = field(default_factory=dict)
    """What each engine of the card did for it: nanoseconds, or cycles."""
    passed: dict[str, int] = field(default_factory=dict)
    """Cycles that passed; none for engines that count nanoseconds."""

    def add(self, facts: dict[str, str]) -> None:
        for key in MEMORY_KEYS:
            if key in facts:
                self.used_bytes = (self.used_bytes or 0) + _bytes(facts[key])
                break
        for key, value in facts.items():
            if key.startswith(ALL_CYCLES):
                engine = key.removeprefix(ALL_CYCLES)
                self.passed[engine] = max(self.passed.get(engine, 0), _first_number(value))
            elif key.startswith((ENGINE, CYCLES)) and not key.startswith(CAPACITY):
                engine = key.removeprefix(ENGINE).removeprefix(CYCLES)
                self._work(engine, _first_number(value))

    def _work(self, engine: str, worked: int) -> None:
        self.worked[engine] = self.worked.get(engine, 0) + worked
        if worked:
            self.kinds.add("compute" if engine in COMPUTE_ENGINES else "graphics")


class CardUsers:
    """Who uses which card. now: monotonic seconds, for how busy they are between two calls."""

    def __init__(self, root: Path, now: Callable[[], float]) -> None:
        self._root = root
        self._now = now
        self._calls = 0
        self._pids: set[int] = set()
        self._without: set[int] = set()
        self._before: dict[tuple[str, int], _Use] = {}
        self._before_s = now()
        self._found: dict[str, tuple[CardProcess, ...]] | None = None

    def processes(self) -> dict[str, tuple[CardProcess, ...]]:
        """Return the processes of each card, by its PCI address."""
        if self._found is None or self._now() - self._before_s >= FRESH_S:
            self._found = self._look()
        return self._found

    def _look(self) -> dict[str, tuple[CardProcess, ...]]:
        uses: dict[tuple[str, int], _Use] = {}
        self._look_for_pids()
        for pid in sorted(self._pids):
            for address, facts in self._clients(pid):
                uses.setdefault((address, pid), _Use()).add(facts)
        passed_s, before = self._now() - self._before_s, self._before
        self._before_s += passed_s
        self._before = uses
        found: dict[str, tuple[CardProcess, ...]] = {}
        for (address, pid), use in uses.items():
            busy = _busy(use, before.get((address, pid)), passed_s)
            kind = "both" if len(use.kinds) == 2 else next(iter(use.kinds), "graphics")
            used_mib = None if use.used_bytes is None else use.used_bytes // MIB
            process = CardProcess(pid, used_mib, kind, busy)
            found[address] = (*found.get(address, ()), process)
        return found

    def _look_for_pids(self) -> None:
        if self._calls % ALL_AGAIN == 0:
            self._without = set()
        self._calls += 1
        there = {int(name) for name in _names(self._root / "proc") if name.isdecimal()}
        self._without &= there
        self._pids &= there
        for pid in there - self._without - self._pids:
            if self._has_card(pid):
                self._pids.add(pid)
            else:
                self._without.add(pid)

    def _has_card(self, pid: int) -> bool:
        files = self._root / f"proc/{pid}/fd"
        return any(_target(files / name).startswith(CARD_FILES) for name in _names(files))

    def _clients(self, pid: int) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the card and the counters of each of its clients; files that share one, once."""
        seen = set()
        files = self._root / f"proc/{pid}"
        for name in _names(files / "fd"):
            if not _target(files / "fd" / name).startswith(CARD_FILES):
                continue
            facts = _facts(text(files / "fdinfo" / name) or "")
            address, client = facts.get("drm-pdev"), facts.get("drm-client-id")
            if address is not None and (address, client) not in seen:
                seen.add((address, client))
                yield address, facts


def _busy(now: _Use, before: _Use | None, passed_s: float) -> float | None:
    """Return the share of the engine that worked most, in percent."""
    if before is None or not now.worked or passed_s <= 0:
        return None
    shares = []
    for engine, worked in now.worked.items():
        passed = passed_s * 1e9
        if engine in now.passed:
            passed = now.passed[engine] - before.passed.get(engine, 0)
        if passed > 0:
            shares.append((worked - before.worked.get(engine, worked)) / passed)
    return min(100.0, max(0.0, *shares, 0.0) * 100)


def _facts(lines: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in lines.splitlines() if ":" in line)
    return {key: value.strip() for key, value in pairs}


def _first_number(value: str) -> int:
    digits = value.split(" ", 1)[0]
    return int(digits) if digits.isdecimal() and len(digits) <= LONGEST_NUMBER else 0


def _bytes(value: str) -> int:
    return _first_number(value) * UNITS.get(value.partition(" ")[2], 1)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - thousands of names: paths would take longer
    except OSError:
        return []


def _target(path: Path) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - a file that is gone has no target
    except OSError:
        return ""
