"""What the doctor looks at on the machine: Python, folders, disk, settings, secrets."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

from app.commands.doctor.remedies import install_command, set_up_again
from app.commands.doctor.report import Check
from engine.build import Build
from engine.configuration import SettingsFile
from engine.errors import SettingsError
from engine.folders import Folders
from engine.keychain import KeyringStore, best_store

OLDEST_PYTHON = (3, 11)

LITTLE_DISK_GIB, NO_DISK_GIB = 2.0, 0.2
"""A larger speech model takes up to 3 GiB, an hour of sound 0.1 GiB."""

GIB = 1 << 30


def application(build: Build) -> Check:
    """Tell which build this is; nothing can be wrong with it."""
    return Check("application", "ok", build.sentence)


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """Check that Python is new enough."""
    detail = f"{'.'.join(str(part) for part in version)} in {sys.prefix}"
    if version < OLDEST_PYTHON:
        return Check("python", "missing", f"{detail}: 3.11 or newer is needed", set_up_again())
    return Check("python", "ok", f"{detail}, {platform.system()} {platform.machine()}")


def settings(file: SettingsFile, kind: type[Any]) -> Check:
    """Check that the settings file, where there is one, can be used."""
    try:
        file.read(kind)
    except SettingsError as error:
        return Check("settings", "missing", str(error), f'"${{EDITOR:-nano}}" "{file.path}"')
    said = file.path if file.path.exists() else f"defaults; {file.path} does not exist yet"
    return Check("settings", "ok", str(said))


def writable(folders: Folders) -> Check:
    """Check that the user's folders can be made and written."""
    wanted = (folders.config, folders.data, folders.cache, folders.log)
    closed = [place for folder in wanted if not os.access(place := existing(folder), os.W_OK)]
    if closed:
        places = " ".join(f'"{place}"' for place in dict.fromkeys(closed))
        return Check("folders", "missing", f"not writable: {places}", f"chmod u+rwx {places}")
    return Check("folders", "ok", ", ".join(dict.fromkeys(str(folder) for folder in wanted)))


def disk_space(folder: Path) -> Check:
    """Check that recordings, history and models have room."""
    found = existing(folder)
    free_gib = shutil.disk_usage(found).free / GIB
    detail = f"{free_gib:.1f} GiB free for {folder}"
    if free_gib < NO_DISK_GIB:
        return Check("disk space", "missing", detail, f'du -sh "{found}"/* | sort -h')
    if free_gib < LITTLE_DISK_GIB:
        return Check("disk space", "warning", f"{detail}: larger speech models will not fit")
    return Check("disk space", "ok", detail)


def secrets(folders: Folders) -> Check:
    """Check where secrets would be kept."""
    store = best_store(folders.secrets_file)
    if isinstance(store, KeyringStore):
        return Check("secrets", "ok", store.label)
    detail = f"no system keyring: {store.label}, readable by you only"
    return Check("secrets", "warning", detail, install_command("keyring"))


def existing(folder: Path) -> Path:
    """Return `folder`, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())
