"""The list from which a tier or a model is chosen: in groups, and searched by typing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.playground_texts import GROUPS, ModelChoice
from app.ui.widgets.painted_text import TextLook, paint_text

ROW_PX, HEAD_PX = 32, 28
WIDTH_PX = 400
PAD_PX = 10
LEAST_NOTE_PX = 40
LIST_PX = 480
"""The list scrolls where it is taller."""
ChoiceRole = Qt.ItemDataRole.UserRole


class ModelDelegate(QStyledItemDelegate):
    """A group's name, or a model with a note at its right."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the height of a row."""
        return QSize(120, ROW_PX if index.data(ChoiceRole) else HEAD_PX)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw one row."""
        tokens, choice = self._theme.tokens, index.data(ChoiceRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        box = rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        if not isinstance(choice, ModelChoice):
            head = TextLook(tokens.mute, 11, QFont.Weight.DemiBold)
            paint_text(painter, box.adjusted(0, 4, 0, 0), str(index.data()), head)
            painter.restore()
            return
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.selection if is_chosen else tokens.raised))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 6, 6)
        label = TextLook(tokens.text if choice.is_usable else tokens.mute, 13)
        used = paint_text(painter, box, choice.label, label)
        rest = box.adjusted(used + 16, 0, 0, 0)
        if rest.width() > LEAST_NOTE_PX:
            paint_text(painter, rest, choice.note, TextLook(tokens.mute, is_right=True))
        painter.restore()


class ModelMenu(QFrame):
    """The list that opens below the button; `chosen(name)` when one is taken."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._theme = theme
        self._choices: tuple[ModelChoice, ...] = ()
        self.setObjectName("modelMenu")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a model or a tier")
        self.search.setAccessibleName("Find a model or a tier")
        self.list = QListView()
        self.list.setAccessibleName("Models and tiers")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._model = QStandardItemModel(self)
        self._delegate = ModelDelegate(theme)
        self.list.setModel(self._model)
        self.list.setItemDelegate(self._delegate)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        self.search.textChanged.connect(self._fill)
        self.list.clicked.connect(self._take)

    def open_at(self, place: QPoint, choices: Sequence[ModelChoice], chosen: str) -> None:
        """Open with its corner at `place`, with `chosen` marked."""
        tokens = self._theme.tokens
        self.setStyleSheet(
            f"QFrame#modelMenu {{ background: {tokens.card}; border: 1px solid {tokens.line}; }}"
        )
        self._choices = tuple(choices)
        self.search.clear()
        self._fill("", chosen)
        rows = (self.list.sizeHintForRow(row) for row in range(self._model.rowCount()))
        self.list.setFixedHeight(min(LIST_PX, max(3 * ROW_PX, sum(rows) + 4)))
        self.setFixedWidth(WIDTH_PX)
        self.adjustSize()
        self.move(self._kept_on_screen(place))
        self.show()
        self.search.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move along the list while the search has the focus, and take what is marked."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        if step:
            self._move(step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.list.currentIndex())
        else:
            super().keyPressEvent(event)

    def _fill(self, text: str, chosen: str = "") -> None:
        self._model.clear()
        words = text.lower().split()
        for group in GROUPS:
            found = [
                choice
                for choice in self._choices
                if choice.group == group
                and all(word in f"{choice.name} {choice.label} {group}".lower() for word in words)
            ]
            if found:
                head = QStandardItem(group)
                head.setFlags(Qt.ItemFlag.NoItemFlags)
                self._model.appendRow(head)
            for choice in found:
                self._model.appendRow(_item(choice))
                if choice.name == chosen:
                    self.list.setCurrentIndex(self._model.index(self._model.rowCount() - 1, 0))
        if not self.list.currentIndex().isValid() and self._model.rowCount() > 1:
            self.list.setCurrentIndex(self._model.index(1, 0))

    def _move(self, step: int) -> None:
        row = self.list.currentIndex().row() + step
        while 0 <= row < self._model.rowCount():
            index = self._model.index(row, 0)
            if index.data(ChoiceRole):
                self.list.setCurrentIndex(index)
                return
            row += step

    def _take(self, index: QModelIndex) -> None:
        choice = index.data(ChoiceRole) if index.isValid() else None
        if isinstance(choice, ModelChoice):
            self.hide()
            self.chosen.emit(choice.name)

    def _kept_on_screen(self, place: QPoint) -> QPoint:
        room = self.screen().availableGeometry()
        left = min(place.x(), room.right() - self.width())
        top = min(place.y(), room.bottom() - self.height())
        return QPoint(max(room.left(), left), max(room.top(), top))


def _item(choice: ModelChoice) -> QStandardItem:
    item = QStandardItem(choice.label)
    item.setData(choice, ChoiceRole)
    item.setToolTip(choice.note)
    return item
