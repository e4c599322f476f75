"""The cache in one card of the overview."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel

from app.theme import Theme
from app.ui.cache_texts import hit_text, latency_card_text, memory_text, state_look
from app.ui.widgets.card import Card
from app.ui.widgets.reading import Value
from app.ui.widgets.state_chip import StateChip
from engine.cache.snapshot import CacheSnapshot


class CacheSummary(Card):
    """State, hit rate and how long a read takes; the tooltip tells the memory in use."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("Cache")
        self._state = StateChip(theme)
        self.corner.addWidget(self._state)
        self.hits = Value()
        self.latency = Value()
        grid = QGridLayout()
        grid.setVerticalSpacing(0)
        for column, (caption, value) in enumerate(
            (("Hit rate", self.hits), ("Read latency", self.latency))
        ):
            label = QLabel(caption)
            label.setProperty("r", "mute")
            grid.addWidget(value, 0, column)
            grid.addWidget(label, 1, column)
            grid.setColumnStretch(column, 1)
        self.body.addLayout(grid)

    def show_cache(self, snapshot: CacheSnapshot) -> None:
        """Draw `snapshot`."""
        self._state.show_state(*state_look(snapshot), snapshot.reason)
        self.hits.show_value(*hit_text(snapshot)[:2])
        number, unit, _ = latency_card_text(snapshot.get, snapshot.set)
        self.latency.show_value(number, unit.partition(" ")[0])
        used, limit, values = memory_text(snapshot)
        self.setToolTip("" if used is None else f"{used} {limit}, {values}")
