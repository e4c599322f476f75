"""The Models page: servers, the catalogue, tiers, usage, and the address that clients use."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QStackedWidget

from app.theme import Theme
from app.ui.models_catalogue import ModelsCatalogue
from app.ui.models_servers import ModelsServers
from app.ui.models_texts import healthy_text
from app.ui.models_tiers import ModelsTiers
from app.ui.models_usage import ModelsUsage
from app.ui.models_values import ModelsSnapshot
from app.ui.panel import Panel
from app.ui.widgets.gateway_strip import GatewayStrip
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.tab_strip import TabStrip
from engine.coordinator.snapshot import FoundServer
from engine.router.snapshot import Decision

NARROW_PX, LOW_PX = 900, 640
UNDO_SHOWN_MS = 15_000
TABS = ("Servers", "Catalogue", "Tiers", "Usage and prices")
SERVERS, CATALOGUE, TIERS, USAGE = range(4)


class ModelsPanel(Panel):
    """A page drawn from a ModelsSnapshot; its signals say what the user wants."""

    title = "Models"
    icon_name = "models"
    rate_hz = 2

    look_requested = Signal()
    probe_wanted = Signal(str, str)
    """An address and a key: answered by `show_found`."""
    endpoint_saved = Signal(object, object)
    """An Endpoint, and its key; None keeps the one there is, "" forgets it."""
    endpoint_removed = Signal(str)
    test_requested = Signal(str)
    """Answered by `show_test`."""
    enabled_toggled = Signal(str, bool)
    weight_changed = Signal(str, float)
    model_saved = Signal(object)
    model_removed = Signal(str)
    tier_saved = Signal(object)
    tier_removed = Signal(str)
    explain_wanted = Signal(object)
    """A Tier: answered by `show_decision`."""
    prices_saved = Signal(tuple)
    export_requested = Signal(str)
    """A table as CSV."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._snapshot = ModelsSnapshot()
        self._undo: Callable[[], object] | None = None
        self._state = StateChip(theme)
        self.gateway = GatewayStrip(theme)
        self.reason = StateStrip(theme)
        self.undo = NoticeStrip(theme, "undo", ("Undo",))
        self.tabs = TabStrip(theme, "Parts of the page", TABS)
        self.servers = ModelsServers(theme)
        self.catalogue = ModelsCatalogue(theme)
        self.tiers = ModelsTiers(theme)
        self.usage = ModelsUsage(theme)
        self._forget = QTimer(self)
        self._forget.setSingleShot(True)
        self._forget.setInterval(UNDO_SHOWN_MS)
        self._lay_out()
        self._connect()
        self._add_shortcuts()
        self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: ModelsSnapshot) -> None:
        """Draw `snapshot`: the head, and the part that shows."""
        self._snapshot = snapshot
        self._state.show_state(*healthy_text(snapshot.coordinator))
        self.gateway.show_gateway(snapshot.gateway)
        told = (snapshot.coordinator.problem, snapshot.router.problem)
        self.reason.show_text("; ".join(each for each in told if each), "warn")
        part = self._pages.currentWidget()
        if isinstance(part, ModelsServers | ModelsCatalogue | ModelsTiers | ModelsUsage):
            part.show_models(snapshot)

    def show_found(self, url: str, found: FoundServer) -> None:
        """Tell what the last `probe_wanted` found at `url`."""
        self.servers.show_found(url, found)

    def show_testing(self, name: str) -> None:
        """Say that the server `name` is being tested."""
        self.servers.show_testing(name)

    def show_test(self, name: str, found: FoundServer) -> None:
        """Tell what the last `test_requested` found."""
        self.servers.show_test(name, found)

    def show_decision(self, decision: Decision | None) -> None:
        """Draw what the last `explain_wanted` would lead to."""
        self.tiers.show_decision(decision)

    def show_saved(self) -> None:
        """Leave the form of the part that shows: what was typed is kept."""
        part = self._pages.currentWidget()
        if isinstance(part, ModelsServers | ModelsCatalogue | ModelsTiers | ModelsUsage):
            part.show_saved()

    def show_undo(self, text: str, undo: Callable[[], object]) -> None:
        """Tell what was changed; `undo` brings it back."""
        self._undo = undo
        self.undo.show_notice(text)
        self._forget.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what has no room."""
        super().resizeEvent(event)
        self.gateway.show_narrow(self.width() < NARROW_PX)
        self._show_gateway()

    def _lay_out(self) -> None:
        self.header.addSpacing(8)
        self.header.addWidget(self._state)
        self.header.addStretch(1)
        self._pages = QStackedWidget()
        for part in (self.servers, self.catalogue, self.tiers, self.usage):
            self._pages.addWidget(part)
        self.body.setSpacing(12)
        self.body.addWidget(self.gateway)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.tabs)
        self.body.addWidget(self.undo)
        self.body.addWidget(self._pages, 1)

    def _connect(self) -> None:
        servers = self.servers
        self.tabs.currentChanged.connect(self._open_part)
        self.undo.chosen.connect(self._take_back)
        self._forget.timeout.connect(lambda: self.undo.show_notice(""))
        servers.look_wanted.connect(self.look_requested)
        servers.probe_wanted.connect(self.probe_wanted)
        servers.endpoint_saved.connect(self.endpoint_saved)
        servers.remove_wanted.connect(self.endpoint_removed)
        servers.test_wanted.connect(self.test_requested)
        servers.toggled.connect(self.enabled_toggled)
        servers.weight_changed.connect(self.weight_changed)
        self.catalogue.saved.connect(self.model_saved)
        self.catalogue.removed.connect(self.model_removed)
        self.tiers.saved.connect(self.tier_saved)
        self.tiers.removed.connect(self.tier_removed)
        self.tiers.explain_wanted.connect(self.explain_wanted)
        self.usage.prices_saved.connect(self.prices_saved)
        self.usage.export_wanted.connect(self.export_requested)
        for part in (servers, self.catalogue, self.usage):
            part.save_failed.connect(self.show_problem)

    def _add_shortcuts(self) -> None:
        actions: tuple[tuple[str, Callable[[], object]], ...] = (
            ("F5", self.look_requested.emit),
            ("Ctrl+N", self._add),
            ("Ctrl+F", self._start_filter),
            ("Esc", self._leave),
            ("Del", self._remove),
        )
        for keys, action in actions:
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    def _show_gateway(self) -> None:
        """Show the address on every part, or where there is little room on the first alone."""
        is_low = self.height() < LOW_PX
        self.gateway.setVisible(not is_low or self.tabs.currentIndex() == SERVERS)

    def _open_part(self, index: int) -> None:
        self._pages.setCurrentIndex(index)
        self._show_gateway()
        self.show_snapshot(self._snapshot)

    def _add(self) -> None:
        part = self._pages.currentWidget()
        if part is self.catalogue:
            self.catalogue.add_entry()
        elif part is self.tiers:
            self.tiers.add_tier()
        elif part is self.usage:
            self.usage.prices.add_price()
        else:
            self.servers.add_server()

    def _start_filter(self) -> None:
        self.tabs.setCurrentIndex(CATALOGUE)
        self.catalogue.start_filter()

    def _remove(self) -> None:
        if self._pages.currentWidget() is self.servers:
            self.servers.remove_opened()

    def _leave(self) -> None:
        part = self._pages.currentWidget()
        if isinstance(part, ModelsServers | ModelsCatalogue):
            part.close_page()

    def _take_back(self, choice: str) -> None:
        self._forget.stop()
        self.undo.show_notice("")
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()
