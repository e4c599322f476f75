"""The names of a few pages, one of which shows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTabBar

from app.theme import Theme


class TabStrip(QTabBar):
    """Underlined names; left and right move along them."""

    def __init__(self, theme: Theme, name: str, titles: Sequence[str]) -> None:
        super().__init__()
        self._theme = theme
        self.setAccessibleName(name)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for title in titles:
            self.addTab(title)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self.setStyleSheet(
            "QTabBar { background: transparent; border: 0; }"
            f"QTabBar::tab {{ color: {tokens.mute}; background: transparent; border: 0;"
            " border-bottom: 2px solid transparent; padding: 6px 2px; margin-right: 20px;"
            " font-weight: 500; }"
            f"QTabBar::tab:hover {{ color: {tokens.text}; }}"
            f"QTabBar::tab:selected {{ color: {tokens.text}; border-color: {tokens.accent}; }}"
            f"QTabBar::tab:focus {{ color: {tokens.accent}; }}"
        )
