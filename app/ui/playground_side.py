"""What opens at the right of the Playground: parameters, or why a model was chosen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout

from app.theme import Theme
from app.ui.playground_decision import PlaygroundDecision
from app.ui.playground_parameters import PlaygroundParameters
from app.ui.widgets.chat_buttons import QuietButton
from app.ui.widgets.scroll_page import ScrollPage

WIDTH_PX = 344
PARAMETERS, WHY = range(2)
TITLES = ("Parameters", "Why this model?")


class PlaygroundSide(QFrame):
    """One of two parts, or none."""

    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.parameters = PlaygroundParameters(theme)
        self.decision = PlaygroundDecision(theme)
        self._title = QLabel()
        self._title.setProperty("r", "cap")
        self.close_button = QuietButton(theme, "close", "Close (Esc)")
        scroll = ScrollPage()
        scroll.column.addWidget(self.parameters)
        self._pages = QStackedWidget()
        self._pages.addWidget(scroll)
        self._pages.addWidget(self.decision)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 10, 12)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self._pages, 1)
        self.close_button.clicked.connect(self.closed)
        self.hide()

    @property
    def part(self) -> int | None:
        """PARAMETERS, WHY, or None while it is closed."""
        return None if self.isHidden() else self._pages.currentIndex()

    def open_part(self, part: int) -> None:
        """Show PARAMETERS or WHY."""
        self._pages.setCurrentIndex(part)
        self._title.setText(TITLES[part])
        self.setAccessibleName(TITLES[part])
        self.show()
