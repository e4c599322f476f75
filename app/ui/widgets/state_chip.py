"""A short state in a pill of its colour."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.theme import Theme
from app.ui.plain_texts import plain_tip

HEIGHT_PX = 24


class StateChip(QLabel):
    """A dot and a few words; the tooltip may say more."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown = ("", "mute", "")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT_PX)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_state(self, text: str, token_name: str, tooltip: str = "") -> None:
        """Show `text` in the colour of a token; an empty text hides the chip."""
        shown = (text, token_name, tooltip)
        if shown == self._shown:
            return
        self._shown = shown
        self.setText(f"\N{BLACK CIRCLE}  {text}")
        self.setToolTip(plain_tip(tooltip))
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self._restyle()

    def _restyle(self) -> None:
        colour: QColor = self._theme.tokens.colour(self._shown[1])
        self.setStyleSheet(
            f"color: {colour.name()}; background: rgba({colour.red()}, {colour.green()},"
            f" {colour.blue()}, 30); border-radius: 12px; padding: 0 12px; font-size: 12px;"
            " font-weight: 500;"
        )
