"""The part of the Parameters page that shows what the search believes, and where it would try."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.parameters_calibration import CalibrationDrawing
from app.ui.parameters_contour import ContourDrawing
from app.ui.parameters_importance import ImportanceDrawing
from app.ui.parameters_scale import scale_of
from app.ui.parameters_search_texts import NOTHING, ONE_PARAMETER, belief_text, empty_text
from app.ui.parameters_slice import SliceDrawing
from app.ui.parameters_values import study_id
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.plot_card import PlotCard
from app.ui.widgets.scroll_page import ScrollPage
from engine.analytics.search_view import SearchView
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import Floats, StudyView

REST_MS = 3000
"""After an answer: a study that changes all the time is not looked at all the time."""
NARROW_PX = 800
TALL_PX, LOW_PX = 300, 220
FIELD_PX = 200

Pair = tuple[str, str]


class ParametersSearch(ScrollPage):
    """Slices, a map, importances and calibration of one study, as worked out when it shows.

    inspect_wanted(model, task_type, pair): answered by `show_search` or `show_failure`; pair: the
    parameters of the map, None for the most important. save_failed(str): a file the user named
    cannot be written.
    """

    inspect_wanted = Signal(str, str, object)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._study: StudyView | None = None
        self._settings = AnalyticsSettings()
        self._view: SearchView | None = None
        self._failure = ""
        self._pair: Pair | None = None
        self._asked: object = None
        """What was asked for last."""
        self._is_waiting = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self.empty = EmptyState(theme, "parameters")
        self.belief = QLabel()
        self.belief.setWordWrap(True)
        self.belief.setProperty("r", "dim")
        self.parameter = _field("Parameter of the slice")
        self.pair = _field("Parameters of the map")
        self.pair.setMinimumWidth(FIELD_PX)
        self.slice = PlotCard(theme, "Along one parameter", NOTHING)
        self.map = PlotCard(theme, "Over two parameters", ONE_PARAMETER)
        self.importances = PlotCard(theme, "What matters", NOTHING)
        self.calibration = PlotCard(theme, "Predicted and observed", NOTHING)
        self._cards = (self.slice, self.map, self.importances, self.calibration)
        self._lay_out()
        self.parameter.edited.connect(lambda _: self._draw_slice())
        self.pair.edited.connect(self._choose_pair)
        self._rest.timeout.connect(self._ask_again)
        self._draw()

    def show_study(self, study: StudyView, settings: AnalyticsSettings) -> None:
        """Show `study`: what is known of it at once, the rest once it is worked out."""
        before, self._study, self._settings = self._study, study, settings
        if before is None or study_id(before) != study_id(study):
            self._view, self._pair, self._failure = None, None, ""
            self._draw()
        self._ask()

    def show_search(self, view: SearchView) -> None:
        """Draw what was asked for."""
        self._is_waiting = False
        self._rest.start()
        study = self._study
        if study is not None and (view.model, view.task_type) == (study.model, study.task_type):
            self._view, self._failure = view, ""
            self._draw()
        self._ask()

    def show_failure(self, text: str) -> None:
        """Say why what was asked for cannot be shown."""
        self._is_waiting = False
        self._rest.start()
        self._view, self._failure = None, text
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the plots under each other where they would be too narrow."""
        super().resizeEvent(event)
        is_wide = self.width() >= NARROW_PX
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        for row in self._rows:
            row.setDirection(way)

    def _ask(self) -> None:
        """Ask for what shows, unless that was asked for already or is under way."""
        study, settings = self._study, self._settings
        if study is None or self._is_waiting:
            return
        wish = (study_id(study), self._pair)
        limits = (settings.max_latency_ms, settings.max_cost_usd, settings.ranges)
        mark = (wish, study.version, limits)
        known = self._asked
        if mark == known:
            return
        is_same_wish = isinstance(known, tuple) and known[0] == wish
        if is_same_wish and self._rest.isActive():
            return
        self._asked, self._is_waiting = mark, True
        self.inspect_wanted.emit(study.model, study.task_type, self._pair)

    def _ask_again(self) -> None:
        if self.isVisible():
            self._ask()

    def _choose_pair(self, chosen: object) -> None:
        first, _, second = str(chosen).partition("\n")
        self._pair = (first, second)
        self._ask()

    def _draw(self) -> None:
        view = self._view
        is_known = view is not None and not view.reason
        self.empty.setVisible(not is_known)
        self.belief.setVisible(is_known)
        self._plots.setVisible(is_known)
        if view is None or view.reason:
            self.empty.show_text(*empty_text(view, self._failure, self._settings.method))
            return
        self.belief.setText(belief_text(view, self._settings.method))
        names = tuple(view.slices)
        self.parameter.show_choices([(name, name) for name in names])
        if self.parameter.currentData() is None:
            self.parameter.show_value(view.most_important or names[0])
        pairs = [(f"{a}\n{b}", f"{a}, {b}") for a, b in combinations(names, 2)]
        self.pair.show_choices(pairs)
        self._draw_slice()
        self._draw_map(view)
        self.importances.show_drawing(ImportanceDrawing(view.importances))
        found = view.calibration
        has_any = found is not None and len(found.observed) > 0
        self.calibration.show_drawing(CalibrationDrawing(found) if found and has_any else None)

    def _draw_slice(self) -> None:
        view, study = self._view, self._study
        name = str(self.parameter.currentData())
        if view is None or study is None or name not in view.slices:
            return
        found = view.slices[name]
        scale = scale_of(name, found.points, study.parameters)
        seen = np.column_stack((scale.along(_observed(study, name)), study.columns.reward))
        seen = seen[np.isfinite(seen).all(axis=1)]
        self.slice.show_drawing(SliceDrawing(found, scale, seen))

    def _draw_map(self, view: SearchView) -> None:
        found, study = view.contour, self._study
        self.pair.setVisible(found is not None)
        if found is None or study is None:
            self.map.show_drawing(None)
            return
        shown = {f"{found.x_name}\n{found.y_name}", f"{found.y_name}\n{found.x_name}"}
        at = (index for index in range(self.pair.count()) if self.pair.itemData(index) in shown)
        self.pair.setCurrentIndex(next(at, -1))
        x = scale_of(found.x_name, found.x, study.parameters)
        y = scale_of(found.y_name, found.y, study.parameters)
        seen = np.column_stack([each.along(_observed(study, each.name)) for each in (x, y)])
        seen = seen[np.isfinite(seen).all(axis=1)]
        self.map.show_drawing(ContourDrawing(found, (x, y), view.best, view.next, seen))

    def _lay_out(self) -> None:
        self.slice.corner.insertWidget(0, self.parameter)
        self.map.corner.insertWidget(0, self.pair)
        self._rows = tuple(QBoxLayout(QBoxLayout.Direction.LeftToRight) for _ in range(2))
        for number, card in enumerate(self._cards):
            card.setMinimumHeight(TALL_PX if number < 2 else LOW_PX)
            card.save_failed.connect(self.save_failed)
            self._rows[number // 2].addWidget(card, 1)
        self._plots = QWidget()
        plots = QVBoxLayout(self._plots)
        plots.setContentsMargins(0, 0, 0, 0)
        plots.setSpacing(SPACING_PX)
        for row, stretch in zip(self._rows, (3, 2), strict=True):
            row.setSpacing(SPACING_PX)
            plots.addLayout(row, stretch)
        self.column.addWidget(self.empty, 1)
        self.column.addWidget(self.belief)
        self.column.addWidget(self._plots, 1)


def _field(name: str) -> ChoiceField:
    field = ChoiceField()
    field.setAccessibleName(name)
    field.setToolTip(name)
    field.setMaximumWidth(FIELD_PX)
    return field


def _observed(study: StudyView, name: str) -> Floats:
    """Return the values of a parameter in the observations, NaN where none is known."""
    found = study.columns.values.get(name)
    return np.full(len(study.columns.reward), np.nan) if found is None else found
