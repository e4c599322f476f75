"""The history of what was said, as a list to read, pick from and search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QWidget

from app.theme import Theme
from app.ui.widgets.history_delegate import HistoryDelegate
from app.ui.widgets.history_model import HistoryModel
from engine.voice.snapshot import Utterance


class HistoryList(QListView):
    """Utterances in the order given; Ctrl+C copies and Del asks to delete what is selected."""

    picked = Signal()
    """The selection changed."""
    delete_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = HistoryModel()
        self._delegate = HistoryDelegate(theme)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("History of transcripts")
        self.selectionModel().selectionChanged.connect(self._tell)
        theme.changed.connect(self.viewport().update)

    def show_utterances(self, utterances: Sequence[Utterance], *, query: str, today: date) -> None:
        """List `utterances`, marking `query`; what was selected and still is there stays so."""
        if self._delegate.query != query:
            self._delegate.query = query
            self.viewport().update()
        if tuple(utterances) == self._model.utterances:
            return
        chosen = {one.id for one in self.selected()}
        place = self.verticalScrollBar().value()
        self._model.replace(utterances, today)
        self._select(chosen)
        self.verticalScrollBar().setValue(place)
        self.picked.emit()

    def utterances(self) -> tuple[Utterance, ...]:
        """Return all rows."""
        return self._model.utterances

    def selected(self) -> tuple[Utterance, ...]:
        """Return the selected utterances in the order of the list."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self._model.utterances[row] for row in rows)

    def copy(self) -> None:
        """Put the text of the selected utterances on the clipboard, one a line, oldest first."""
        chosen = sorted(self.selected(), key=lambda one: one.said_at)
        if chosen:
            QGuiApplication.clipboard().setText("\n".join(one.text for one in chosen))

    def event(self, event: QEvent) -> bool:
        """Keep Ctrl+C and Del for the list where the window has shortcuts of the same keys."""
        if event.type() == QEvent.Type.ShortcutOverride and _is_own_key(event):
            event.accept()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the rows take as many lines as they need at the new width."""
        self._delegate.width_px = self.viewport().width()
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy or delete; everything else moves in the list."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        elif event.key() == Qt.Key.Key_Space:
            # The panel's key to talk; a list row needs no second way to be selected.
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _select(self, ids: set[int]) -> None:
        if not ids:
            return
        selection = QItemSelection()
        for row, one in enumerate(self._model.utterances):
            if one.id in ids:
                index = self._model.index(row)
                selection.select(index, index)
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _tell(self) -> None:
        self.picked.emit()


def _is_own_key(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and (
        event.matches(QKeySequence.StandardKey.Copy) or event.key() == Qt.Key.Key_Delete
    )
