"""What stands where there is nothing yet: why, and what to do."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.theme import Theme

ICON_PX = 32
ROOM_FOR_ICON_PX = 120


class EmptyState(QWidget):
    """An icon, a line that says what is so and a line that says what to do."""

    def __init__(self, theme: Theme, icon_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = icon_name
        self._icon = QLabel()
        self._title = QLabel()
        self._title.setProperty("r", "cap")
        self._hint = QLabel()
        self._hint.setProperty("r", "mute")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(4)
        column.addStretch(1)
        for label in (self._icon, self._title, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(label is not self._icon)
            column.addWidget(label)
        column.addStretch(1)
        theme.changed.connect(self._draw_icon)
        self._draw_icon()

    @property
    def text(self) -> str:
        """Both lines."""
        return f"{self._title.text()} {self._hint.text()}".strip()

    def show_text(self, title: str, hint: str) -> None:
        """Say `title`, and in `hint` what to do about it."""
        self._title.setText(title)
        self._hint.setText(hint)
        self.setAccessibleName(f"{title} {hint}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the icon out where there is little room: the words matter more."""
        super().resizeEvent(event)
        self._icon.setVisible(self.height() >= ROOM_FOR_ICON_PX)

    def hasHeightForWidth(self) -> bool:
        """Return False: a wrapped line shall not make the page around it taller."""
        return False

    def minimumSizeHint(self) -> QSize:
        """Return the room of the words."""
        return QSize(160, 56)

    def _draw_icon(self) -> None:
        icon = self._theme.icon(self._icon_name, self._theme.tokens.mute)
        self._icon.setPixmap(icon.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))
