"""What the doctor looks at for the window: Qt, its libraries, a display, fonts."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module, resources
from pathlib import Path

from app.commands.doctor.remedies import install_command, set_up_again
from app.commands.doctor.report import Check

FIRST_BROKEN_QT = (6, 12)
"""It loses references to None on Python 3.11 and aborts: see docs/decisions/0002."""


def qt() -> Check:
    """Check that Qt loads and has a version that works."""
    try:
        core = import_module("PySide6.QtCore")
        import_module("PySide6.QtWidgets")
    except ModuleNotFoundError as error:
        return Check("qt", "missing", str(error), set_up_again())
    except ImportError as error:  # a shared library that Qt needs
        return Check("qt", "missing", str(error), install_command("qt"))
    version = str(core.qVersion())
    if tuple(int(part) for part in version.split(".")[:2]) >= FIRST_BROKEN_QT:
        detail = f"{version}: this version crashes under live plots"
        return Check("qt", "missing", detail, set_up_again())
    return Check("qt", "ok", version)


def x11_libraries() -> Check:
    """Check that Qt's X11 plugin finds the libraries it needs."""
    name = "x11 libraries"
    try:
        package = import_module("PySide6")
    except ImportError as error:
        return Check(name, "missing", str(error), set_up_again())
    plugin = Path(str(package.__file__)).parent / "Qt/plugins/platforms/libqxcb.so"
    if not plugin.exists():
        return Check(name, "ok", "not used on this system")
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        return Check(name, "missing", str(error), install_command("x11"))
    return Check(name, "ok", "all found")


def display(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> Check:
    """Check that there is a screen to open a window on."""
    if not system.startswith("linux"):
        return Check("display", "ok", "the desktop")
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if environment.get(variable):
            return Check("display", "ok", f"{variable}={environment[variable]}")
    detail = "none: the window cannot open here; the commands without a window work"
    return Check("display", "warning", detail, "universal-ai-tools listen")


def fonts(folder: Path | None = None) -> Check:
    """Check that the application's own typeface came along."""
    place = folder or Path(str(resources.files("resources"))) / "fonts"
    found = sorted(path.name for path in place.glob("Inter*.?tf"))
    if not found:
        detail = f"Inter is not in {place}: the system's typeface is used"
        return Check("typeface", "warning", detail, f"git checkout -- {place}")
    return Check("typeface", "ok", f"Inter, {len(found)} weights")


def glyphs() -> Check:
    """Check that transcripts in Chinese, Japanese and Korean can be shown."""
    name = "glyphs"
    if shutil.which("fc-list") is None:
        return Check(name, "ok", "left to the system")
    lacking = [
        language
        for code, language in (("zh", "Chinese"), ("ja", "Japanese"), ("ko", "Korean"))
        if not _fonts_for(code)
    ]
    if lacking:
        detail = f"no font for {', '.join(lacking)}: such text shows as boxes"
        return Check(name, "warning", detail, install_command("cjk fonts"))
    return Check(name, "ok", "Latin, Chinese, Japanese, Korean")


def _fonts_for(code: str) -> str:
    found = subprocess.run(
        ["fc-list", f":lang={code}", "family"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()
