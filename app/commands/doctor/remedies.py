"""The exact command that installs a system package here."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import resources
from pathlib import Path

INSTALLERS = {
    "apt-get": "apt-get install -y --no-install-recommends",
    "dnf": "dnf install -y",
    "pacman": "pacman -S --needed",
    "brew": "brew install",
}

PACKAGES: dict[str, dict[str, str]] = {
    "portaudio": {
        "apt-get": "libportaudio2 libasound2-plugins pulseaudio-utils",
        "dnf": "portaudio alsa-plugins-pulseaudio pulseaudio-utils",
        "pacman": "portaudio alsa-plugins libpulse",
        "brew": "portaudio",
    },
    "qt": {
        "apt-get": "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libfreetype6 "
        "libglib2.0-0",
        "dnf": "libglvnd-egl libglvnd-glx libxkbcommon dbus-libs fontconfig freetype glib2",
        "pacman": "libglvnd libxkbcommon dbus fontconfig freetype2 glib2",
    },
    "x11": {
        "apt-get": "libx11-xcb1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-glx0 libxcb-icccm4 "
        "libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render0 libxcb-render-util0 "
        "libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xkb1",
        "dnf": "xcb-util-cursor xcb-util-image xcb-util-keysyms xcb-util-renderutil xcb-util-wm "
        "libxkbcommon-x11",
        "pacman": "xcb-util-cursor xcb-util-image xcb-util-keysyms xcb-util-renderutil "
        "xcb-util-wm libxkbcommon-x11",
    },
    "cublas": {
        "apt-get": "libcublas12",
        "dnf": "libcublas-12-9",
        "pacman": "cuda",
    },
    "cjk fonts": {
        "apt-get": "fonts-noto-cjk",
        "dnf": "google-noto-sans-cjk-fonts",
        "pacman": "noto-fonts-cjk",
    },
    "keyring": {
        "apt-get": "gnome-keyring",
        "dnf": "gnome-keyring",
        "pacman": "gnome-keyring",
    },
}
"""What each need is called by each installer."""


def set_up_again(home: Path | None = None) -> str:
    """Return the command that makes this installation anew; settings and history stay.

    home: the checkout; by default the one this program runs from.
    """
    found = home or Path(str(resources.files("resources"))).parent
    if (found / "Makefile").exists():
        return f'make -C "{found}" clean run'
    return "install the application again: your settings and history stay"


def install_command(need: str) -> str:
    """Return the command that installs `need`, a key of PACKAGES, on this machine."""
    for tool, packages in PACKAGES[need].items():
        if shutil.which(tool):
            return f"{_prefix(tool)}{INSTALLERS[tool]} {packages}"
    return f"install what Debian calls: {PACKAGES[need]['apt-get']}"


def _prefix(tool: str) -> str:
    if tool == "brew" or sys.platform == "win32" or os.geteuid() == 0:
        return ""
    return "sudo "
