"""What needs the user's attention, each with its remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QWidget,
)

from app.theme import Theme
from app.ui.widgets.empty_state import EmptyState

ICON_PX = 16


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to see to."""

    text: str
    """What, and what mends it."""
    token: str = "warn"
    """The colour of its sign."""
    when: str = ""
    sign: str = "warning"
    """The icon."""


class AttentionList(QStackedWidget):
    """Wrapped texts with a sign, the most urgent first; an all-clear where there are none."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._items: tuple[Attention, ...] = ()
        clear = EmptyState(theme, "check")
        clear.show_text("Nothing needs your attention", "Problems and their remedies appear here.")
        self._page = QWidget()
        self._page.setObjectName("scrolled")
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(0, 0, 8, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        scroll = QScrollArea()
        scroll.setWidget(self._page)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName("What needs your attention")
        self.addWidget(clear)
        self.addWidget(scroll)
        theme.changed.connect(self._rebuild)

    def sizeHint(self) -> QSize:
        """Return the same whatever there is to see to, so that cards keep their height."""
        return QSize(240, 72)

    @property
    def texts(self) -> tuple[str, ...]:
        """What the rows say, the first row first."""
        return tuple(item.text for item in self._items)

    def show_items(self, items: Sequence[Attention]) -> None:
        """Show `items`, the first at the top."""
        shown = tuple(items)
        if shown != self._items:
            self._items = shown
            self._rebuild()

    def _rebuild(self) -> None:
        self.setCurrentIndex(1 if self._items else 0)
        while (old := self._grid.takeAt(0)) is not None:
            if widget := old.widget():
                widget.hide()
                widget.deleteLater()
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, 0)
        top = Qt.AlignmentFlag.AlignTop
        for row, item in enumerate(self._items):
            colour = self._theme.tokens.colour(item.token).name()
            sign, text, when = QLabel(), QLabel(item.text), QLabel(item.when)
            icon = self._theme.icon(item.sign, colour)
            sign.setPixmap(icon.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))
            text.setWordWrap(True)
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            when.setProperty("r", "mute")
            for column, label in enumerate((sign, text, when)):
                self._grid.addWidget(label, row, column, top)
        self._grid.setRowStretch(len(self._items), 1)
