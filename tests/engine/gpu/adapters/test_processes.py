from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from engine.errors import Refused, Unreachable
from engine.gpu.adapters.processes import PsutilBook, program_at

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


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process of this user that waits."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.communicate()


def test_the_same_process_is_asked_to_end(child: subprocess.Popen[bytes]):
    """A process of this user, known by pid and start, gets SIGTERM."""
    book = PsutilBook()
    facts = book.facts(child.pid)
    assert facts is not None
    book.end(child.pid, facts.started_s)
    assert child.wait(10) == -15


def test_another_start_is_another_process(child: subprocess.Popen[bytes]):
    """With the pid of a process that began at another time nothing is ended."""
    book = PsutilBook()
    facts = book.facts(child.pid)
    assert facts is not None
    with pytest.raises(Unreachable, match="ended already"):
        book.end(child.pid, facts.started_s - 1)
    assert child.poll() is None


def test_what_is_gone_or_ourselves_is_not_ended():
    """A pid that nobody has is told as gone; the application does not end itself."""
    with pytest.raises(Unreachable, match="ended already"):
        PsutilBook().end(NOBODY, 1.0)
    with pytest.raises(Refused, match="quit it by its window"):
        PsutilBook().end(os.getpid(), psutil.Process().create_time())


def test_a_process_of_somebody_else_is_not_ended(monkeypatch: pytest.MonkeyPatch):
    """Only the user's own processes are asked to end, even by an administrator."""
    asked = []

    class Process:
        def __init__(self, pid: int | None = None) -> None:
            self.pid = pid

        def create_time(self) -> float:
            return 100.0

        def username(self) -> str:
            return "me" if self.pid is None else "bob"

        def terminate(self) -> None:
            asked.append(self.pid)

    monkeypatch.setattr(psutil, "Process", Process)
    with pytest.raises(Refused, match="belongs to bob"):
        PsutilBook().end(5, 100.0)
    assert asked == []


def test_who_listens_at_a_port_is_named():
    """The program that has a port is told with its number; nobody is told where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert program_at(port).endswith(f"(process {os.getpid()})")
    assert program_at(port) == ""


def test_a_system_that_hides_who_listens_tells_nobody(monkeypatch: pytest.MonkeyPatch):
    """Where the connections of others may not be read, nothing is said and nothing fails."""

    def refuse(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    assert program_at(80) == ""
