"""Those who send sound, such as a browser: how loud they are and what they say."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.gauge import Gauge
from engine.voice.snapshot import GuestView

FLOOR_DBFS = -60.0
LEVEL_PX = 96
ROW_PX = 24


def words_of(guest: GuestView) -> str:
    """Return what `guest` says now, else what was said last, else that nothing was."""
    if guest.problem:
        return guest.problem
    if guest.live is not None:
        return guest.live.stable + guest.live.tentative
    return guest.last_text or "connected, nothing said yet"


def loudness_of(guest: GuestView) -> float | None:
    """Return the level as a part of the bar, in [0, 1]; None before the first sound."""
    if guest.level_dbfs is None:
        return None
    return min(1.0, max(0.0, 1.0 - guest.level_dbfs / FLOOR_DBFS))


class GuestList(QFrame):
    """One line for everybody who sends sound; hidden while nobody does."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._theme = theme
        self._rows: list[_Row] = []
        title = QLabel("Heard over the network")
        title.setProperty("r", "cap")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(3, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 8)
        column.setSpacing(4)
        column.addWidget(title)
        column.addLayout(self._grid)
        self.hide()

    @property
    def texts(self) -> tuple[str, ...]:
        """What the lines say."""
        return tuple(row.words.whole_text for row in self._rows if not row.words.isHidden())

    def show_guests(self, guests: Sequence[GuestView]) -> None:
        """Show `guests`, one a line."""
        while len(self._rows) < len(guests):
            self._rows.append(_Row(self._theme, self._grid, len(self._rows)))
        for number, row in enumerate(self._rows):
            row.show_guest(guests[number] if number < len(guests) else None)
        self.setVisible(bool(guests))


class _Row:
    """The widgets of one line."""

    def __init__(self, theme: Theme, grid: QGridLayout, number: int) -> None:
        self._theme = theme
        self._dot = QLabel("\N{BLACK CIRCLE}")
        self._name = QLabel()
        self._level = Gauge(theme, "accent")
        self._level.setFixedSize(LEVEL_PX, ROW_PX)
        self.words = ElidedLabel()
        self._time = QLabel()
        self._time.setProperty("r", "mute")
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._all = (self._dot, self._name, self._level, self.words, self._time)
        for column, each in enumerate(self._all):
            each.setFixedHeight(ROW_PX)
            grid.addWidget(each, number, column)

    def show_guest(self, guest: GuestView | None) -> None:
        """Draw `guest`, or nothing."""
        for each in self._all:
            each.setVisible(guest is not None)
        if guest is None:
            return
        token = "bad" if guest.problem else "ok" if guest.is_speech else "mute"
        colour = self._theme.tokens.colour(token).name()
        self._dot.setStyleSheet(f"color: {colour}; font-size: 8px;")
        self._name.setText(f"{guest.label} {guest.id}")
        self._level.show_part(loudness_of(guest))
        self.words.show_text(words_of(guest))
        seconds = int(guest.received_s)
        self._time.setText(f"{seconds // 60}:{seconds % 60:02}")
