"""What the window runs on: versions and places, for the About page and for bug reports."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from pathlib import Path

import PySide6
from PySide6.QtCore import qVersion

from app.ui.about_values import AboutView
from engine.build import this_build
from engine.updates.snapshot import UpdateView


class About:
    """Looks up once what does not change while this program runs."""

    def __init__(self) -> None:
        self._view: AboutView | None = None

    def view(self, news: UpdateView) -> AboutView:
        """Return it with `news`; the very object as before while those are the same."""
        if self._view is None:
            self._view = about_this()
        if self._view.news is not news:
            self._view = replace(self._view, news=news)
        return self._view


def about_this() -> AboutView:
    """Return what is known of this program. A few file reads; nothing is started for it."""
    return AboutView(
        build=this_build(),
        versions=(
            ("Python", platform.python_version()),
            ("Qt", qVersion()),
            ("PySide6", PySide6.__version__),
            ("System", system_name()),
            ("Processor", platform.machine()),
            *c_library(),
        ),
        qt_folder=qt_folder(Path(PySide6.__path__[0])),
    )


def system_name() -> str:
    """Return such as "Debian GNU/Linux 12 (bookworm)"."""
    name = platform.system()
    if name == "Darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{name} {platform.release()}"


def c_library() -> list[tuple[str, str]]:
    """Return such as ("C library", "glibc 2.36"); nothing where it does not tell."""
    try:
        found = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        return []  # another C library, or another system
    return [("C library", found)] if found else []


def qt_folder(package: Path) -> Path:
    """Return where Qt's shared libraries lie: in a folder of `package`, or beside its modules."""
    folder = package / "Qt" / "lib"
    return folder if folder.is_dir() else package
