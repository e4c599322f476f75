"""Made-up programs that come, hold memory of made-up cards and go."""

from __future__ import annotations

import getpass
import os
import threading
from dataclasses import dataclass, replace

from engine.clock import Clock
from engine.errors import Unreachable
from engine.gpu.cards import CardProcess, ProcessFacts

FIRST_PID = 5_000_000
"""Beyond what any Linux gives out: no signal can ever hit a real process."""
LOADING_S = 3.0
"""How long a program takes to fill its memory."""
OWN_NAME = "universal-ai-tools"


@dataclass(frozen=True, slots=True)
class _Program:
    name: str
    started_s: float
    card_ids: tuple[str, ...] = ()
    used_mib: int = 0
    since_s: float = 0.0


class SimulatedPrograms:
    """Programs of this user, and this process itself; all else is unknown. Any thread may ask."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._user = getpass.getuser()
        self._programs = {os.getpid(): _Program(OWN_NAME, self._wall_s())}
        self._next_pid = FIRST_PID

    def start(self, name: str) -> int:
        """Let a program begin, and return its pid; it holds nothing yet."""
        with self._lock:
            pid, self._next_pid = self._next_pid, self._next_pid + 1
            self._programs[pid] = _Program(name, self._wall_s())
        return pid

    def load(self, pid: int, card_ids: tuple[str, ...], used_mib: int) -> None:
        """Let a program fill so much memory on each card."""
        with self._lock:
            program = self._programs.get(pid)
            if program is not None:
                now_s = self._clock.now()
                self._programs[pid] = replace(
                    program, card_ids=card_ids, used_mib=used_mib, since_s=now_s
                )

    def stop(self, pid: int) -> None:
        """Let a program end; nothing where it has."""
        with self._lock:
            self._programs.pop(pid, None)

    def on(self, card_id: str) -> tuple[CardProcess, ...]:
        """Return the programs that hold memory of a card."""
        now_s = self._clock.now()
        with self._lock:
            return tuple(
                CardProcess(
                    pid=pid,
                    used_mib=int(each.used_mib * min(1.0, (now_s - each.since_s) / LOADING_S)),
                    busy_percent=float(20 + pid * 7 % 50),
                    name=each.name,
                    user=self._user,
                    started_s=each.started_s,
                )
                for pid, each in self._programs.items()
                if card_id in each.card_ids
            )

    def facts(self, pid: int) -> ProcessFacts | None:
        """Return what is known of a program; None where it has ended."""
        with self._lock:
            found = self._programs.get(pid)
        return None if found is None else ProcessFacts(found.name, self._user, found.started_s)

    def parent(self, pid: int) -> int | None:
        """Return None: nobody started them."""
        return None

    def end(self, pid: int, started_s: float) -> None:
        """Let a program end because the user wants it. Raises Unreachable where it has."""
        facts = self.facts(pid)
        if facts is None or facts.started_s != started_s or pid == os.getpid():
            raise Unreachable(f"process {pid} has ended already, or is only made up")
        self.stop(pid)

    def _wall_s(self) -> float:
        return self._clock.wall().timestamp()
