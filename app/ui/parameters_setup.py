"""The part of the Parameters page where learning is switched, weighed and limited."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.parameters_own import ParametersOwn
from app.ui.parameters_texts import MODE_CHOICES, MODE_WORDS
from app.ui.setting_specs import field_for, specs_of, value_of
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.segmented import Segmented
from app.ui.widgets.setting_row import SettingRow
from engine.analytics.settings import AnalyticsSettings

GROUP = "analytics"
MODE_PX = 300
RANGES = ("ranges",)
CARDS = (
    (
        "Learning",
        "What is done with requests, and where parameters come from",
        ("method", "is_paused"),
    ),
    ("Limits", "What exceeds one of them is left out", ("max_latency_ms", "max_cost_usd")),
    (
        "What makes an answer good",
        "Each sign counts by its weight; observations are weighed anew at once",
        ("rewards",),
    ),
    ("What may be chosen", "Parameters that a request leaves open", RANGES),
    (
        "What is kept",
        "Observations stay on this machine, and on hosts of yours that share a Redis with it",
        ("settle_min", "suggestion_hours", "keep_days", "most_observations", "share"),
    ),
)


class ParametersSetup(ScrollPage):
    """Mode, limits, weights and bounds, and a way to forget what was learnt.

    setting_changed(key, value), forget_wanted: what the user wants; forgetting concerns the study
    that is chosen on the page.
    """

    setting_changed = Signal(str, object)
    forget_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.rows: dict[str, SettingRow] = {}
        self.column.setSpacing(SPACING_PX)
        self.mode = Segmented("What is done with requests", MODE_CHOICES)
        self.mode.setFixedWidth(MODE_PX)
        self.mode.chosen.connect(lambda mode: self.setting_changed.emit(f"{GROUP}.mode", mode))
        self._mode_words = ElidedLabel("mute")
        self.forget_button = QPushButton("Forget\N{HORIZONTAL ELLIPSIS}")
        self.forget_button.setProperty("danger", True)
        self.forget_button.setAccessibleName("Forget what was learnt")
        self._forget_what = ElidedLabel("mute")
        self.confirm = NoticeStrip(theme, "warning", ("Forget", "Cancel"))
        self._study = ""
        self.own = ParametersOwn(theme)
        self.own.setting_changed.connect(self.setting_changed)
        specs = specs_of(AnalyticsSettings, GROUP)
        for number, (title, about, names) in enumerate(CARDS):
            card = self._card(title, about)
            if number == 0:
                card.addWidget(_beside("What is done with requests", self._mode_words, self.mode))
            for name in names:
                for spec in specs:
                    if f"{spec.key}.".startswith(f"{GROUP}.{name}."):
                        row = SettingRow(spec, field_for(spec, theme))
                        row.edited.connect(self.setting_changed)
                        self.rows[spec.key] = row
                        _add(card, row)
            if names == RANGES:
                self.column.addWidget(self.own)
        self._add_forgetting()
        self.column.addStretch(1)
        self.show_settings(AnalyticsSettings())
        self.show_study("")

    def show_settings(self, settings: AnalyticsSettings) -> None:
        """Show `settings`; fields the user is typing in are left alone."""
        self.mode.show_value(settings.mode)
        self._mode_words.show_text(MODE_WORDS[settings.mode])
        for key, row in self.rows.items():
            row.show_value(value_of(settings, key))
        self.own.show_ranges(settings.ranges)

    def show_setting_problem(self, key: str, text: str) -> bool:
        """Say beside the setting `key` why it could not be changed; tell whether it is here."""
        if key not in self.rows:
            return self.own.show_failure(key, text)
        self.rows[key].show_wrong(text)
        return True

    def show_study(self, name: str) -> None:
        """Offer to forget the study `name`; "" is none."""
        if name == self._study and self.forget_button.toolTip():
            return
        self._study = name
        self.confirm.show_notice("")
        self.forget_button.setEnabled(bool(name))
        told = f"Every observation of {name}; it can be undone for a day" if name else (
            "There is nothing to forget yet")  # fmt: skip
        self._forget_what.show_text(told)
        self.forget_button.setToolTip(told)

    def _add_forgetting(self) -> None:
        card = self._card("Begin anew", "What was learnt of the chosen study can be forgotten")
        card.addWidget(_beside("Forget what was learnt", self._forget_what, self.forget_button))
        card.addWidget(self.confirm)
        self.forget_button.clicked.connect(self._ask)
        self.confirm.chosen.connect(self._decide)

    def _ask(self) -> None:
        self.confirm.show_notice(f"Forget every observation of {self._study}?")
        self.confirm.buttons["Cancel"].setFocus(Qt.FocusReason.OtherFocusReason)
        self.ensureWidgetVisible(self.confirm)

    def _decide(self, choice: str) -> None:
        self.confirm.show_notice("")
        if choice == "Forget":
            self.forget_wanted.emit()

    def _card(self, title: str, about: str) -> QVBoxLayout:
        card = QFrame()
        card.setProperty("card", True)
        card.setAccessibleName(title)
        heading, words = QLabel(title), ElidedLabel("mute")
        heading.setProperty("r", "h2")
        words.show_text(about)
        column = QVBoxLayout(card)
        column.setContentsMargins(24, 16, 24, 8)
        column.setSpacing(0)
        column.addWidget(heading)
        column.addWidget(words)
        column.addSpacing(8)
        self.column.addWidget(card)
        return column


def _add(card: QVBoxLayout, row: QWidget) -> None:
    """Add `row`, with a line above it where it is not the first below the heading."""
    if card.count() > 3:
        line = QFrame()
        line.setProperty("separator", True)
        card.addWidget(line)
    card.addWidget(row)


def _beside(name: str, meaning: QLabel, field: QWidget) -> QWidget:
    """Return a row that looks as those of settings do."""
    words = QVBoxLayout()
    words.setSpacing(2)
    words.addWidget(QLabel(name))
    words.addWidget(meaning)
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 8, 0, 8)
    row.setSpacing(24)
    row.addLayout(words, 1)
    row.addWidget(field)
    return box
