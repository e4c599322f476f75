"""What stands in place of the list: how to make a first request, or that none is like that."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.activity_requests import example_curl
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.read_text import ReadText

CODE_WIDTH_PX, CODE_HEIGHT_PX = 660, 104
WORDS_PX = 520
ICON_PX = 36
WELCOME = (
    "Every request to a model shows up here while it happens: from the Playground, from the"
    " command line, and from any OpenAI client that uses the address below."
)
CLOSED = "The address for clients is not open: switch it on in Settings, under Address for clients."


class ActivityEmpty(QStackedWidget):
    """A word of welcome with a command to try, or a way back from filters that find nothing."""

    clear_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._icon = QLabel()
        self._where = QLabel()
        self._where.setProperty("r", "mute")
        self.command = ReadText(theme, "Command")
        self.command.setFixedHeight(CODE_HEIGHT_PX)
        self.command.setMaximumWidth(CODE_WIDTH_PX)
        self.none = EmptyState(theme, "search")
        self.none.show_text("No such requests", "Other words or fewer filters find more.")
        self.clear_button = QPushButton("Clear the filters")
        self.clear_button.setToolTip("Clear the search and every filter")
        self.clear_button.clicked.connect(self.clear_wanted)
        self.addWidget(self._welcome())
        self.addWidget(self._nothing())
        theme.changed.connect(self._draw_icon)
        self._draw_icon()

    def show_address(self, address: str, key_file: Path | None) -> None:
        """Fill the command with the gateway's address and the file of its key."""
        self.command.setVisible(bool(address))
        self.command.show_text(example_curl(address, key_file))
        self._where.setText(f"Try it in a terminal, against {address}:" if address else CLOSED)

    def show_filtering(self, is_filtering: bool) -> None:
        """Say that nothing is like that, or that there is nothing at all."""
        self.setCurrentIndex(1 if is_filtering else 0)

    def _welcome(self) -> QWidget:
        title, hint = QLabel("No requests yet"), QLabel(WELCOME)
        title.setProperty("r", "h2")
        hint.setProperty("r", "mute")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(8)
        column.addStretch(1)
        for label in (self._icon, title, hint, self._where):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(label is hint)
            if label is self._where:
                column.addSpacing(8)
            column.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        hint.setFixedWidth(WORDS_PX)
        hint.setMinimumHeight(hint.heightForWidth(WORDS_PX))
        # Centred by the stretches at its sides, as a widget that may grow is not by an alignment.
        column.addWidget(_centred(self.command))
        column.addStretch(1)
        return page

    def _nothing(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.addStretch(1)
        column.addWidget(self.none)
        column.addWidget(self.clear_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    def _draw_icon(self) -> None:
        icon = self._theme.icon("activity", self._theme.tokens.accent)
        self._icon.setPixmap(icon.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))


def _centred(widget: QWidget) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.addStretch(1)
    row.addWidget(widget, 100)
    row.addStretch(1)
    return box
