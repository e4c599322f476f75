"""The part of the Playground that draws why a model was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.playground_learnt import choice_text, reason_text, study_text
from app.ui.playground_texts import DOT
from app.ui.playground_why import excluded, headline, included, needs_text, why_text, worth
from app.ui.quantity_texts import counted
from app.ui.widgets.attempt_waterfall import AttemptWaterfall
from app.ui.widgets.decision_candidate import DecisionCandidate
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.scroll_page import ScrollPage
from engine.router.snapshot import ContextStep, Decision

MOST_CANDIDATES = 8
MOST_REASONS = 12


class PlaygroundDecision(QWidget):
    """Drawn from a Decision: the choice, its rivals, who was out, the tries and the context."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.decision: Decision | None = None
        self.empty = EmptyState(theme, "why")
        self._page = ScrollPage()
        self._page.column.setSpacing(14)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty)
        column.addWidget(self._page)
        self.show_decision(None)
        theme.changed.connect(self._redraw)

    def show_decision(self, decision: Decision | None) -> None:
        """Draw `decision`; None: there is none to draw."""
        self.decision = decision
        self.empty.show_text(
            "Nothing chosen yet",
            "Write a question and press Ctrl+I to see where it would go, or ask it and press"
            " \N{LEFT DOUBLE QUOTATION MARK}Why this model?\N{RIGHT DOUBLE QUOTATION MARK}"
            " below the answer.",
        )
        self.empty.setVisible(decision is None)
        self._page.setVisible(decision is not None)
        self._page.verticalScrollBar().setValue(0)
        self._redraw()

    def _redraw(self) -> None:
        column = self._page.column
        while (item := column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        decision = self.decision
        if decision is None:
            return
        column.addWidget(_head(decision))
        for name, parts in (
            ("Parameters", _learnt(decision)),
            ("Candidates", self._candidates(decision)),
            ("Plan", _plan(decision)),
            ("Attempts", self._attempts(decision)),
            ("Added to the request", self._context(decision)),
            ("Out", self._excluded(decision)),
        ):
            if parts:
                column.addWidget(_section(name, parts))
        column.addStretch(1)

    def _candidates(self, decision: Decision) -> list[QWidget]:
        found = included(decision)
        most = max((sum(worth(term) for term in one.terms) for one in found), default=1.0)
        chosen = decision.chosen or next(iter(decision.plan), "")
        rows: list[QWidget] = [
            DecisionCandidate(
                self._theme, one, place=place, most=most, is_chosen=one.model == chosen
            )
            for place, one in enumerate(found[:MOST_CANDIDATES], start=1)
        ]
        if len(found) > MOST_CANDIDATES:
            rows.append(_label(f"and {len(found) - MOST_CANDIDATES} more", "mute"))
        return rows

    def _attempts(self, decision: Decision) -> list[QWidget]:
        if not decision.attempts:
            return []
        waterfall = AttemptWaterfall(self._theme)
        waterfall.show_attempts(decision.attempts)
        return [waterfall]

    def _excluded(self, decision: Decision) -> list[QWidget]:
        found = excluded(decision)
        rows: list[QWidget] = []
        for each in found[:MOST_REASONS]:
            rows.append(_pair(each.text, each.reason))
            rows[-1].setToolTip(", ".join(each.names))
        if len(found) > MOST_REASONS:
            left = len(found) - MOST_REASONS
            rows.append(_label(f"and {counted(left, 'other reason', 'other reasons')}", "mute"))
        return rows

    def _context(self, decision: Decision) -> list[QWidget]:
        rows = [self._step(step) for step in decision.context if step.is_on]
        off = [step.name for step in decision.context if not step.is_on]
        if off:
            rows.append(_label(f"Off: {', '.join(off)}", "mute"))
            told = (f"{step.name}: {step.detail or 'off'}" for step in decision.context)
            rows[-1].setToolTip("\n".join(told))
        return rows

    def _step(self, step: ContextStep) -> QWidget:
        tokens = self._theme.tokens
        size = f"  \N{MIDDLE DOT}  {step.tokens:,} tokens" if step.tokens else ""
        row = _pair("", step.detail or "added")
        title = row.findChild(QLabel)
        if title is not None:
            title.setTextFormat(Qt.TextFormat.RichText)
            dot = f'<span style="color:{tokens.ok}">\N{BLACK CIRCLE}</span>'
            title.setText(f"{dot}&nbsp; {escape(step.name)}{size}")
        return row


def _head(decision: Decision) -> QWidget:
    parts = [
        _label(headline(decision), "h2"),
        _label(why_text(decision), ""),
        _label(needs_text(decision), "mute"),
    ]
    if decision.outcome.startswith("failed"):
        parts.append(_label(decision.outcome, "bad"))
    return _column(parts, 4)


def _learnt(decision: Decision) -> list[QWidget]:
    choice = decision.parameters
    if choice is None:
        return []
    rows: list[QWidget] = [_label(choice_text(choice), "")]
    rows += [_label(text, "mute") for text in (reason_text(choice), *choice.why) if text]
    rows.append(_label(DOT.join(filter(None, (study_text(choice), choice.id))), "mute"))
    rows[-1].setToolTip("What is learnt, and the id by which the answer can be rated")
    return rows


def _plan(decision: Decision) -> list[QWidget]:
    if len(decision.plan) < 2:
        return []
    arrow = "  \N{RIGHTWARDS ARROW}  "
    return [_label(arrow.join(decision.plan).replace("-", "\N{NON-BREAKING HYPHEN}"), "")]


def _section(name: str, parts: list[QWidget]) -> QWidget:
    line = QFrame()
    line.setProperty("separator", True)
    return _column([line, _label(name, "cap"), *parts], 6)


def _pair(title: str, text: str) -> QWidget:
    return _column([_label(title, ""), _label(text, "mute")], 1)


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("r", role)
    return label


def _column(parts: Sequence[QWidget], spacing_px: int) -> QWidget:
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(spacing_px)
    for part in parts:
        column.addWidget(part)
    return widget
