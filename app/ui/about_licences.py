"""Our licence, what Qt's grants, and the licences of all the work of others in this program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.notices import Notice
from app.theme import Theme
from app.ui.about_texts import OURS, QT_RIGHTS
from app.ui.quantity_texts import counted
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.read_text import ReadText
from app.ui.widgets.table import Table
from app.ui.widgets.table_model import Column, Row

HEIGHT_PX, LIST_PX = 380, 300
COLUMNS = (Column("Work"), Column("Licence", 160))


class AboutLicences(QFrame):
    """A searchable list and the text of what is chosen in it.

    text_wanted(Notice): answered by `show_text`. folder_wanted(Path): Qt's libraries are wanted.
    """

    text_wanted = Signal(object)
    folder_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName("Licences")
        self._notices: dict[str, Notice] = {}
        self._shown: Notice | None = None
        self._qt_folder: Path | None = None
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search works and licences")
        self.search.setAccessibleName("Search works and licences")
        self.search.setClearButtonEnabled(True)
        self.table = Table(theme, "Works in this program", COLUMNS)
        self.table.setMinimumWidth(LIST_PX)
        self.empty = EmptyState(theme, "list")
        self.count = ElidedLabel("mute")
        self.name, self.home = ElidedLabel(), ElidedLabel("mute")
        self.text = ReadText(theme, "Licence")
        self.qt_button = QPushButton("Open folder")
        self.qt_button.setToolTip("Show Qt's shared libraries in the file manager")
        self.qt_button.setAccessibleName("Open the folder of: Qt's shared libraries")
        self._lay_out()
        self.search.textChanged.connect(self._list)
        self.table.picked.connect(self._open_chosen)
        self.qt_button.clicked.connect(lambda: self.folder_wanted.emit(self._qt_folder))
        self._list()

    def show_qt_folder(self, folder: Path | None) -> None:
        """Offer the folder in which Qt's shared libraries lie."""
        self._qt_folder = folder
        self.qt_button.setVisible(folder is not None)
        self.qt_button.setToolTip(f"Show {folder} in the file manager")

    def show_notices(self, notices: Sequence[Notice]) -> None:
        """List `notices`, and open the first."""
        self._notices = {str(number): notice for number, notice in enumerate(notices)}
        self._list()
        if self._notices and not self.table.selected():
            self.table.select_id("0")

    def show_text(self, notice: Notice, text: str) -> None:
        """Show the licence of `notice`, unless another one has been chosen meanwhile."""
        if notice == self._shown:
            self.text.show_text(text)

    def _list(self) -> None:
        words = self.search.text().lower().split()
        found = {id: each for id, each in self._notices.items() if _has(each, words)}
        self.table.show_rows([Row(id, (_name(each), each.licence)) for id, each in found.items()])
        self.count.show_text(counted(len(found), "work", "works"))
        self._pages.setCurrentIndex(1 if found else 0)
        shown = [id for id, each in found.items() if each == self._shown]
        if shown and not self.table.selected():
            self.table.select_id(shown[0])
        if self._notices:
            self.empty.show_text("No such work", "Fewer letters find more.")
        else:
            self.empty.show_text("Being read", "The list is here in a moment.")

    def _open_chosen(self) -> None:
        notice = self._notices.get(next(iter(self.table.selected()), ""))
        if notice is None or notice == self._shown:
            return
        self._shown = notice
        self.name.show_text(_name(notice))
        self.home.show_text(" \N{MIDDLE DOT} ".join(filter(None, (notice.licence, notice.home))))
        self.text.show_text("")
        self.text_wanted.emit(notice)

    def _lay_out(self) -> None:
        heading = QLabel("Licences")
        heading.setProperty("r", "h2")
        qt = QHBoxLayout()
        qt.setSpacing(24)
        qt.addWidget(_paragraph(QT_RIGHTS), 1)
        qt.addWidget(self.qt_button, 0, Qt.AlignmentFlag.AlignTop)
        both = QWidget()
        both.setMinimumHeight(HEIGHT_PX)
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(16)
        row.addLayout(self._list_column(), 2)
        row.addLayout(self._text_column(), 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 12)
        column.setSpacing(8)
        column.addWidget(heading)
        column.addWidget(_paragraph(OURS))
        column.addLayout(qt)
        column.addWidget(both)

    def _list_column(self) -> QVBoxLayout:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.table)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self._pages, 1)
        column.addWidget(self.count)
        return column

    def _text_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self.name)
        column.addWidget(self.home)
        column.addSpacing(6)
        column.addWidget(self.text, 1)
        return column


def _paragraph(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("r", "unit")
    return label


def _has(notice: Notice, words: Sequence[str]) -> bool:
    said = f"{notice.name} {notice.licence} {notice.home}".lower()
    return all(word in said for word in words)


def _name(notice: Notice) -> str:
    """Return such as "httpx 0.28.1", or "zlib 1.2.13 (in av 18.1.0)"."""
    name, mark, place = notice.name.partition(" (in ")
    return f"{name} {notice.version}".strip() + mark + place
