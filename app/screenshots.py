"""Every page and each of its tabs, light and dark, as PNG."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from app.chat_values import PlaygroundSnapshot
from app.theme import Theme
from app.ui.activity_values import ActivitySnapshot
from app.ui.gpu_values import GpuView
from app.ui.main_window import USUAL, MainWindow
from app.ui.models_values import ModelsSnapshot
from app.ui.parameters_values import ParametersView
from app.ui.settings_panel import SettingsSnapshot
from app.ui.widgets.tab_strip import TabStrip

SETTLE_S = 0.6
"""A page is fed several times and laid out in this time."""
MOST_WAIT_S = 60.0
"""How long all pages together are waited for that do not know yet what to show."""
THEMES = ("dark", "light")


class Session(Protocol):
    """What is behind the window."""

    window: MainWindow

    @property
    def shown(self) -> object:
        """The snapshot that the open page shows; None before its first."""
        ...

    @property
    def is_answered(self) -> bool:
        """Whether nothing is under way that a page has asked for."""
        ...


async def take_screenshots(session: Session, theme: Theme, folder: Path) -> tuple[str, ...]:
    """Save every page in `folder`, which is there, and return what was pictured too early.

    `<page>_<theme>.png` is a page as it opens, `<page>-<tab>_<theme>.png` its further tabs. Each
    is waited for until it knows what to show; those that did not in time are named.
    """
    session.window.resize(USUAL)
    early, left_s = [], MOST_WAIT_S
    for choice in THEMES:
        theme.choose(choice)
        for name in _views(session.window):
            await asyncio.sleep(SETTLE_S)
            while not (is_ready := is_known(session.shown) and session.is_answered) and left_s > 0:
                await asyncio.sleep(SETTLE_S)
                left_s -= SETTLE_S
            if not is_ready:
                early.append(f"{name}_{choice}")
            session.window.grab().save(str(folder / f"{name}_{choice}.png"), "PNG")
    return tuple(early)


def is_known(snapshot: object) -> bool:
    """Tell whether `snapshot` says how things are, rather than that this is yet to be found out."""
    if isinstance(snapshot, ParametersView):
        return snapshot.is_ready and snapshot.analytics.version > 0
    if isinstance(
        snapshot,
        ActivitySnapshot | GpuView | ModelsSnapshot | PlaygroundSnapshot | SettingsSnapshot,
    ):
        return snapshot.is_ready
    return snapshot is not None


def _views(window: MainWindow) -> Iterator[str]:
    """Open one page and tab after the other and yield the name of each."""
    for index, title in enumerate(window.titles):
        window.open_page(index)
        yield title.lower()
        tabs = getattr(window.panel, "tabs", None)
        if isinstance(tabs, TabStrip):
            for tab in _further(tabs):
                yield f"{title.lower()}-{tab}"


def _further(tabs: TabStrip) -> Iterator[str]:
    """Choose one tab after the other but the first, yield the name of each, and go back."""
    for at in range(1, tabs.count()):
        if tabs.isTabVisible(at):
            tabs.setCurrentIndex(at)
            yield _slug(tabs.tabText(at))
    tabs.setCurrentIndex(0)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
