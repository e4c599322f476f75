"""The conversations that are kept, as a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.theme import Theme
from app.ui.quantity_texts import counted, when_text
from app.ui.widgets.painted_text import TextLook, paint_text
from engine.router.snapshot import ConversationView

ROW_PX, PAD_PX = 52, 10
TITLE_PX, META_PX = 13, 12
ViewRole = Qt.ItemDataRole.UserRole
MetaRole = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


def meta_text(view: ConversationView, today: date) -> str:
    """Return when a conversation was changed and how long it is."""
    when = when_text(view.changed, today)
    return f"{when}  \N{MIDDLE DOT}  {counted(view.messages, 'message', 'messages')}"


class ConversationModel(QAbstractListModel):
    """The conversations in the order given. renamed(id, title) when a title was written."""

    renamed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._views: tuple[ConversationView, ...] = ()
        self._today = date.min

    @property
    def views(self) -> tuple[ConversationView, ...]:
        """All rows."""
        return self._views

    def replace(self, views: Sequence[ConversationView], today: date) -> None:
        """Take `views` as the rows."""
        self.beginResetModel()
        self._views, self._today = tuple(views), today
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many rows there are."""
        return 0 if parent is not None and parent.isValid() else len(self._views)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the title, the line below it, or the ConversationView itself."""
        if not index.isValid():
            return None
        view = self._views[index.row()]
        roles = Qt.ItemDataRole
        if role in (roles.DisplayRole, roles.EditRole, roles.ToolTipRole):
            return view.title
        if role == MetaRole:
            return meta_text(view, self._today)
        if role == roles.AccessibleTextRole:
            return f"{view.title} ({meta_text(view, self._today)})"
        return view if role == ViewRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Allow a title to be written."""
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    # Qt's name for what is called when an editor closes.
    def setData(  # noqa: N802
        self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Tell the new title; the row changes once it is kept."""
        title = " ".join(str(value).split())
        view = self._views[index.row()]
        if title and title != view.title:
            self.renamed.emit(view.id, title)
        return False


class ConversationDelegate(QStyledItemDelegate):
    """The title, and below it when and how long."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.open_id = ""
        """The conversation that shows."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of a row."""
        return QSize(120, ROW_PX)

    # Qt's names for what makes and places the field a title is written in.
    def createEditor(  # noqa: N802
        self, parent: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> QWidget:
        """Return the field a title is written in."""
        field = QLineEdit(parent)
        field.setAccessibleName("Title")
        return field

    def updateEditorGeometry(  # noqa: N802
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Put the field in the middle of the row."""
        rect = QRectF(option.rect).toRect()
        editor.setGeometry(rect.adjusted(2, 9, -2, -9))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        tokens, view = self._theme.tokens, index.data(ViewRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        plate = rect.adjusted(0.5, 1.5, -0.5, -1.5)
        is_open = isinstance(view, ConversationView) and view.id == self.open_id
        if is_open or option.state & QStyle.StateFlag.State_Selected:
            _plate(painter, plate, tokens.selection)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            _plate(painter, plate, tokens.raised)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(plate, 8, 8)
        box = QRectF(rect.left() + PAD_PX, rect.top() + 8, rect.width() - 2 * PAD_PX, 18)
        weight = QFont.Weight.Medium if is_open else QFont.Weight.Normal
        title = TextLook(tokens.text, TITLE_PX, weight)
        paint_text(painter, box, str(index.data()), title)
        box.moveTop(box.bottom())
        paint_text(painter, box, str(index.data(MetaRole)), TextLook(tokens.mute, META_PX))
        painter.restore()


class ConversationList(QListView):
    """Enter or a click opens, F2 renames, Del deletes what is selected."""

    opened = Signal(object)
    """A ConversationView."""
    renamed = Signal(str, str)
    delete_pressed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._model = ConversationModel()
        self._delegate = ConversationDelegate(theme)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Conversations")
        self._model.renamed.connect(self.renamed)
        self.clicked.connect(self._open)
        theme.changed.connect(self.viewport().update)

    @property
    def views(self) -> tuple[ConversationView, ...]:
        """Every conversation that is listed."""
        return self._model.views

    def selected(self) -> tuple[ConversationView, ...]:
        """Return the selected conversations in the order of the list."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self._model.views[row] for row in rows)

    def show_conversations(self, views: Sequence[ConversationView], today: date) -> None:
        """List `views`; the place in the list stays."""
        if tuple(views) == self._model.views or self.state() == self.State.EditingState:
            return
        place = self.verticalScrollBar().value()
        chosen = {view.id for view in self.selected()}
        self._model.replace(views, today)
        self.verticalScrollBar().setValue(place)
        for row, view in enumerate(views):
            if view.id in chosen:
                self.setCurrentIndex(self._model.index(row, 0))
                break

    def show_open(self, conversation: str) -> None:
        """Mark the conversation that is open."""
        if conversation != self._delegate.open_id:
            self._delegate.open_id = conversation
            self.viewport().update()

    def rename(self, conversation: str) -> None:
        """Let the title of a conversation be written."""
        for row, view in enumerate(self._model.views):
            if view.id == conversation:
                index = self._model.index(row, 0)
                self.setCurrentIndex(index)
                self.edit(index)

    def event(self, event: QEvent) -> bool:
        """Keep Del for the list where the window has a shortcut of the same key."""
        if event.type() == QEvent.Type.ShortcutOverride and _is_own_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open or delete; everything else moves in the list."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Delete):
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        if len(self.selectionModel().selectedRows()) <= 1:
            self.opened.emit(index.data(ViewRole))


def _is_own_key(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_F2)


def _plate(painter: QPainter, plate: QRectF, colour: str) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(plate, 8, 8)
