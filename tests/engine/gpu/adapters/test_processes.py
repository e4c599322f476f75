from __future__ import annotations

import getpass
import os

import psutil
import pytest

from engine.gpu.adapters.processes import PsutilBook

NOBODY = 2**22 + 1
"""Linux gives out no such number."""


def test_own_process_is_known():
    """A process is told by its name, its user and when it began."""
    facts = PsutilBook().facts(os.getpid())
    assert facts is not None
    assert facts.name == psutil.Process().name()
    assert facts.user == getpass.getuser()
    assert facts.started_s == pytest.approx(psutil.Process().create_time())


def test_unknown_process_is_none():
    """A number that no process has is no error."""
    assert PsutilBook().facts(NOBODY) is None
    assert PsutilBook().parent(NOBODY) is None


def test_parent_is_known():
    """Who started a process is told."""
    assert PsutilBook().parent(os.getpid()) == os.getppid()


def test_number_used_again_is_another_process(monkeypatch: pytest.MonkeyPatch):
    """A process with the number of one that ended has its own name; who stays is asked once."""
    asked, began = [], [100.0]

    class Process:
        def __init__(self, pid: int) -> None:
            self.pid = pid

        def create_time(self) -> float:
            return began[-1]

        def name(self) -> str:
            asked.append(self.pid)
            return f"began at {began[-1]:.0f}"

        def username(self) -> str:
            raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "Process", Process)
    book = PsutilBook()
    first, again = book.facts(5), book.facts(5)
    began.append(200.0)
    other = book.facts(5)
    assert first is again
    assert (first and first.name, other and other.name) == ("began at 100", "began at 200")
    assert (other and other.user) is None
    assert asked == [5, 5]
