"""An application that was installed from a package, in a system of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.desktop import Desktop
from tests.journeys.window import Window
from tests.live.programs import Program

NAME = "universal-ai-tools"
PERSON = "person"
ROOT_VARIABLE = "UAT_SMOKE_ROOT"
ANSWER_S = 120.0
INSTALL_S = 300.0


@dataclass(frozen=True, slots=True)
class Installed:
    """The system below `root`, and somebody who lives there and is not root.

    shared: a folder that has the same path outside and inside.
    """

    root: Path
    shared: Path

    @property
    def command(self) -> tuple[str, ...]:
        """What starts the application as that person; variables and arguments may follow."""
        return (
            *("chroot", f"--userspec={PERSON}:{PERSON}", str(self.root)),
            *("env", "-u", "PYTHONPATH", f"HOME=/home/{PERSON}", NAME),
        )

    @property
    def folder(self) -> Path:
        """Where the application lies, as seen from outside."""
        return self.root / "opt" / NAME

    def home(self, name: str) -> Path:
        """Return a new home for the application which that person may write."""
        home = self.shared / name / "home"
        home.mkdir(parents=True)
        self.give(home)
        return home

    def give(self, path: Path) -> None:
        """Make `path` that person's."""
        entry = (self.root / "etc" / "passwd").read_text(encoding="utf-8")
        _, _, user, group, *_ = next(
            line.split(":") for line in entry.splitlines() if line.startswith(f"{PERSON}:")
        )
        for each in (path, *path.rglob("*")):
            os.chown(each, int(user), int(group))

    def run(
        self, *words: str, home: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Return what a command of the application says, run by that person."""
        return subprocess.run(
            [*self.command, *words],
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
            env=self.variables(home, environment),
        )

    def start(
        self, *words: str, home: Path, environment: Mapping[str, str] | None = None
    ) -> Program:
        """Start a command of the application as that person."""
        return Program(
            [*self.command, *words],
            folder=home.parent,
            name=f"{words[0] if words else 'window'}{len(list(home.parent.glob('*.out')))}",
            environment=self.variables(home, environment),
        )

    def variables(self, home: Path, more: Mapping[str, str] | None) -> dict[str, str]:
        """Return the environment of a program of that person who lives at `home`.

        They can enter the folders of this test and of its fixtures from now on.
        """
        for folder in (self.shared.parent, *self.shared.parent.iterdir()):
            folder.chmod(0o755)
        return {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "UNIVERSAL_AI_TOOLS_HOME": str(home),
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            **(more or {}),
        }

    def as_root(self, *words: str) -> str:
        """Return what a command of the system's says to its administrator."""
        done = subprocess.run(
            ["chroot", str(self.root), *words],
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "DEBIAN_FRONTEND": "noninteractive"},
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def processes(self) -> list[str]:
        """Return the command lines of the application's processes that run now."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                program = (process / "exe").readlink()
                line = (process / "cmdline").read_bytes()
            except OSError:
                continue  # it ended meanwhile, or it is the kernel's
            if program == self.folder / NAME:
                found.append(line.replace(b"\0", b" ").decode())
        return found


class InstalledWindow(Window):
    """The installed application's window, opened by that person."""

    def __init__(
        self, installed: Installed, desktop: Desktop, environment: Mapping[str, str]
    ) -> None:
        self._installed = installed
        self._around = environment
        super().__init__(installed.shared, desktop, environment, theme="dark")

    def start_again(self) -> Program:
        """Start the application, beside what runs already."""
        home = self._folder / "home"
        self._installed.give(home)
        return self._installed.start(home=home, environment=self._around)
