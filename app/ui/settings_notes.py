"""The user's notes, which may be added to requests: list, search, write, delete and undo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.quantity_texts import counted, when_text
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.table import Table
from app.ui.widgets.table_model import Column, Row
from engine.router.snapshot import NoteView

TYPING_PAUSE_MS = 200
UNDO_SHOWN_MS = 15_000
HEIGHT_PX = 320
COLUMNS = (Column("Note"), Column("Changed", 96))
ABOUT = "Facts about you and your work; those that match a question go along with it"


class SettingsNotes(QFrame):
    """A list of notes and the one that is chosen, to be changed in place.

    notes_wanted(search): answered by `show_notes`. put_wanted(id or None, title, text): answered
    by `show_saved`. delete_wanted(ids), undo_wanted(ids): answered by `look`.
    """

    notes_wanted = Signal(str)
    put_wanted = Signal(object, str, str)
    delete_wanted = Signal(list)
    undo_wanted = Signal(list)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName("Notes")
        self._notes: dict[str, NoteView] = {}
        self._id: int | None = None
        """The note in the editor; None for a new one."""
        self._deleted: list[int] = []
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search notes")
        self.search.setAccessibleName("Search notes")
        self.search.setClearButtonEnabled(True)
        self.table = Table(theme, "Notes", COLUMNS)
        self.empty = EmptyState(theme, "list")
        self.count = ElidedLabel("mute")
        self.title = QLineEdit()
        self.title.setPlaceholderText("Title, such as: Our product names")
        self.title.setAccessibleName("Title of the note")
        self.text = QPlainTextEdit()
        self.text.setPlaceholderText("What a model should know")
        self.text.setAccessibleName("Text of the note")
        self.text.setTabChangesFocus(True)
        self.text.document().setDocumentMargin(8)
        self.new_button = _button("New note", "Write another note")
        self.save_button = _button("Save", "Keep this note (Ctrl+S)")
        self.save_button.setProperty("primary", True)
        self.save_button.setShortcut("Ctrl+S")
        self.delete_button = IconButton(theme, "delete", "Delete this note (Del)")
        self.undo = NoticeStrip(theme, "delete", ("Undo",))
        self._pause = _single_shot(self, TYPING_PAUSE_MS)
        self._forget = _single_shot(self, UNDO_SHOWN_MS)
        self._lay_out()
        self._connect()
        self.show_notes(())
        self._show_buttons()

    def look(self) -> None:
        """Ask for the notes that the search finds."""
        self._pause.stop()
        self.notes_wanted.emit(self.search.text().strip())

    def show_notes(self, notes: Sequence[NoteView]) -> None:
        """List `notes`, the one changed last first."""
        today = datetime.now().astimezone().date()
        self._notes = {str(note.id): note for note in notes}
        rows = [Row(str(note.id), (_name(note), when_text(note.changed, today))) for note in notes]
        self.table.show_rows(rows)
        self.count.show_text(counted(len(notes), "note", "notes"))
        if self.search.text().strip():
            self.empty.show_text("No such notes", "Fewer letters find more.")
        else:
            self.empty.show_text("No notes yet", "Write one at the right.")
        self._pages.setCurrentIndex(1 if notes else 0)
        if self._id is not None:
            self.table.select_id(str(self._id))

    def show_saved(self, note_id: int) -> None:
        """Know the number of the note that was just saved, and list it."""
        if self._id is None and not self._is_changed:
            self._id = note_id
            self._show_buttons()
        self.look()

    def _lay_out(self) -> None:
        heading, about = QLabel("Notes"), QLabel(ABOUT)
        heading.setProperty("r", "h2")
        about.setProperty("r", "mute")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.table)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.search)
        left.addWidget(self._pages, 1)
        left.addWidget(self.count)
        both = QWidget()
        both.setMinimumHeight(HEIGHT_PX)
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(16)
        row.addLayout(left, 2)
        row.addLayout(self._editor(), 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 12)
        column.setSpacing(2)
        column.addWidget(heading)
        column.addWidget(about)
        column.addSpacing(4)
        column.addWidget(self.undo)
        column.addWidget(both)

    def _editor(self) -> QVBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.new_button)
        foot.addStretch(1)
        foot.addWidget(self.delete_button)
        foot.addWidget(self.save_button)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.text, 1)
        column.addLayout(foot)
        return column

    def _connect(self) -> None:
        self.search.textChanged.connect(self._pause.start)
        self._pause.timeout.connect(self.look)
        self._forget.timeout.connect(lambda: self.undo.show_notice(""))
        self.table.picked.connect(self._open_chosen)
        self.table.delete_pressed.connect(self._delete)
        self.title.textEdited.connect(self._show_buttons)
        self.text.modificationChanged.connect(self._show_buttons)
        self.new_button.clicked.connect(self._begin)
        self.save_button.clicked.connect(self._save)
        self.delete_button.clicked.connect(self._delete)
        self.undo.chosen.connect(self._undo)

    @property
    def _is_changed(self) -> bool:
        words = self.title.text().strip() or self.text.toPlainText().strip()
        return bool(words) and (self.title.isModified() or self.text.document().isModified())

    def _open_chosen(self) -> None:
        chosen = next(iter(self.table.selected()), "")
        note = self._notes.get(chosen)
        if note is None or note.id == self._id:
            return
        self._save_changes()
        self._show(note.id, note.title, note.text)

    def _begin(self) -> None:
        self._save_changes()
        self.table.clearSelection()
        self._show(None, "", "")
        self.title.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, note_id: int | None, title: str, text: str) -> None:
        self._id = note_id
        self.title.setText(title)
        self.text.setPlainText(text)
        self._mark_saved()

    def _save_changes(self) -> None:
        """Keep what was typed: whoever goes to another note has not thrown this one away."""
        if self._is_changed:
            self._save()

    def _save(self) -> None:
        title, text = self.title.text().strip(), self.text.toPlainText().strip()
        self._mark_saved()
        self.put_wanted.emit(self._id, title, text)

    def _mark_saved(self) -> None:
        self.title.setModified(False)
        self.text.document().setModified(False)
        self._show_buttons()

    def _delete(self) -> None:
        if self._id is None:
            return
        self._deleted = [self._id]
        self.undo.show_notice("The note was deleted")
        self._forget.start()
        self.delete_wanted.emit(self._deleted)
        self._show(None, "", "")

    def _undo(self) -> None:
        self._forget.stop()
        self.undo.show_notice("")
        self.undo_wanted.emit(self._deleted)

    def _show_buttons(self) -> None:
        self.save_button.setEnabled(self._is_changed)
        self.delete_button.setEnabled(self._id is not None)


def _name(note: NoteView) -> str:
    """Return a note's title, or the beginning of its text where it has none."""
    return note.title or " ".join(note.text.split())


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    return button


def _single_shot(parent: QWidget, pause_ms: int) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(pause_ms)
    return timer
