"""The search and the filters above the list of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.theme import Theme
from app.ui.activity_texts import OUTCOMES, kind_text
from app.ui.widgets.chat_buttons import QuietButton
from app.ui.widgets.filter_chip import FilterChip
from engine.activity import ActivityQuery

TYPING_PAUSE_MS = 200
"""It is searched after this pause, not with each letter."""
LEAST_SEARCH_PX = 150
CHIPS = (
    ("outcome", "Outcome", "Every outcome"),
    ("kind", "Kind", "Every kind"),
    ("model", "Model", "Every model"),
    ("endpoint", "Server", "Every server"),
    ("client", "Client", "Every client"),
)
"""A field of ActivityQuery, what it is called, and what "" means."""


class ActivityFilters(QWidget):
    """Search and chips; `changed(ActivityQuery)` when the user wants another list."""

    changed = Signal(object)
    names_wanted = Signal()
    """Which models, servers and clients there are."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
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
        self.clear_button = QuietButton(theme, "close", "Clear the search and every filter")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.search, 1)
        for chip in self.chips.values():
            row.addWidget(chip)
            chip.opened.connect(self.names_wanted)
            chip.chosen.connect(self._take)
        row.addWidget(self.clear_button)
        self.search.textChanged.connect(self._pause.start)
        self.search.returnPressed.connect(self._take)
        self._pause.timeout.connect(self._take)
        self.clear_button.clicked.connect(self.clear)
        theme.changed.connect(self._draw_sign)
        self._show_clear()

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
        text = self.search.text().strip()
        self._ask(replace(self.query, text=text, **chosen))  # type: ignore[arg-type]  # as above

    def _ask(self, query: ActivityQuery) -> None:
        if query != self.query:
            self.query = query
            self._show_clear()
            self.changed.emit(query)

    def _show_clear(self) -> None:
        self.clear_button.setVisible(self.is_filtering)

    def _draw_sign(self) -> None:
        self._sign.setIcon(self._theme.icon("search", self._theme.tokens.mute))
