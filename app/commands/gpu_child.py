"""Runs a program in the foreground: signals go to it, and its end becomes ours."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

NOT_FOUND, NOT_RUNNABLE = 127, 126
"""What shells give where a program is not there, or cannot be run."""
DIED_OF = 128
"""Shells add the signal's number to it."""
ALWAYS = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
TYPED = ("SIGINT", "SIGQUIT")
"""The terminal sends these to every program in its foreground, so to the child as well."""


class Child:
    """A program in the process group of this one: Ctrl+C, Ctrl+Z and `fg` reach both."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = list(command)
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._early: int | None = None
        """A signal that came before the program was there."""

    def run(self) -> int:
        """Return the exit code of the program, as a shell would tell it."""
        with self._passing_signals():
            try:
                self._process = subprocess.Popen(self._command, env=self._environment)
            except FileNotFoundError as error:
                print(f"{self._command[0]}: {error.strerror}", file=sys.stderr)
                return NOT_FOUND
            except OSError as error:
                print(f"{self._command[0]}: {error.strerror}", file=sys.stderr)
                return NOT_RUNNABLE
            if self._early is not None:
                self._process.send_signal(self._early)
            code = self._process.wait()
        return code if code >= 0 else DIED_OF - code

    def end(self) -> None:
        """Ask the program to end; from any thread."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.terminate()

    @contextlib.contextmanager
    def _passing_signals(self) -> Iterator[None]:
        before = {}
        for name in (*ALWAYS, *TYPED):
            number = getattr(signal, name, None)  # Windows has few of them
            if number is not None:
                before[number] = signal.signal(number, self._pass_on)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        is_typed = signal.Signals(number).name in TYPED
        if self._process is None:
            self._early = number
            return
        if is_typed and _is_in_foreground():
            return
        with contextlib.suppress(OSError):
            self._process.send_signal(number)


def _is_in_foreground() -> bool:
    """Tell whether what is typed at the terminal reaches this process, and so the child."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
