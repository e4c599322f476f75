"""The quiet buttons under a message."""

from __future__ import annotations

from PySide6.QtCore import QSize

from app.theme import Theme
from app.ui.widgets.icon_button import IconButton

SIZE_PX = 26
ICON_PX = 14


class QuietButton(IconButton):
    """A small icon without a frame until it is pointed at."""

    def __init__(self, theme: Theme, icon_name: str, tooltip: str) -> None:
        super().__init__(theme, icon_name, tooltip)
        self.setProperty("flat", True)
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self.setFixedWidth(SIZE_PX)
        # The style sheet's height counts, not the widget's; its frame comes on top.
        inside = SIZE_PX - 2
        self.setStyleSheet(
            f"padding: 0; min-height: {inside}px; max-height: {inside}px; border-radius: 6px;"
        )

    def _draw_icon(self) -> None:
        self.setIcon(self._theme.icon(self._icon_name, self._theme.tokens.mute))
