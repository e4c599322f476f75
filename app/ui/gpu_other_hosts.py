"""The part of the GPU page with the other hosts that share leases with this one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.gpu_other_rows import (
    COLUMNS,
    WIDE,
    card_line,
    heard_look,
    host_line,
    host_rows,
    memory_text,
    parts_of,
    shared_ids,
)
from app.ui.gpu_values import GpuView
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.memory_bar import MemoryBar, MemoryLegend
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.table import Table, height_of
from engine.gpu.hosts import HostCard, HostLeases

MOST_HOSTS = 12
"""That are drawn; the table below names the leases of all."""
COLUMNS_OF_HOSTS = 2
LEAST_ROWS, MOST_ROWS = 3, 10
NARROW_PX = 800


class _CardRows(QWidget):
    """A card of another host: its name, and its memory by holder."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.name, self.figure = ElidedLabel(), QLabel()
        self.figure.setProperty("r", "mute")
        self.bar = MemoryBar(theme, 16)
        self.legend = MemoryLegend(theme)
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.figure)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.legend)

    def show_card(self, card: HostCard, host: HostLeases, shared: frozenset[str]) -> None:
        self.name.show_text(card_line(card, shared))
        self.figure.setText(memory_text(card))
        parts = parts_of(card, host)
        self.bar.show_parts(parts)
        self.legend.show_parts(parts)


class _HostTile(QFrame):
    """One other host: how fresh what it told is, and each of its cards."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._theme = theme
        self._rows: list[_CardRows] = []
        self.name, self.state = ElidedLabel("cap"), StateChip(theme)
        self.line = ElidedLabel("mute")
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(self.name)
        names.addWidget(self.line)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addLayout(names, 1)
        head.addWidget(self.state, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(12)
        column.addLayout(head)
        self._cards = QVBoxLayout()
        self._cards.setSpacing(14)
        column.addLayout(self._cards)
        column.addStretch(1)

    def show_host(self, host: HostLeases, now_s: float, shared: frozenset[str]) -> None:
        self.name.show_text(host.name)
        self.setAccessibleName(f"Host {host.name}: {host_line(host)}")
        self.state.show_state(*heard_look(host, now_s))
        self.line.show_text(host_line(host))
        while len(self._rows) < len(host.cards):
            self._rows.append(_CardRows(self._theme))
            self._cards.addWidget(self._rows[-1])
        for number, row in enumerate(self._rows):
            row.setVisible(number < len(host.cards))
        for row, card in zip(self._rows, host.cards, strict=False):
            row.show_card(card, host, shared)


class GpuOtherHosts(ScrollPage):
    """Every other host with its cards, and who holds and waits there."""

    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.tiles: list[_HostTile] = []
        self.more = ElidedLabel("mute")
        self.table = Table(theme, "Leases of other hosts", COLUMNS)
        self.table.let_sort()
        self.table.save_failed.connect(self.save_failed)
        self.empty = EmptyState(theme, "list")
        self.empty.show_text("Nobody holds or waits there", "Their cards are free to use.")
        self._lay_out()

    def show_gpu(self, view: GpuView) -> None:
        """Draw the other hosts."""
        resources = view.resources
        others = resources.leases.others
        shared = shared_ids(resources)
        shown = others[:MOST_HOSTS]
        while len(self.tiles) < len(shown):
            self.tiles.append(_HostTile(self._theme))
            self._arrange()
        for number, tile in enumerate(self.tiles):
            tile.setVisible(number < len(shown))
        for tile, host in zip(self.tiles, shown, strict=False):
            tile.show_host(host, resources.taken_s, shared)
        left = len(others) - len(shown)
        self.more.setVisible(left > 0)
        self.more.show_text(f"and {left} more hosts, whose leases stand below" if left > 0 else "")
        rows = host_rows(others)
        self.table.show_rows(rows)
        self.table.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.table.setFixedHeight(height_of(min(max(LEAST_ROWS, len(rows)), MOST_ROWS)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put hosts below each other, and leave columns out, where there is no room beside."""
        super().resizeEvent(event)
        self._arrange()
        for column in WIDE:
            self.table.setColumnHidden(column, self.width() < NARROW_PX)

    def _arrange(self) -> None:
        columns = 1 if self.width() < NARROW_PX else COLUMNS_OF_HOSTS
        for number, tile in enumerate(self.tiles):
            self._grid.addWidget(tile, *divmod(number, columns))
        self._grid.setColumnStretch(COLUMNS_OF_HOSTS - 1, columns - 1)

    def _lay_out(self) -> None:
        self.column.setSpacing(SPACING_PX)
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACING_PX)
        self._grid.setColumnStretch(0, 1)
        self.column.addLayout(self._grid)
        self.column.addWidget(self.more)
        card = Card("Held and waited for there")
        card.body.addWidget(self.table)
        card.body.addWidget(self.empty)
        self.column.addWidget(card)
        self.column.addStretch(1)
