"""The search and the filters above the list of requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.theme import Theme
from app.ui.activity_texts import OUTCOMES, kind_text
from app.ui.quantity_texts import DAY_S, HOUR_S
from app.ui.widgets.chat_buttons import QuietButton
from app.ui.widgets.filter_chip import FilterChip
from engine.activity import ActivityQuery

TYPING_PAUSE_MS = 200
"""It is searched after this pause, not with each letter."""
LEAST_SEARCH_PX = 150
LEAST_PX, GAP_PX = 320, 8
TIME = "time"
CHIPS = (
    (TIME, "Time", "Any time"),
    ("outcome", "Outcome", "Every outcome"),
    ("kind", "Kind", "Every kind"),
    ("model", "Model", "Every model"),
    ("endpoint", "Server", "Every server"),
    ("client", "Client", "Every client"),
)
"""A field of ActivityQuery, or the time; what it is called, and what "" means."""
LEAST_IMPORTANT = ("kind", "client", "endpoint", "outcome", "model")
"""Filters that go first where there is little room: the menu of a row offers most of them too."""
SPANS = (
    ("hour", "Last hour", HOUR_S),
    ("day", "Last 24 hours", DAY_S),
    ("week", "Last 7 days", 7 * DAY_S),
    ("month", "Last 30 days", 30 * DAY_S),
)


class ActivityFilters(QWidget):
    """Search and chips; `changed(ActivityQuery)` when the user wants another list."""

    changed = Signal(object)
    names_wanted = Signal()
    """Which models, servers and clients there are."""

    def __init__(self, theme: Theme, now_s: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._theme = theme
        self._now_s = now_s
        self._span = ""
        self._since_s: float | None = None
        self.query = ActivityQuery()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search (Ctrl+F)")
        self.search.setToolTip("Words of a question or an answer, an id, a name or a problem")
        self.search.setAccessibleName("Search requests")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(LEAST_SEARCH_PX)
        self._sign = self.search.addAction(
            theme.icon("search", theme.tokens.mute), QLineEdit.ActionPosition.LeadingPosition
        )
        self.chips = {name: FilterChip(theme, title, every) for name, title, every in CHIPS}
        self.chips["outcome"].show_choices(OUTCOMES)
        self.chips[TIME].show_choices([(span, text) for span, text, _ in SPANS])
        self.clear_button = QuietButton(theme, "close", "Clear the search and every filter")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._show_clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out filters where there is little room."""
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        """Return little: a page that becomes narrow leaves a filter out first."""
        return QSize(LEAST_PX, super().minimumSizeHint().height())

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_PX)
        row.addWidget(self.search, 1)
        for chip in self.chips.values():
            row.addWidget(chip)
        row.addWidget(self.clear_button)

    def _connect(self) -> None:
        for chip in self.chips.values():
            chip.opened.connect(self.names_wanted)
            chip.chosen.connect(self._take)
        self.search.textChanged.connect(self._pause.start)
        self.search.returnPressed.connect(self._take)
        self._pause.timeout.connect(self._take)
        self.clear_button.clicked.connect(self.clear)
        self._theme.changed.connect(self._draw_sign)

    @property
    def is_filtering(self) -> bool:
        """Whether some requests are left out."""
        return replace(self.query, sort="newest") != ActivityQuery()

    def show_names(self, names: Mapping[str, Sequence[str]]) -> None:
        """Offer the kinds, models, endpoints and clients there are."""
        for name, found in names.items():
            if name == "kind":
                self.chips[name].show_choices([(each, kind_text(each)) for each in found])
            elif name in self.chips:
                self.chips[name].show_choices([(each, each) for each in found])

    def choose(self, name: str, value: str) -> None:
        """Set one filter, as the user would."""
        self.chips[name].show_value(value)
        self._take()

    def look_for(self, text: str) -> None:
        """Search for `text` among all requests, as the user would."""
        for chip in self.chips.values():
            chip.show_value("")
        self.search.setText(text)
        self._take()

    def sort_by(self, sort: str) -> None:
        """Ask for the same requests in another order."""
        self._ask(replace(self.query, sort=sort))  # type: ignore[arg-type]  # from SORTS only

    def clear(self) -> None:
        """Leave nothing out."""
        self.look_for("")

    def _take(self) -> None:
        self._pause.stop()
        chosen = {name: chip.value for name, chip in self.chips.items()}
        span = chosen.pop(TIME)
        if span != self._span:
            self._span = span
            spans = {name: seconds for name, _, seconds in SPANS}
            self._since_s = self._now_s() - spans[span] if span else None
        text, since_s = self.search.text().strip(), self._since_s
        self._ask(replace(self.query, text=text, since_s=since_s, **chosen))  # type: ignore[arg-type]  # as above

    def _ask(self, query: ActivityQuery) -> None:
        if query != self.query:
            self.query = query
            self._show_clear()
            self.changed.emit(query)

    def _show_clear(self) -> None:
        self.clear_button.setVisible(self.is_filtering)
        self._arrange()

    def _arrange(self) -> None:
        """Show the filters that have room, and all that leave something out."""
        shown: list[QWidget] = list(self.chips.values())
        if self.is_filtering:
            shown.append(self.clear_button)
        left = self.width() - LEAST_SEARCH_PX
        left -= sum(each.sizeHint().width() + GAP_PX for each in shown)
        for name in LEAST_IMPORTANT:
            chip = self.chips[name]
            is_out = left < 0 and not chip.value
            left += chip.sizeHint().width() + GAP_PX if is_out else 0
            chip.setHidden(is_out)

    def _draw_sign(self) -> None:
        self._sign.setIcon(self._theme.icon("search", self._theme.tokens.mute))
