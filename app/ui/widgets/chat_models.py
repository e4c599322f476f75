"""Chooses a tier or a model: a button, and a list in groups that can be searched."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.playground_texts import GROUPS, ModelChoice, label_of

ROW_PX, HEAD_PX = 32, 28
WIDTH_PX = 400
PAD_PX = 10
ARROW_PX = 12
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
            _write(
                painter, box.adjusted(0, 4, 0, 0), str(index.data()), tokens.mute, 11, is_bold=True
            )
            painter.restore()
            return
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.selection if is_chosen else tokens.raised))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 6, 6)
        used = _write(
            painter, box, choice.label, tokens.text if choice.is_usable else tokens.mute, 13
        )
        rest = box.adjusted(used + 16, 0, 0, 0)
        if rest.width() > 40:
            _write(painter, rest, choice.note, tokens.mute, 12, is_right=True)
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


def _item(choice: ModelChoice) -> QStandardItem:
    item = QStandardItem(choice.label)
    item.setData(choice, ChoiceRole)
    item.setToolTip(choice.note)
    return item


def _write(
    painter: QPainter,
    box: QRectF,
    text: str,
    colour: str,
    size_px: int,
    *,
    is_right: bool = False,
    is_bold: bool = False,
) -> int:
    """Draw `text` in `box`, shortened to its width, and return the width it takes."""
    font = QFont(painter.font())
    font.setPixelSize(size_px)
    font.setWeight(QFont.Weight.DemiBold if is_bold else QFont.Weight.Normal)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
    side = Qt.AlignmentFlag.AlignRight if is_right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)
    return metrics.horizontalAdvance(shown)
