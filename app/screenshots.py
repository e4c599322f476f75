"""Every page, light and dark, as PNG."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.theme import Theme
from app.ui.main_window import USUAL, MainWindow

SETTLE_S = 0.6
"""A page is fed several times and laid out in this time."""
THEMES = ("dark", "light")


async def take_screenshots(window: MainWindow, theme: Theme, folder: Path) -> None:
    """Save `<page>_<theme>.png` of every page in `folder`, which is there."""
    window.resize(USUAL)
    for choice in THEMES:
        theme.choose(choice)
        for index, title in enumerate(window.titles):
            window.open_page(index)
            await asyncio.sleep(SETTLE_S)
            window.grab().save(str(folder / f"{title.lower()}_{choice}.png"), "PNG")
