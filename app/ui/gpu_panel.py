"""The GPU page: every card, who holds its memory, who waits, and what would fit."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QPushButton, QStackedWidget, QWidget

from app.theme import Theme
from app.ui.gpu_card_page import GpuCardPage
from app.ui.gpu_grid import GpuGrid
from app.ui.gpu_host import GpuHost
from app.ui.gpu_leases import GpuLeases
from app.ui.gpu_other_hosts import GpuOtherHosts
from app.ui.gpu_planner import GpuPlanner
from app.ui.gpu_texts import head_look, lease_line
from app.ui.gpu_values import GpuView, HistoryWish, Plan
from app.ui.panel import Panel
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.segmented import Segmented
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.tab_strip import TabStrip
from engine.gpu.history import Span

TABS = ("Cards", "Leases and queue", "Other hosts", "Planner")
CARDS, LEASES, OTHERS, PLANNER = range(4)
SPANS = tuple((span.value, span.value) for span in Span)


class GpuPanel(Panel):
    """A page drawn from a GpuView; its signals say what the user wants."""

    title: ClassVar[str] = "GPU"
    icon_name: ClassVar[str] = "gpu"
    rate_hz: ClassVar[int] = 2

    end_lease_wanted = Signal(str)
    """Its id: held or waited for."""
    end_process_wanted = Signal(int, float)
    """Pid, and start in wall seconds."""
    plan_wanted = Signal(object)
    """A PlanWish: answered by `show_plan` or `show_plan_problem`."""
    picture_wanted = Signal(str, object)
    """A name for the file, and the widget that is to be saved."""
    history_wanted = Signal(tuple, object)
    """Ids of cards, and the Span to be saved as CSV."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._view = GpuView()
        self._state = StateChip(theme)
        self._leases_line = ElidedLabel("mute")
        self.reason = StateStrip(theme)
        self.spans = Segmented("History", SPANS)
        self.spans.show_value(Span.MINUTE.value)
        self.export_button = QPushButton("Export")
        self.export_button.setToolTip("Save a picture, or the history as CSV")
        self.export_button.setMenu(self._build_menu())
        self.tabs = TabStrip(theme, "Parts of the page", TABS)
        self.host = GpuHost(theme)
        self.grid = GpuGrid(theme)
        self.card_page = GpuCardPage(theme)
        self.leases = GpuLeases(theme)
        self.others = GpuOtherHosts(theme)
        self.planner = GpuPlanner(theme)
        self._lay_out()
        self._connect()
        self.show_snapshot(self._view)

    @property
    def wish(self) -> HistoryWish:
        """The histories that the next snapshot should hold."""
        span = Span(self.spans.value or Span.MINUTE)
        part = self._pages.currentWidget()
        return part.wish(span) if isinstance(part, GpuGrid | GpuCardPage) else HistoryWish(span)

    def show_snapshot(self, snapshot: GpuView) -> None:
        """Draw `snapshot`: the head, and the part that shows."""
        self._view = snapshot
        resources = snapshot.resources
        self._state.show_state(*head_look(resources))
        self._leases_line.show_text(lease_line(resources) if resources.cards else "")
        # Without a card the part itself tells why.
        some_are_missing = resources.cards_problem if resources.cards else None
        told = (resources.problem, some_are_missing)
        self.reason.show_text(" ".join(filter(None, told)), "warn")
        self._choose_page()
        part = self._pages.currentWidget()
        if isinstance(part, GpuHost | GpuGrid | GpuCardPage | GpuLeases | GpuOtherHosts):
            part.show_gpu(snapshot)

    def show_plan(self, plan: Plan) -> None:
        """Show what the last `plan_wanted` found."""
        self.planner.show_plan(plan)

    def show_plan_problem(self, text: str, details: str = "") -> None:
        """Say why the last `plan_wanted` found nothing."""
        self.planner.show_problem(text)

    def open_card(self, card_id: str) -> None:
        """Show one card large."""
        self.card_page.open_card(card_id)
        self.show_snapshot(self._view)
        # The tile that had the keyboard is gone: it goes on at the first thing that shows.
        self.card_page.back_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_card(self) -> None:
        """Show all cards."""
        if self.card_page.card_id:
            tile = self.grid.tiles.get(self.card_page.card_id)
            self.card_page.card_id = ""
            self.show_snapshot(self._view)
            if tile is not None:
                tile.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose_page(self) -> None:
        cards = self._view.resources.cards
        known = {each.card.id for each in cards}
        if self.card_page.card_id not in known:
            self.card_page.card_id = ""
        self._show_others_tab(bool(self._view.resources.leases.others))
        of_cards = self.card_page if self.card_page.card_id else self.grid if cards else self.host
        page = (of_cards, self.leases, self.others, self.planner)[self.tabs.currentIndex()]
        self._pages.setCurrentWidget(page)
        is_of_cards = page in (self.grid, self.card_page)
        self.spans.setVisible(is_of_cards)
        self._csv_action.setEnabled(bool(cards))

    def _show_others_tab(self, are_there: bool) -> None:
        if self.tabs.isTabVisible(OTHERS) == are_there:
            return
        if not are_there and self.tabs.currentIndex() == OTHERS:
            self.tabs.setCurrentIndex(LEASES)
        self.tabs.setTabVisible(OTHERS, are_there)

    def _shown_cards(self) -> tuple[str, ...]:
        if self.card_page.card_id:
            return (self.card_page.card_id,)
        return tuple(each.card.id for each in self._view.resources.cards)

    def _save_history(self) -> None:
        self.history_wanted.emit(self._shown_cards(), Span(self.spans.value or Span.MINUTE))

    def _save_picture(self) -> None:
        part = self._pages.currentWidget()
        inside: QWidget | None = part.widget() if isinstance(part, GpuCardPage) else self
        self.picture_wanted.emit("gpu.png", inside)

    def _build_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("Picture as PNG\N{HORIZONTAL ELLIPSIS}", self._save_picture)
        self._csv_action = menu.addAction(
            "History as CSV\N{HORIZONTAL ELLIPSIS}", self._save_history
        )
        return menu

    def _lay_out(self) -> None:
        self.header.addSpacing(8)
        self.header.addWidget(self._state)
        self.header.addWidget(self._leases_line, 1)
        self.header.addWidget(self.spans)
        self.header.addWidget(self.export_button)
        self._pages = QStackedWidget()
        for part in (
            self.host,
            self.grid,
            self.card_page,
            self.leases,
            self.others,
            self.planner,
        ):
            self._pages.addWidget(part)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.tabs)
        self.body.addWidget(self._pages, 1)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(lambda _: self.show_snapshot(self._view))
        self.grid.card_opened.connect(self.open_card)
        self.card_page.closed.connect(self.close_card)
        processes = self.card_page.processes
        processes.end_lease_wanted.connect(self.end_lease_wanted)
        processes.end_process_wanted.connect(self.end_process_wanted)
        self.leases.end_wanted.connect(self.end_lease_wanted)
        self.host.plan_wanted.connect(lambda: self.tabs.setCurrentIndex(PLANNER))
        self.planner.plan_wanted.connect(self.plan_wanted)
        for part in (processes, self.leases, self.others, self.host, self.planner):
            part.save_failed.connect(self.show_problem)
        for chart in self.card_page.charts:
            chart.save_failed.connect(self.show_problem)
        back = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        back.activated.connect(self.close_card)
