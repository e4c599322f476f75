"""Programs that a test starts, watches and ends, each by its own number."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

LOOK_EVERY_S = 0.05
END_S = 20.0
"""What an orderly end may take: the last words are still transcribed, on a busy machine."""


def need(*names: str) -> None:
    """Skip the test where a program is missing; on a build machine that is a failure."""
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)} (`make test` installs what the tests need)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def wait_until(look: Callable[[], T], what: str, *, within_s: float) -> T:
    """Return what `look` gives as soon as that is true; `what` is said where it never is."""
    end = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"not within {within_s:g} s: {what}"
        time.sleep(LOOK_EVERY_S)


class Program:
    """A running program. What it writes goes to `<folder>/<name>.out` and `.err`."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        name: str,
        environment: Mapping[str, str] | None = None,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self.name = name
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=None if environment is None else dict(environment),
                pass_fds=pass_fds,
            )

    @property
    def out(self) -> str:
        """What it has written to its standard output so far."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    @property
    def err(self) -> str:
        """What it has written to its standard error so far."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    @property
    def process_id(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """True until it has ended."""
        return self._process.poll() is None

    def wait_for(self, look: Callable[[], T], what: str, *, within_s: float) -> T:
        """Return what `look` gives once that is true; fails at once where the program ended."""

        def look_while_running() -> T:
            found = look()
            assert found or self.is_running, (
                f"{self.name} ended with {self._process.returncode} before: {what}\n"
                f"{self.out}{self.err}"
            )
            return found

        return wait_until(look_while_running, what, within_s=within_s)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, *, within_s: float = END_S) -> int:
        """Return its exit status; fails where it does not end in time."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} did not end within {within_s:g} s\n{self.err}")

    def end(self, *, patience_s: float = 5.0) -> None:
        """Make sure that it has ended, kindly first."""
        if self.is_running:
            self._process.terminate()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
