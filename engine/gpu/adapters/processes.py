"""What the system tells of processes, by psutil."""

from __future__ import annotations

import os
import threading

from engine.errors import Refused, Unreachable
from engine.gpu.cards import ProcessFacts

MOST_KNOWN = 1024


class PsutilBook:
    """This machine's processes. Who they are is asked once; that they are still they, each time.

    Any thread may ask.
    """

    def __init__(self) -> None:
        self._known: dict[int, ProcessFacts] = {}
        self._lock = threading.Lock()

    def facts(self, pid: int) -> ProcessFacts | None:
        """Return what is known of the process, or None where there is none, or it hides."""
        with self._lock:
            return self._facts(pid)

    def parent(self, pid: int) -> int | None:
        """Return the process that started `pid`; None where there is none, or it hides."""
        import psutil

        try:
            return int(psutil.Process(pid).ppid()) or None
        except (psutil.Error, OSError, ValueError):
            return None

    def end(self, pid: int, started_s: float) -> None:
        """Ask the process to end that began at `started_s`, in wall time, and is this user's.

        Raises Unreachable where it has ended, Refused where it may not be ended.
        """
        import psutil

        if pid == os.getpid():
            raise Refused("this is the application itself: quit it by its window")
        try:
            process = psutil.Process(pid)
            if float(process.create_time()) != started_s:
                raise _gone(pid)
            if process.username() != psutil.Process().username():
                raise Refused(
                    f"process {pid} belongs to {process.username()}: only they may end it"
                )
            # psutil looks once more that it is the same before the signal goes out.
            process.terminate()
        except psutil.NoSuchProcess as error:
            raise _gone(pid) from error
        except (psutil.Error, OSError, KeyError) as error:
            raise Refused(f"process {pid} may not be ended ({error})") from error

    def _facts(self, pid: int) -> ProcessFacts | None:
        import psutil

        try:
            process = psutil.Process(pid)
            # psutil asks for it on the way, and a number used again has another.
            started_s = float(process.create_time())
            known = self._known.get(pid)
            if known is not None and known.started_s == started_s:
                return known
            facts = ProcessFacts(str(process.name()), _user(process), started_s)
        except (psutil.Error, OSError, ValueError):
            self._known.pop(pid, None)
            return None
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[pid] = facts
        return facts


def _gone(pid: int) -> Unreachable:
    return Unreachable(f"process {pid} has ended already: nothing was done")


def _user(process: object) -> str | None:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return str(process.username())
    except (psutil.Error, OSError, KeyError):
        return None


def program_at(port: int) -> str:
    """Return the program that listens at a TCP port of this machine, with its number.

    "" where nobody does, or the system does not say who.
    """
    import psutil

    try:
        for each in psutil.net_connections(kind="tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid:
                return f"{psutil.Process(each.pid).name()} (process {each.pid})"
    except psutil.Error:
        pass  # it belongs to somebody else, or has just ended
    return ""
