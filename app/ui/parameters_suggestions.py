"""The part of the Parameters page that lists suggestions, and says why each was made."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.parameters_suggestion_texts import (
    SUGGESTION_COLUMNS,
    state_look,
    suggestion_facts,
    suggestion_row,
    term_facts,
)
from app.ui.parameters_texts import DOT, values_text
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.table import Table
from engine.analytics.snapshot import SuggestionView

NARROW_PX = 800
LEAST_PX = 196


class ParametersSuggestions(QWidget):
    """A table of what was suggested lately; beside it, all that is known of the chosen one.

    save_failed(str): a file the user named cannot be written.
    """

    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._found: dict[str, SuggestionView] = {}
        self._all: tuple[SuggestionView, ...] = ()
        self.table = Table(theme, "Suggestions", SUGGESTION_COLUMNS)
        self.table.let_sort()
        self.empty = EmptyState(theme, "parameters")
        self.empty.show_text(
            "Nothing was suggested yet",
            "A suggestion is made for each chat request that leaves a parameter open.",
        )
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.table)
        self.listed = Card("Lately suggested")
        self.listed.body.addWidget(self._pages, 1)
        self.state = StateChip(theme)
        self.values = QLabel()
        self.values.setProperty("r", "h2")
        self.why = QLabel()
        self.facts = FactGrid("What was predicted, and what came of it")
        self.terms = FactGrid("Signs that make its reward")
        self.detail = Card("Why")
        self._lay_out()
        self.table.picked.connect(self._show_chosen)
        self.table.save_failed.connect(self.save_failed)

    def show_suggestions(self, found: tuple[SuggestionView, ...]) -> None:
        """List `found`, the newest first; what is chosen stays chosen while it is listed."""
        if found is self._all:
            return
        self._all = found
        self._found = {each.id: each for each in found}
        self.table.show_rows([suggestion_row(each) for each in found])
        self._pages.setCurrentIndex(1 if found else 0)
        if found and not self.table.selected():
            self.table.select_id(found[0].id)
        self._show_chosen()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the reasons below the list where there is little room."""
        super().resizeEvent(event)
        is_wide = self.width() >= NARROW_PX
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        self._row.setDirection(way)

    def _lay_out(self) -> None:
        for label in (self.values, self.why):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.detail.corner.addWidget(self.state)
        page = ScrollPage()
        page.column.setSpacing(12)
        earned = QLabel("Signs that make its reward")
        earned.setProperty("r", "cap")
        self._earned = earned
        for widget in (self.values, self.why, self.facts, earned, self.terms):
            page.column.addWidget(widget)
        page.column.addStretch(1)
        self.detail.body.addWidget(page, 1)
        for card in (self.listed, self.detail):
            card.setMinimumHeight(LEAST_PX)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(SPACING_PX)
        self._row.addWidget(self.listed, 9)
        self._row.addWidget(self.detail, 5)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._row, 1)

    def _show_chosen(self) -> None:
        chosen = self.table.selected()
        found = self._found.get(chosen[0]) if chosen else None
        self.detail.setVisible(found is not None)
        if found is None:
            return
        self.state.show_state(*state_look(found))
        named = f"{found.arm}{DOT}" if found.arm else ""
        self.values.setText(f"{named}{values_text(found.values)}")
        points = found.why or ("Nothing was said about it.",)
        self.why.setText("\n".join(f"\N{BULLET} {each}" for each in points))
        self.why.setAccessibleName("Why it was suggested")
        self.facts.show_facts(suggestion_facts(found))
        terms = term_facts(found)
        self._earned.setVisible(bool(terms))
        self.terms.show_facts(terms)
