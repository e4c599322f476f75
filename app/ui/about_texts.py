"""The words of the About page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from app.ui.about_values import AboutView
from app.ui.quantity_texts import when_text
from engine.build import Build
from engine.updates.snapshot import UpdateState, UpdateView

NAME = "Universal AI Tools"
PURPOSE = (
    "One window and one loopback address for everything that runs AI on your workstation. "
    "MIT licence."
)
UNKNOWN = "\N{EM DASH}"
ABOUT_UPDATES = (
    "Off until you say yes. Once a day it then asks the address below, by a plain GET in which "
    "nothing tells who you are. A new version is told, and never downloaded."
)
OURS = (
    "Universal AI Tools is free software under the MIT licence: use it, change it and pass it on, "
    "as long as the licence stays with it. It comes without warranty."
)
QT_RIGHTS = (
    "It uses Qt and Qt for Python (PySide6) under the GNU LGPL, version 3. Both stay separate "
    "shared libraries: in an installed application below _internal/PySide6, Qt's own on Linux in "
    "_internal/PySide6/Qt/lib. You may replace them by builds of your own with the same interface, "
    "and take the application apart as far as that needs it. Its list below has the texts of LGPL "
    "and GPL; Qt's sources are at qt.io."
)


def version_text(build: Build) -> str:
    """Return such as "Version 0.1.0"."""
    return f"Version {build.version}" if build.version else "Version unknown"


def build_facts(view: AboutView) -> list[tuple[str, str]]:
    """Return names and values of what is known of the build and of what it runs on."""
    build = view.build
    built = f"{build.built_utc:%Y-%m-%d %H:%M} UTC" if build.built_utc else "not packaged"
    return [
        ("Commit", build.commit or UNKNOWN),
        ("Built", built),
        *view.versions,
    ]


def report_text(view: AboutView, folders: Sequence[tuple[str, Path]]) -> str:
    """Return what belongs into a bug report; the user's name is left out of paths."""
    lines = [view.build.sentence]
    lines += [f"{name}: {value}" for name, value in view.versions]
    lines += [f"{name}: {home_as_tilde(path)}" for name, path in folders]
    return "\n".join(lines)


def home_as_tilde(path: Path, home: Path | None = None) -> str:
    """Return `path` with `~` for the user's own folder, by default the one of who runs this."""
    try:
        inside = path.relative_to(home or Path.home())
    except (ValueError, RuntimeError):  # elsewhere; or a user without a folder
        return str(path)
    return str(Path("~") / inside)


def news_texts(view: UpdateView, today: date) -> tuple[str, str]:
    """Return what is known of new versions: a line, and what else there is to say of it."""
    asked = f"{view.host} was asked {_moment(view, today)}"
    known = f"Version {view.latest.version} is out" if view.latest and view.is_newer else ""
    match view.state:
        case UpdateState.OFF:
            return "New versions are not looked for", "Nobody is asked anything."
        case UpdateState.NO_ADDRESS:
            return "There is nobody to ask", "This build names no address: enter one below."
        case UpdateState.WAITING:
            return "Not looked for yet", f"{view.host} is asked soon."
        case UpdateState.LOOKING:
            return (
                known or "Looking for a new version",
                f"{view.host} is being asked\N{HORIZONTAL ELLIPSIS}",
            )
        case UpdateState.FAILED:
            return known or "No news", view.problem
    if known and view.latest and view.latest.released:
        return known, f"Released on {day_text(view.latest.released)}; {asked}"
    return known or "No newer version is out", asked


def news_chip(view: UpdateView) -> tuple[str, str]:
    """Return a word for the state, and the token of its colour."""
    if view.state is UpdateState.FAILED:
        return "No answer", "warn"
    if view.is_newer:
        return "New", "accent"
    return {
        UpdateState.OFF: ("Off", "mute"),
        UpdateState.NO_ADDRESS: ("No address", "warn"),
        UpdateState.KNOWN: ("Up to date", "ok"),
    }.get(view.state, ("On", "mute"))


def day_text(day: date) -> str:
    """Return such as "31 January 2030"."""
    return f"{day.day} {day:%B} {day.year}"


def _moment(view: UpdateView, today: date) -> str:
    when = when_text(view.looked_at, today)
    return (
        f"at {when}"
        if view.looked_at and view.looked_at.astimezone().date() == today
        else f"on {when}"
    )
