"""The part of the Models page about tiers: names that stand for a kind of model."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.models_entry_texts import is_served
from app.ui.models_tier_form import ModelsTierForm
from app.ui.models_values import ModelsSnapshot
from app.ui.panel import SPACING_PX
from app.ui.playground_decision import PlaygroundDecision
from app.ui.quantity_texts import counted
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.segmented import Segmented
from app.ui.widgets.table import Table
from app.ui.widgets.table_model import Column, Row
from engine.router.catalogue import matcher
from engine.router.snapshot import Decision, ModelView, RouterSnapshot, Tier

NARROW_PX = 900
LIST_PX, NARROW_LIST_PX, SIDE_PX = 200, 192, 320
MOST_NAMES = 4
RULES, NOW = "rules", "now"
COLUMNS = (Column("Tier"),)
NEW = Tier(name="", label="My tier", requires=("chat",))
NEW_MEANS = "Clients write its name as their model"


def tier_label(tier: Tier) -> str:
    """Return what people call it."""
    return tier.label or tier.name


def fitting(pattern: str, models: tuple[ModelView, ...]) -> tuple[str, ...]:
    """Return the names of the models served now that `pattern` means."""
    fits = matcher(pattern)
    return tuple(each.name for each in models if is_served(each) and fits(each.name))


def fitting_text(pattern: str, models: tuple[ModelView, ...]) -> str:
    """Return the same in words; "" for none."""
    names = fitting(pattern, models)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"Now: {', '.join(names[:MOST_NAMES])}{more}" if names else ""


def tier_row(tier: Tier, default: str) -> Row:
    """Return a tier as a row."""
    label = tier_label(tier)
    is_default = tier.name == default
    note = "\nTaken where a request names no model" if is_default else ""
    cell = f"{label} (default)" if is_default else label
    return Row(tier.name, (cell,), tooltip=f"{tier.name}: {tier.description}{note}")


class ModelsTiers(QWidget):
    """List, rules, and who would answer now.

    saved(Tier), removed(name), explain_wanted(Tier): what the user wants.
    """

    saved = Signal(object)
    removed = Signal(str)
    explain_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._router = RouterSnapshot(taken_s=0.0)
        self._shown: Tier | None = None
        self._asked: tuple[str, int] | None = None
        """Tier and version of the snapshot for which it was last asked who would answer."""
        self._is_narrow = False
        self.table = Table(theme, "Tiers", COLUMNS)
        self.add_button = QPushButton("New tier")
        self.add_button.setToolTip("Make a name that stands for models of your choice (Ctrl+N)")
        self.form = ModelsTierForm(theme)
        self.views = Segmented("Show", ((RULES, "Rules"), (NOW, "Answers now")))
        self.views.show_value(RULES)
        self.explain_button = QPushButton("Ask again")
        self.explain_button.setToolTip("See which model a short question would go to now")
        self.about = ElidedLabel("mute")
        self.decision = PlaygroundDecision(theme)
        self._lay_out()
        self._connect()

    def show_models(self, snapshot: ModelsSnapshot) -> None:
        """Draw the tiers of `snapshot`."""
        self._router = router = snapshot.router
        self.table.show_rows([tier_row(each, snapshot.default_tier) for each in router.tiers])
        if self._shown is None and router.tiers:
            default = next((t for t in router.tiers if t.name == snapshot.default_tier), None)
            self.table.select_id((default or router.tiers[0]).name)
        self.form.show_preview(lambda pattern: fitting_text(pattern, router.models))
        self._follow()

    def show_decision(self, decision: Decision | None) -> None:
        """Draw who would answer, unless it was asked of a tier that no longer shows."""
        shown = self._shown
        if shown is not None and (decision is None or decision.asked == shown.name):
            self.decision.show_decision(decision)

    def show_saved(self) -> None:
        """Ask again who would answer: the tier has changed."""
        self._asked = None

    def add_tier(self) -> None:
        """Begin with another tier."""
        self.table.clearSelection()
        self._shown = NEW
        self.about.show_text(NEW_MEANS)
        self.decision.show_decision(None)
        self.decision.empty.show_text("Not saved yet", "Once it is saved, this tells who answers.")
        self.form.show_tier(NEW, self._others(""))
        self.views.show_value(RULES)
        self._arrange()
        self.form.name.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show rules and answers beside each other where there is room for both."""
        super().resizeEvent(event)
        self._is_narrow = self.width() < NARROW_PX
        self._arrange()

    def _pick(self) -> None:
        chosen = self.table.selected()
        tier = next((each for each in self._router.tiers if each.name in chosen), None)
        if tier is not None:
            self._show_tier(tier)

    def _follow(self) -> None:
        """Show what the tier has become, unless the user is changing it."""
        shown = self._shown
        if shown is None or shown is NEW or self.form.is_edited:
            return
        tier = next((each for each in self._router.tiers if each.name == shown.name), None)
        if tier is None:
            first = self._router.tiers[0] if self._router.tiers else None
            self._shown = None
            if first is not None:
                self.table.select_id(first.name)
        elif tier != shown:
            self._show_tier(tier)
        else:
            self._explain()

    def _show_tier(self, tier: Tier) -> None:
        self._shown = tier
        self.form.show_tier(tier, self._others(tier.name))
        self.card.setAccessibleName(f"Tier {tier_label(tier)}")
        self.about.show_text(self._about(tier))
        self._explain()

    def _about(self, tier: Tier) -> str:
        origin = "yours" if tier.is_users else "comes with the application"
        rules = counted(len(tier.models), "preference", "preferences")
        words = [f"Clients write {tier.name} as their model", origin]
        return " \N{MIDDLE DOT} ".join([*words, rules] if tier.models else words)

    def _explain(self) -> None:
        """Ask who would answer, where that was not asked since something changed."""
        tier = self._shown
        if tier is None or tier is NEW:
            return
        asked = (tier.name, hash((tier, tuple(self._served()))))
        if asked != self._asked:
            self._asked = asked
            self.explain_wanted.emit(tier)

    def _explain_again(self) -> None:
        self._asked = None
        self._explain()

    def _served(self) -> list[tuple[str, tuple[str, ...], bool]]:
        return [
            (each.name, each.endpoints, each.health != 0)
            for each in self._router.models
            if is_served(each)
        ]

    def _others(self, name: str) -> list[tuple[str, str]]:
        return [(each.name, tier_label(each)) for each in self._router.tiers if each.name != name]

    def _save(self, tier: Tier) -> None:
        if self._shown is NEW:
            self._shown = tier
        self.saved.emit(tier)

    def _arrange(self) -> None:
        is_now = self.views.value == NOW
        self.views.setVisible(self._is_narrow)
        self.side.setVisible(not self._is_narrow or is_now)
        self.card.setVisible(not self._is_narrow or not is_now)
        self.side.setMaximumWidth(16_777_215 if self._is_narrow else SIDE_PX)
        self.side.setMinimumWidth(0 if self._is_narrow else SIDE_PX)
        self._list.setFixedWidth(NARROW_LIST_PX if self._is_narrow else LIST_PX)

    def _lay_out(self) -> None:
        self.table.horizontalHeader().hide()
        self._list = Card("Tiers")
        self._list.body.addWidget(self.table, 1)
        self._list.body.addWidget(self.add_button)
        self.card = Card("Rules")
        self.card.body.addWidget(self.about)
        self.card.body.addWidget(self.form, 1)
        self.side = Card("Who would answer now")
        self.side.corner.addWidget(self.explain_button)
        self.side.body.addWidget(self.decision, 1)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.views)
        row = QHBoxLayout()
        row.setSpacing(SPACING_PX)
        row.addWidget(self.card, 1)
        row.addWidget(self.side, 1)
        right.addLayout(row, 1)
        page = QHBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(SPACING_PX)
        page.addWidget(self._list)
        page.addLayout(right, 1)

    def _connect(self) -> None:
        self.table.picked.connect(self._pick)
        self.table.delete_pressed.connect(self._remove)
        self.add_button.clicked.connect(self.add_tier)
        self.form.saved.connect(self._save)
        self.form.removed.connect(self.removed)
        self.views.chosen.connect(lambda _: self._arrange())
        self.explain_button.clicked.connect(self._explain_again)

    def _remove(self) -> None:
        if self._shown is not None and self._shown.is_users:
            self.removed.emit(self._shown.name)
