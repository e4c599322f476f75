"""The part of the Parameters page that shows what is given up for what."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.parameters_parallel import ParallelDrawing
from app.ui.parameters_pareto import PAIRS, ParetoDrawing
from app.ui.widgets.plot_card import PlotCard
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.segmented import Segmented
from engine.analytics.snapshot import StudyView

NARROW_PX = 800
PLOT_PX = 360
PAIR_TEXTS = (
    ("0", "Latency and reward"),
    ("1", "Cost and reward"),
    ("2", "Latency and cost"),
)
LEAST_TRIES = 5


class ParametersTradeoffs(ScrollPage):
    """Reward, latency and cost against each other, and all parameters beside each other.

    save_failed(str): a file the user named cannot be written.
    """

    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._study: StudyView | None = None
        self.pair = Segmented("Axes", PAIR_TEXTS)
        self.pair.show_value("0")
        self.pareto = PlotCard(
            theme,
            "Trade-offs",
            ("Nothing to weigh yet", "Choices appear once answers were timed and rated."),
        )
        self.parallel = PlotCard(
            theme,
            "All parameters",
            ("Nothing was rated yet", "Each rated answer becomes a line through its parameters."),
        )
        self.pareto.below.insertWidget(0, self.pair)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(SPACING_PX)
        for card in (self.pareto, self.parallel):
            card.setMinimumHeight(PLOT_PX)
            card.save_failed.connect(self.save_failed)
            self._row.addWidget(card, 1)
        self.column.addLayout(self._row, 1)
        self.pair.chosen.connect(lambda _: self._show_pair())

    def show_study(self, study: StudyView) -> None:
        """Draw `study`; nothing happens where it is the one that shows."""
        if study is self._study:
            return
        self._study = study
        self._show_pair()
        rated = int(np.isfinite(study.columns.reward).sum())
        is_enough = rated >= LEAST_TRIES
        self.parallel.show_drawing(ParallelDrawing(study) if is_enough else None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the plots under each other where they would be too narrow."""
        super().resizeEvent(event)
        is_wide = self.width() >= NARROW_PX
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        self._row.setDirection(way)

    def _show_pair(self) -> None:
        if self._study is None:
            return
        drawing = ParetoDrawing(self._study, PAIRS[int(self.pair.value or 0)])
        self.pareto.show_drawing(drawing if drawing.points else None)
