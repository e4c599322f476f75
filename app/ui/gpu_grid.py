"""Several cards at once on the GPU page."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout

from app.theme import Theme
from app.ui.gpu_charts import LOAD, gauges_of
from app.ui.gpu_tile import LEAST_PX, GpuTile
from app.ui.gpu_values import GpuView, HistoryWish
from app.ui.panel import SPACING_PX
from app.ui.widgets.scroll_page import ScrollPage
from engine.gpu.history import Span

MOST_COLUMNS = 3


class GpuGrid(ScrollPage):
    """A tile for each card. card_opened(id): the user wants to see one large."""

    card_opened = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._ids: tuple[str, ...] = ()
        self._columns = 0
        self.tiles: dict[str, GpuTile] = {}
        """By card."""
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACING_PX)
        self.column.addLayout(self._grid, 1)

    def show_gpu(self, view: GpuView) -> None:
        """Draw every card of `view`."""
        cards = view.resources.cards
        ids = tuple(each.card.id for each in cards)
        if ids != self._ids:
            self._build(ids)
        for each in cards:
            self.tiles[each.card.id].show_card(each, view)

    def wish(self, span: Span) -> HistoryWish:
        """Return the histories that the tiles draw."""
        gauges = gauges_of((LOAD,))
        return HistoryWish(span, tuple((each, gauge) for each in self._ids for gauge in gauges))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put as many tiles beside each other as there is room for."""
        super().resizeEvent(event)
        if self._columns != self._columns_now():
            self._arrange()

    def _build(self, ids: tuple[str, ...]) -> None:
        for gone in self.tiles.keys() - set(ids):
            tile = self.tiles.pop(gone)
            self._grid.removeWidget(tile)
            tile.deleteLater()
        for card_id in ids:
            if card_id not in self.tiles:
                self.tiles[card_id] = tile = GpuTile(self._theme)
                tile.opened.connect(lambda card_id=card_id: self.card_opened.emit(card_id))
        self._ids = ids
        self._arrange()

    def _columns_now(self) -> int:
        room = (self.viewport().width() + SPACING_PX) // (LEAST_PX + SPACING_PX)
        return max(1, min(room, MOST_COLUMNS, len(self._ids)))

    def _arrange(self) -> None:
        self._columns = columns = self._columns_now()
        for number, card_id in enumerate(self._ids):
            self._grid.addWidget(self.tiles[card_id], *divmod(number, columns))
        for column in range(MOST_COLUMNS):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
