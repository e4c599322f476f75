"""The part of the GPU page with leases and the queue."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget

from app.lease_words import listed
from app.theme import Theme
from app.ui.gpu_lease_rows import (
    ENDED_COLUMNS,
    ENDED_WIDE,
    HELD_COLUMNS,
    HELD_WIDE,
    QUEUE_COLUMNS,
    QUEUE_WIDE,
    ended_row,
    held_row,
    queue_row,
)
from app.ui.gpu_texts import card_names
from app.ui.gpu_values import GpuView
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.table import HEADER_PX, Table, height_of
from app.ui.widgets.table_delegate import ROW_PX
from app.ui.widgets.table_model import Row
from engine.gpu.lease_views import LeasesSnapshot
from engine.gpu.waited_for import waited_for

LEAST_ROWS, FEW_ROWS = 2, 6
AROUND_PX = 3 * 62 + 2 * SPACING_PX + HEADER_PX * 3
"""What the three cards take beside the rows of their tables."""
QUEUE_SHARE = 0.4
"""Of the rows that there is room for, where both tables want more than that."""
NARROW_PX = 800
HOW_TO_ASK = "universal-ai-tools gpu run --vram 8000 -- python train.py"


class GpuLeases(ScrollPage):
    """Who holds memory, who waits and who has left. end_wanted(id): of the chosen one."""

    end_wanted = Signal(str)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._wanted_rows = LEAST_ROWS, LEAST_ROWS
        self.problem = StateStrip(theme)
        self.held = Table(theme, "Leases", HELD_COLUMNS)
        self.queue = Table(theme, "Queue", QUEUE_COLUMNS)
        self.ended = Table(theme, "Recently ended", ENDED_COLUMNS)
        self.end_button = QPushButton("End lease")
        self.end_button.setToolTip("Ask the holder to free the memory soon (Del)")
        self.cancel_button = QPushButton("Take out of the queue")
        self.cancel_button.setToolTip("Let the chosen one not wait any longer (Del)")
        empty = [EmptyState(theme, name) for name in ("gpu", "list", "check")]
        empty[0].show_text("Nobody holds memory", f"Programs ask for it: {HOW_TO_ASK}")
        empty[1].show_text("Nobody waits", "Whoever finds no room waits here for a turn.")
        empty[2].show_text("Nothing has ended yet", "Leases stay listed here when they are over.")
        tables = (self.held, self.queue, self.ended)
        self._pages = tuple(_pages(*each) for each in zip(empty, tables, strict=True))
        self._lay_out()
        for table, button in ((self.held, self.end_button), (self.queue, self.cancel_button)):
            table.picked.connect(self._show_choice)
            button.clicked.connect(lambda *_, table=table: self._end(table))
            table.delete_pressed.connect(lambda table=table: self._end(table))
        for table in tables:
            table.save_failed.connect(self.save_failed)
        self.held.let_sort()
        self._show_choice()

    def show_gpu(self, view: GpuView) -> None:
        """Draw the leases."""
        resources = view.resources
        leases, now_s = resources.leases, resources.taken_s
        names = card_names([each.card for each in resources.cards])
        self.problem.show_text("\n".join(leases.problems), "warn")
        rows = (
            [held_row(each, names, now_s) for each in leases.held],
            _queue_rows(leases, names, now_s),
            [ended_row(each, now_s) for each in leases.ended],
        )
        tables = (self.held, self.queue, self.ended)
        for table, pages, found in zip(tables, self._pages, rows, strict=True):
            table.show_rows(found)
            pages.setCurrentIndex(1 if found else 0)
        self._wanted_rows = len(leases.held), len(leases.queue)
        self._share_height()
        self._show_choice()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out the columns for which there is no room."""
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW_PX
        for table, columns in (
            (self.held, HELD_WIDE),
            (self.queue, QUEUE_WIDE),
            (self.ended, ENDED_WIDE),
        ):
            for column in columns:
                table.setColumnHidden(column, is_narrow)
        self._share_height()

    def _share_height(self) -> None:
        """Let the page not scroll while its tables can."""
        held, queue = (max(LEAST_ROWS, each) for each in self._wanted_rows)
        room = (self.viewport().height() - AROUND_PX) // ROW_PX - LEAST_ROWS
        if room < FEW_ROWS:  # then it scrolls in any case
            held, queue = min(held, FEW_ROWS), min(queue, FEW_ROWS)
        else:
            queue = min(queue, max(round(room * QUEUE_SHARE), room - held))
            held = min(held, room - queue)
        for pages, rows in zip(self._pages[:2], (held, queue), strict=True):
            pages.setFixedHeight(height_of(rows))

    def _end(self, table: Table) -> None:
        if chosen := table.selected():
            self.end_wanted.emit(chosen[0])

    def _show_choice(self) -> None:
        self.end_button.setEnabled(bool(self.held.selected()))
        self.cancel_button.setEnabled(bool(self.queue.selected()))

    def _lay_out(self) -> None:
        self.column.setSpacing(SPACING_PX)
        self.column.addWidget(self.problem)
        buttons = (self.end_button, self.cancel_button, None)
        for title, pages, button in zip(
            ("Leases", "Queue", "Recently ended"), self._pages, buttons, strict=True
        ):
            card = Card(title)
            if button is not None:
                card.corner.addWidget(button)
            card.body.addWidget(pages, 1)
            self.column.addWidget(card, 0 if button else 1)


def _queue_rows(leases: LeasesSnapshot, names: Mapping[str, str], now_s: float) -> list[Row]:
    waits = waited_for(leases, now_s)
    rows = []
    for each in leases.queue:
        told = waits.get(each.id)
        # One card alone needs no name.
        cards = told.card_ids if told is not None and len(names) > 1 else ()
        where = listed([names.get(card_id, card_id) for card_id in cards])
        rows.append(queue_row(each, now_s, told, where))
    return rows


def _pages(empty: EmptyState, table: Table) -> QStackedWidget:
    stack = QStackedWidget()
    stack.addWidget(empty)
    stack.addWidget(table)
    return stack
