"""A small button that shows an icon alone."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QPushButton

from app.theme import Theme

ICON_PX = 16
WIDTH_PX = 32


class IconButton(QPushButton):
    """An icon in the theme's colours; `tooltip` says what it does, its key in brackets."""

    def __init__(self, theme: Theme, icon_name: str, tooltip: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = icon_name
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self.setFixedWidth(WIDTH_PX)
        self.setStyleSheet("padding: 0;")
        self.setToolTip(tooltip)
        self.setAccessibleName(tooltip.partition(" (")[0])
        theme.changed.connect(self._draw_icon)
        self._draw_icon()

    def show_icon(self, icon_name: str) -> None:
        """Show another icon from now on."""
        self._icon_name = icon_name
        self._draw_icon()

    def _draw_icon(self) -> None:
        self.setIcon(self._theme.icon(self._icon_name))
