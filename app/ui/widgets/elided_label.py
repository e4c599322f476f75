"""A label that shortens its text instead of being clipped."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.ui.plain_texts import plain_tip


class ElidedLabel(QLabel):
    """One line; what does not fit becomes an ellipsis, with the whole text as its tooltip."""

    def __init__(self, role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        if role:
            self.setProperty("r", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    @property
    def whole_text(self) -> str:
        """The text before it was shortened."""
        return self._whole

    def show_text(self, text: str) -> None:
        """Show `text`, which may be of any length; line breaks become spaces."""
        text = " ".join(text.split())
        if text == self._whole:
            return
        self._whole = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self._shorten()

    def sizeHint(self) -> QSize:
        """Return the room the whole text would take."""
        width = self.fontMetrics().horizontalAdvance(self._whole)
        return QSize(width + 2, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return the room of a few letters."""
        return QSize(min(self.sizeHint().width(), 24), self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the text to the new width."""
        super().resizeEvent(event)
        self._shorten()

    def _shorten(self) -> None:
        shown = self.fontMetrics().elidedText(
            self._whole, Qt.TextElideMode.ElideRight, self.contentsRect().width()
        )
        self.setText(shown)
        self.setToolTip("" if shown == self._whole else plain_tip(self._whole))
