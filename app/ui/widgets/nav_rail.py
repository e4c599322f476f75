"""The column of pages at the left of the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
)

from app.theme import Theme

WIDTH_PX = 208
ROW_PX = 40
# As numbers: the names would load all of Qt's enumerations, 15 ms of the start.
TEXT_BESIDE_ICON = 2
TAB_FOCUS = 1


@dataclass(frozen=True, slots=True)
class RailEntry:
    """One page as the rail shows it."""

    title: str
    icon_name: str
    is_at_bottom: bool = False


class NavRail(QFrame):
    """Buttons for pages; `chosen(index)` is emitted when the user picks one.

    Up and Down move along it; its window opens pages by Ctrl and a digit.
    """

    chosen = Signal(int)
    painted = Signal()
    """It was painted."""

    def __init__(self, theme: Theme, entries: Sequence[RailEntry], badge: str = "") -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName("Pages")
        self._theme = theme
        self._entries = tuple(entries)
        self._logo = QLabel()
        self._logo.setFixedSize(24, 24)
        self._group = QButtonGroup(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 16, 12, 16)
        self._column.setSpacing(4)
        self._column.addLayout(self._heading())
        self._column.addSpacing(8)
        self.buttons = tuple(self._button(index) for index in range(len(self._entries)))
        for at_bottom in (False, True):
            if at_bottom:
                self._column.addStretch(1)
                if badge:
                    self._column.addWidget(_badge(badge))
                    self._column.addSpacing(4)
            for entry, button in zip(self._entries, self.buttons, strict=True):
                if entry.is_at_bottom is at_bottom:
                    self._column.addWidget(button)
        self._group.idClicked.connect(self.chosen)
        theme.changed.connect(self._colour_icons)
        self._colour_icons()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, and tell so."""
        super().paintEvent(event)
        self.painted.emit()

    def mark(self, index: int) -> None:
        """Show page `index` as the open one."""
        self.buttons[index].setChecked(True)
        self._colour_icons()

    def _heading(self) -> QHBoxLayout:
        name = QLabel("Universal AI Tools")
        name.setProperty("r", "brand")
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._logo)
        row.addWidget(name, 1)
        return row

    def _button(self, index: int) -> QToolButton:
        entry = self._entries[index]
        button = QToolButton()
        button.setText(f"  {entry.title}")
        button.setAccessibleName(entry.title)
        button.setToolTip(f"{entry.title} (Ctrl+{index + 1})")
        button.setProperty("toolButtonStyle", TEXT_BESIDE_ICON)
        button.setIconSize(QSize(20, 20))
        button.setCheckable(True)
        button.setProperty("focusPolicy", TAB_FOCUS)
        button.setFixedHeight(ROW_PX)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._group.addButton(button, index)
        return button

    def _colour_icons(self) -> None:
        tokens = self._theme.tokens
        self._logo.setPixmap(self._theme.icon("app").pixmap(QSize(24, 24)))
        for entry, button in zip(self._entries, self.buttons, strict=True):
            colour = tokens.accent if button.isChecked() else tokens.dim
            button.setIcon(self._theme.icon(entry.icon_name, colour))


def _badge(text: str) -> QLabel:
    from PySide6.QtCore import Qt

    badge = QLabel(text)
    badge.setProperty("r", "badge")
    badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return badge
