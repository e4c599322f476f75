"""What the About page draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.build import Build
from engine.updates.snapshot import UpdateView


@dataclass(frozen=True, slots=True)
class AboutView:
    """The build, what it runs on, and whether a newer one is out."""

    build: Build = Build()
    versions: tuple[tuple[str, str], ...] = ()
    """Names and versions of what it runs on."""
    qt_folder: Path | None = None
    """Where Qt's shared libraries lie."""
    news: UpdateView = UpdateView()
