"""The part of the Models page that lists models, served ones first, and lets entries be edited."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.models_entry_form import ModelsEntryForm
from app.ui.models_entry_texts import (
    COLUMNS,
    NARROW_PX,
    Prices,
    about_text,
    facts_of,
    hidden_columns,
    is_served,
    label_of,
    model_row,
    source_text,
)
from app.ui.models_values import ModelsSnapshot
from app.ui.panel import SPACING_PX
from app.ui.quantity_texts import counted
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.segmented import Segmented
from app.ui.widgets.table import Table
from engine.router.snapshot import ModelEntry, ModelView

SIDE_PX, NARROW_SIDE_PX = 288, 248
EVERY, SERVED = "all", "served"
SCOPES = ((SERVED, "Served now"), (EVERY, "Whole catalogue"))


class ModelCard(Card):
    """What is known of one model. edit_wanted, remove_wanted: what the user wants."""

    edit_wanted = Signal()
    remove_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__("Model")
        self.name = ElidedLabel("h2")
        self.about = ElidedLabel("mute")
        self.facts = FactGrid("What is known of the model")
        self.source = QLabel()
        self.source.setTextFormat(Qt.TextFormat.PlainText)
        self.source.setProperty("r", "mute")
        self.source.setWordWrap(True)
        self.edit_button = QPushButton("Edit")
        self.edit_button.setToolTip("Change what is known of it")
        self.remove_button = IconButton(theme, "delete", "Remove your entry (Del)")
        self.corner.addWidget(self.remove_button)
        self.corner.addWidget(self.edit_button)
        self.close_button = IconButton(theme, "close", "Close")
        self.corner.addWidget(self.close_button)
        facts = ScrollPage()
        for each in (self.facts, self.source):
            facts.column.addWidget(each)
        facts.column.addStretch(1)
        self.body.setSpacing(4)
        self.body.addWidget(self.name)
        self.body.addWidget(self.about)
        self.body.addWidget(facts, 1)
        self.hide()
        self.edit_button.clicked.connect(self.edit_wanted)
        self.remove_button.clicked.connect(self.remove_wanted)

    def show_model(self, model: ModelView | None, price: str) -> None:
        """Draw `model`; None leaves what was there, for a card that is hidden."""
        is_own = model is not None and model.entry is not None and model.entry.is_users
        self.remove_button.setVisible(is_own)
        if model is None:
            return
        is_known = model.entry is not None
        self.edit_button.setText("Edit" if is_known else "Describe")
        self.edit_button.setToolTip(
            "Change what is known of it" if is_known else "Add what you know of it"
        )
        self.name.show_text(label_of(model))
        self.about.show_text(about_text(model))
        self.facts.show_facts(facts_of(model, price))
        self.source.setText(source_text(model))


class ModelsCatalogue(QWidget):
    """Filter, table and the chosen model; or the form of an entry.

    saved(ModelEntry), removed(name): what the user wants.
    """

    saved = Signal(object)
    removed = Signal(str)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._models: tuple[ModelView, ...] = ()
        self._prices = Prices(())
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter models (Ctrl+F)")
        self.filter.setAccessibleName("Filter models")
        self.filter.setToolTip("By name, by what they can do, or by server")
        self.filter.setClearButtonEnabled(True)
        self._sign = self.filter.addAction(
            theme.icon("search", theme.tokens.mute), QLineEdit.ActionPosition.LeadingPosition
        )
        self.scope = Segmented("Show", SCOPES)
        self.scope.show_value(SERVED)
        self.add_button = QPushButton("Add entry")
        self.add_button.setToolTip("Tell the router what you know of a model (Ctrl+N)")
        self.table = Table(theme, "Models", COLUMNS)
        self.table.let_sort()
        self.empty = EmptyState(theme, "models")
        self.count = ElidedLabel("mute")
        self.card = ModelCard(theme)
        self.form = ModelsEntryForm()
        self._lay_out()
        self._connect()

    def show_models(self, snapshot: ModelsSnapshot) -> None:
        """Draw the models of `snapshot`."""
        self._models = snapshot.router.models
        if snapshot.coordinator.prices != self._prices.prices:
            self._prices = Prices(snapshot.coordinator.prices)
        self._fill()

    def show_saved(self) -> None:
        """Leave the form: what was typed is kept."""
        self.pages.setCurrentIndex(0)

    def add_entry(self) -> None:
        """Show the form for another entry."""
        self.form.show_entry(None)
        self.pages.setCurrentIndex(1)

    def start_filter(self) -> None:
        """Let the user type what to look for."""
        self.pages.setCurrentIndex(0)
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def close_page(self) -> None:
        """Go back from the form, or close the card of the chosen model."""
        if self.pages.currentIndex() == 0:
            self.table.clearSelection()
        self.pages.setCurrentIndex(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out columns where there is little room."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        width_px, has_card = self.width(), not self.card.isHidden()
        self.card.setFixedWidth(NARROW_SIDE_PX if width_px < NARROW_PX else SIDE_PX)
        for column, is_hidden in enumerate(hidden_columns(width_px, has_card)):
            self.table.setColumnHidden(column, is_hidden)

    def _fill(self) -> None:
        shown = self._wanted()
        self.table.show_rows([model_row(each, self._prices.text(each)) for each in shown])
        served = sum(is_served(each) for each in self._models)
        total = counted(len(self._models), "model", "models")
        self.count.show_text(f"{len(shown):,} shown of {total}, {served:,} served now")
        if self.filter.text().strip():
            self.empty.show_text("No such models", "Write fewer letters, or show the catalogue.")
        else:
            self.empty.show_text("No model is served", "Add a server, or start one and look again.")
        self._tables.setCurrentIndex(1 if shown else 0)
        self._show_chosen()

    def _wanted(self) -> Sequence[ModelView]:
        words = self.filter.text().casefold().split()
        is_all = self.scope.value == EVERY
        return [
            each
            for each in self._models
            if (is_all or is_served(each)) and all(word in _searched(each) for word in words)
        ]

    def _chosen(self) -> ModelView | None:
        chosen = self.table.selected()
        return next((each for each in self._models if each.name in chosen), None)

    def _show_chosen(self) -> None:
        model = self._chosen()
        self.card.show_model(model, self._prices.text(model) if model else "")
        if self.card.isHidden() is not (model is None):
            self.card.setVisible(model is not None)
            self._arrange()

    def _edit(self) -> None:
        model = self._chosen()
        if model is None:
            return
        can = tuple(sorted(model.capabilities))
        entry = model.entry or ModelEntry(model.name, "", can, model.context_tokens)
        self.form.show_entry(entry)
        self.pages.setCurrentIndex(1)

    def _remove(self) -> None:
        model = self._chosen()
        if model is not None and model.entry is not None and model.entry.is_users:
            self.removed.emit(model.entry.name)

    def _lay_out(self) -> None:
        self.scope.setMinimumWidth(240)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.filter, 1)
        top.addWidget(self.scope)
        top.addWidget(self.add_button)
        self._tables = QStackedWidget()
        self._tables.addWidget(self.empty)
        self._tables.addWidget(self.table)
        models = Card("Models")
        models.body.addWidget(self._tables, 1)
        models.body.addWidget(self.count)
        cards = QHBoxLayout()
        cards.setSpacing(SPACING_PX)
        cards.addWidget(models, 1)
        cards.addWidget(self.card)
        listed = QWidget()
        column = QVBoxLayout(listed)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(top)
        column.addLayout(cards, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(listed)
        self.pages.addWidget(self.form)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(self.pages)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._fill)
        self.scope.chosen.connect(lambda _: self._fill())
        self.add_button.clicked.connect(self.add_entry)
        self.table.picked.connect(self._show_chosen)
        self.table.activated.connect(self._edit)
        self.table.delete_pressed.connect(self._remove)
        self.table.save_failed.connect(self.save_failed)
        self.card.edit_wanted.connect(self._edit)
        self.card.close_button.clicked.connect(self.table.clearSelection)
        self.card.remove_wanted.connect(self._remove)
        self.form.closed.connect(self.close_page)
        self.form.saved.connect(self.saved)
        self._theme.changed.connect(self._draw_sign)

    def _draw_sign(self) -> None:
        self._sign.setIcon(self._theme.icon("search", self._theme.tokens.mute))


def _searched(model: ModelView) -> str:
    label = model.entry.label if model.entry else ""
    words = (model.name, label, *model.capabilities, *model.endpoints)
    return " ".join(words).casefold()
