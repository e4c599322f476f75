"""Chooses a tier or a model: a button that opens a list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton

from app.theme import Theme
from app.ui.playground_texts import ModelChoice, label_of
from app.ui.widgets.chat_model_menu import ModelMenu

ARROW_PX = 12


class ModelPicker(QPushButton):
    """Shows what is chosen; Enter, Space or Down opens the list."""

    picked = Signal(str)

    def __init__(self, theme: Theme, name: str, key: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._key = key
        self._choices: tuple[ModelChoice, ...] = ()
        self._value = ""
        self._menu: ModelMenu | None = None
        # With a selector: the list is a child, and would have the padding too.
        self.setStyleSheet("QPushButton { text-align: left; padding: 0 10px; }")
        theme.changed.connect(self.update)
        self.setMinimumWidth(96)
        self.clicked.connect(self.open_list)
        self._show()

    @property
    def value(self) -> str:
        """The name of what is chosen."""
        return self._value

    @property
    def menu_list(self) -> ModelMenu:
        """The list, made when it is first opened."""
        if self._menu is None:
            self._menu = ModelMenu(self._theme, self)
            self._menu.chosen.connect(self._pick)
        return self._menu

    def show_choices(self, choices: Sequence[ModelChoice], value: str) -> None:
        """Offer `choices` with `value` chosen, which need not be one of them."""
        if tuple(choices) == self._choices and value == self._value:
            return
        self._choices = tuple(choices)
        self._value = value
        self._show()

    def open_list(self) -> None:
        """Open the list below the button."""
        below = self.mapToGlobal(QPoint(0, self.height() + 4))
        self.menu_list.open_at(below, self._choices, self._value)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the list with Down and Enter too."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_list()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the text to the new width."""
        super().resizeEvent(event)
        self._show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button with an arrow at its right."""
        super().paintEvent(event)
        icon = self._theme.icon("arrow_down", self._theme.tokens.dim)
        top = (self.height() - ARROW_PX) // 2
        icon.paint(QPainter(self), self.width() - ARROW_PX - 10, top, ARROW_PX, ARROW_PX)

    def sizeHint(self) -> QSize:
        """Return a width that most names fit in."""
        return QSize(220, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return the room of a short name."""
        return QSize(96, super().minimumSizeHint().height())

    def _show(self) -> None:
        label = label_of(self._value, self._choices) or "Choose a model"
        room = max(20, self.width() - 48)
        self.setText(self.fontMetrics().elidedText(label, Qt.TextElideMode.ElideMiddle, room))
        self.setToolTip(f"{self._name}: {label} ({self._key})")
        self.setAccessibleName(f"{self._name}: {label}")

    def _pick(self, name: str) -> None:
        self._value = name
        self._show()
        self.picked.emit(name)
