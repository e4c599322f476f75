"""What a page holds, scrolled where the window is too small for it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget


class ScrollPage(QScrollArea):
    """A column that scrolls up and down only; fill `column`."""

    def __init__(self) -> None:
        super().__init__()
        inside = QWidget()
        inside.setObjectName("scrolled")
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # A gap between the cards and the bar, which the style sheet of the window has not.
        self.verticalScrollBar().setStyleSheet(
            "QScrollBar:vertical { width: 16px; } QScrollBar::handle:vertical { margin-left: 6px; }"
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
