"""The Parameters page: which parameters work, for which model and task, and how that is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedWidget, QWidget

from app.theme import Theme
from app.ui.panel import Panel
from app.ui.parameters_arms import ParametersArms
from app.ui.parameters_empty import ParametersEmpty
from app.ui.parameters_foresee import ParametersForesee
from app.ui.parameters_map import ParametersMap
from app.ui.parameters_search import ParametersSearch
from app.ui.parameters_setup import GROUP, ParametersSetup
from app.ui.parameters_suggestions import ParametersSuggestions
from app.ui.parameters_texts import change_look, head_look, study_text
from app.ui.parameters_time import ParametersTime
from app.ui.parameters_tradeoffs import ParametersTradeoffs
from app.ui.parameters_turns import share_turns
from app.ui.parameters_values import ParametersView, study_id
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.tab_strip import TabStrip
from app.ui.widgets.undo_strip import UndoStrip
from engine.analytics.snapshot import AlarmView, StudyView, Values

TABS = (
    "Choices", "Over time", "Trade-offs", "Search",
    "What if", "Suggestions", "All studies", "Setup",
)  # fmt: skip
CHOICES, TIME, TRADEOFFS, SEARCH, WHAT_IF, SUGGESTIONS, STUDIES, SETUP = range(8)
PICKER_PX = (140, 280)
"""Least and most width."""
UNDO_SHOWN_MS = 30_000
NARROW_PX = 800
"""Below, the tabs need the whole width."""


class ParametersPanel(Panel):
    """A page drawn from a ParametersView; its signals say what the user wants."""

    title: ClassVar[str] = "Parameters"
    icon_name: ClassVar[str] = "parameters"
    rate_hz: ClassVar[int] = 4

    setting_changed = Signal(str, object)
    """Key and value."""
    forget_wanted = Signal(str, str)
    """Model and type of task: answered by `show_undo`."""
    inspect_wanted = Signal(str, str, object)
    """Model, type of task, and two parameters or None: answered by `search.show_search`, or
    `search.show_failure`."""
    picture_wanted = Signal(str, object)
    """A name for the file, and the widget that is to be saved."""
    observations_wanted = Signal(object)
    """The StudyView whose observations are to be saved as CSV."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._view = ParametersView()
        self._chosen = ""
        self._state = StateChip(theme)
        self._change = StateChip(theme)
        self.picker = ChoiceField()
        self.picker.setMinimumWidth(PICKER_PX[0])
        self.picker.setMaximumWidth(PICKER_PX[1])
        self.picker.setAccessibleName("Model and type of task")
        self.picker.setToolTip("Model and type of task")
        self.pause_button = QPushButton("Pause")
        self.switch_on_button = QPushButton("Switch on\N{HORIZONTAL ELLIPSIS}")
        self.switch_on_button.setToolTip("Choose what is done with requests")
        self.export_button = QPushButton("Export")
        self.export_button.setToolTip("Save a picture of the page, or the observations as CSV")
        self.export_button.setMenu(self._build_menu())
        self.reason = StateStrip(theme)
        self.undo = UndoStrip(theme, "undo", shown_ms=UNDO_SHOWN_MS)
        self.tabs = TabStrip(theme, "Parts of the page", TABS)
        self.empty = ParametersEmpty(theme)
        self.arms = ParametersArms(theme)
        self.time = ParametersTime(theme)
        self.tradeoffs = ParametersTradeoffs(theme)
        self.search = ParametersSearch(theme)
        self.foresee = ParametersForesee(theme)
        self.suggestions = ParametersSuggestions(theme)
        self.map = ParametersMap(theme)
        self.setup = ParametersSetup(theme)
        self._lay_out()
        self._connect()
        self.show_snapshot(self._view)

    @property
    def study(self) -> StudyView | None:
        """The chosen one, else the last used that has something to show; None where none is."""
        studies = self._view.analytics.studies
        chosen = [study for study in studies if study_id(study) == self._chosen]
        rated = [study for study in studies if study.rewards]
        return next(iter((*chosen, *rated, *studies)), None)

    def show_snapshot(self, snapshot: ParametersView) -> None:
        """Draw `snapshot`: the head, and the part that shows."""
        self._view = snapshot
        found, settings = snapshot.analytics, snapshot.settings
        self._state.show_state(*head_look(snapshot))
        self._show_picker(found.studies)
        self.pause_button.setText("Resume" if settings.is_paused else "Pause")
        self.pause_button.setToolTip(
            "Learn and suggest again" if settings.is_paused else "Learn and suggest nothing for now"
        )
        is_off = settings.mode == "off"
        self.pause_button.setVisible(not is_off)
        self.switch_on_button.setVisible(is_off and bool(found.studies))
        study = self.study
        self._csv_action.setEnabled(study is not None and study.columns.total > 0)
        self._show_reason(study)
        self._show_change()
        self.export_button.setVisible(study is not None)
        self.empty.show_mode(settings.mode, is_known=found.version > 0)
        part = self._part()
        self._pages.setCurrentWidget(part)
        self._show_part(part, study)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out beside the tabs what there is no room for."""
        super().resizeEvent(event)
        self._show_change()

    def show_undo(self, text: str, undo: Callable[[], object] | None = None) -> None:
        """Tell what was done; `undo` takes it back, None where nothing can."""
        self.undo.show_undo(text, undo)

    def show_setting_problem(self, key: str, text: str) -> None:
        """Say beside the setting `key` why it could not be changed."""
        if self._part() is not self.setup or not self.setup.show_setting_problem(key, text):
            self.show_problem(text)

    def open_study(self, model: str, task_type: str) -> None:
        """Show one study, from the map for instance."""
        self._chosen = f"{model}\n{task_type}"
        self.tabs.setCurrentIndex(CHOICES)
        self.show_snapshot(self._view)
        self.tabs.setFocus()

    def _part(self) -> QWidget:
        """Return what the chosen tab shows: nothing but the setup has a use before a study."""
        index = self.tabs.currentIndex()
        if not self._view.analytics.studies and index != SETUP:
            return self.empty
        return self._parts[index]

    def _show_part(self, part: QWidget, study: StudyView | None) -> None:
        found = self._view.analytics
        if part is self.suggestions:
            self.suggestions.show_suggestions(found.suggestions)
        elif part is self.map:
            self.map.show_heat(found.heat)
        elif part is self.setup:
            self.setup.show_settings(self._view.settings)
            self.setup.show_study("" if study is None else study_text(study))
        elif study is not None and part is self.time:
            self.time.show_study(study, self._alarms(study))
        elif study is not None and part is self.search:
            self.search.show_study(study, self._view.settings)
        elif study is not None and isinstance(
            part, ParametersArms | ParametersTradeoffs | ParametersForesee
        ):
            part.show_study(study)

    def _show_picker(self, studies: tuple[StudyView, ...]) -> None:
        self.picker.setVisible(bool(studies))
        ordered = sorted(studies, key=lambda study: study_text(study).casefold())
        self.picker.show_choices([(study_id(study), study_text(study)) for study in ordered])
        if self.study is not None:
            self.picker.show_value(study_id(self.study))

    def _show_reason(self, study: StudyView | None) -> None:
        told = [self._view.analytics.problem or ""]
        if study is not None:
            told.append(study.reason)
        self.reason.show_text(". ".join(filter(None, told)), "warn")

    def _show_change(self) -> None:
        study = self.study if self.width() >= NARROW_PX else None
        self._change.show_state(*change_look(study, self._alarms(study) if study else ()))

    def _alarms(self, study: StudyView) -> tuple[AlarmView, ...]:
        own = (study.model, study.task_type)
        return tuple(e for e in self._view.analytics.alarms if (e.model, e.task_type) == own)

    def _choose(self, chosen: object) -> None:
        self._chosen = str(chosen)
        self.show_snapshot(self._view)

    def _open_setup(self) -> None:
        self.tabs.setCurrentIndex(SETUP)
        self.setup.mode.setFocus()

    def _forget(self) -> None:
        if self.study is not None:
            self.forget_wanted.emit(self.study.model, self.study.task_type)

    def _add(self) -> None:
        if self._part() is self.setup:
            self.setup.own.parameters.begin(-1)
        elif self.study is not None:
            self._add_arm(None)

    def _keep_study(self) -> None:
        """Show no other study by itself: somebody works on this one."""
        if self.study is not None:
            self._chosen = study_id(self.study)

    def _add_arm(self, values: Values | None) -> None:
        self.tabs.setCurrentIndex(CHOICES)
        self.arms.add_arm(values)

    def _save_picture(self) -> None:
        part = self._pages.currentWidget()
        inside = part.widget() if isinstance(part, ScrollPage) else part
        self.picture_wanted.emit("parameters.png", inside)

    def _save_observations(self) -> None:
        if self.study is not None:
            self.observations_wanted.emit(self.study)

    def _build_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("Picture as PNG\N{HORIZONTAL ELLIPSIS}", self._save_picture)
        self._csv_action = menu.addAction(
            "Observations as CSV\N{HORIZONTAL ELLIPSIS}", self._save_observations
        )
        return menu

    def _lay_out(self) -> None:
        self.header.addSpacing(8)
        self.header.addWidget(self._state)
        self.header.addWidget(self.picker, 100)
        self.header.addStretch(1)
        self.header.addWidget(self.switch_on_button)
        self.header.addWidget(self.pause_button)
        self.header.addWidget(self.export_button)
        self._parts: tuple[QWidget, ...] = (
            self.arms,
            self.time,
            self.tradeoffs,
            self.search,
            self.foresee,
            self.suggestions,
            self.map,
            self.setup,
        )
        self._pages = QStackedWidget()
        for part in (self.empty, *self._parts):
            self._pages.addWidget(part)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.undo)
        row = QHBoxLayout()
        row.addWidget(self.tabs, 1)
        row.addWidget(self._change)
        self.body.addLayout(row)
        self.body.addWidget(self._pages, 1)
        share_turns(self)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(lambda _: self.show_snapshot(self._view))
        self.picker.edited.connect(self._choose)
        self.pause_button.clicked.connect(
            lambda: self.setting_changed.emit(
                f"{GROUP}.is_paused", not self._view.settings.is_paused
            )
        )
        self.switch_on_button.clicked.connect(self._open_setup)
        self.empty.mode_chosen.connect(
            lambda mode: self.setting_changed.emit(f"{GROUP}.mode", mode)
        )
        self.setup.setting_changed.connect(self.setting_changed)
        self.setup.forget_wanted.connect(self._forget)
        self.setup.own.removed.connect(
            lambda text, key, entries: self.show_undo(
                text, lambda: self.setting_changed.emit(key, entries)
            )
        )
        self.foresee.add_wanted.connect(self._add_arm)
        self.foresee.worked.connect(self._keep_study)
        self.arms.worked.connect(self._keep_study)
        add = QShortcut(QKeySequence("Ctrl+N"), self)
        add.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        add.activated.connect(self._add)
        self.map.opened.connect(self.open_study)
        self.search.inspect_wanted.connect(self.inspect_wanted)
        for part in (self.arms, self.time, self.tradeoffs, self.search, self.suggestions):
            part.save_failed.connect(self.show_problem)
