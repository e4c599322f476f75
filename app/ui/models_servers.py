"""The part of the Models page about servers: the list, one in detail, and the form."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.models_server_detail import ModelsServerDetail
from app.ui.models_server_form import ModelsServerForm
from app.ui.models_servers_list import ModelsServersList
from app.ui.models_values import ModelsSnapshot
from engine.coordinator.settings import Endpoint
from engine.coordinator.snapshot import EndpointView, FoundServer

LIST, DETAIL, FORM = range(3)


class ModelsServers(QWidget):
    """One of three pages; every signal is what the user wants.

    endpoint_saved(Endpoint, key): key None keeps the one there is, "" forgets it.
    """

    look_wanted = Signal()
    probe_wanted = Signal(str, str)
    endpoint_saved = Signal(object, object)
    remove_wanted = Signal(str)
    test_wanted = Signal(str)
    toggled = Signal(str, bool)
    weight_changed = Signal(str, float)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._snapshot = ModelsSnapshot()
        self.list = ModelsServersList(theme)
        self.detail = ModelsServerDetail(theme)
        self.form = ModelsServerForm(theme)
        self.pages = QStackedWidget()
        for page in (self.list, self.detail, self.form):
            self.pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pages)
        self._opened = ""
        self._connect()

    def show_models(self, snapshot: ModelsSnapshot) -> None:
        """Draw the page that shows."""
        was_ready, self._snapshot = self._snapshot.is_ready, snapshot
        if snapshot.is_ready and not was_ready and self.pages.currentIndex() == FORM:
            self.form.look_again()  # nobody could be asked before
        now_s = snapshot.coordinator.taken_s
        if self.pages.currentIndex() == DETAIL:
            view = self._view(self._opened)
            if view is not None:
                self.detail.show_server(view, now_s)
                return
            self.pages.setCurrentIndex(LIST)
        if self.pages.currentIndex() == LIST:
            self.list.show_servers(snapshot.coordinator, snapshot.is_ready)

    def show_found(self, url: str, found: FoundServer) -> None:
        """Tell what is at the address that stands in the form."""
        self.form.show_found(url, found)

    def show_testing(self, name: str) -> None:
        """Say that the server `name` is being tested."""
        self.list.show_testing(name, True)
        if name == self._opened:
            self.detail.show_testing(True)

    def show_test(self, name: str, found: FoundServer) -> None:
        """Tell what a test of the server `name` found, in its details."""
        self.list.show_testing(name, False)
        self.open_server(name)
        self.detail.show_testing(False)
        self.detail.show_found(found)

    def show_saved(self) -> None:
        """Leave the form: what was typed is kept."""
        if self.pages.currentIndex() == FORM:
            self.close_page()

    def open_server(self, name: str) -> None:
        """Show the details of the server `name`."""
        self._opened = name
        self.pages.setCurrentIndex(DETAIL)
        self.show_models(self._snapshot)

    def add_server(self) -> None:
        """Show the form for another server."""
        self._opened = ""
        self.pages.setCurrentIndex(FORM)
        self.form.show_new(self._names())

    def close_page(self) -> bool:
        """Go back from the form or the details; tell whether there was something to leave."""
        if self.pages.currentIndex() == LIST:
            return False
        is_edit = self.pages.currentIndex() == FORM and self._view(self._opened) is not None
        self.pages.setCurrentIndex(DETAIL if is_edit else LIST)
        if not is_edit:
            self._opened = ""
        self.show_models(self._snapshot)
        return True

    def remove_opened(self) -> None:
        """Remove the server whose details show."""
        if self.pages.currentIndex() == DETAIL and not self.detail.remove_button.isHidden():
            self.remove_wanted.emit(self._opened)

    def _edit(self, name: str) -> None:
        view = self._view(name)
        if view is not None:
            self.pages.setCurrentIndex(FORM)
            self.form.show_server(view.endpoint, view.has_key, self._names())

    def _view(self, name: str) -> EndpointView | None:
        views = self._snapshot.coordinator.endpoints
        return next((view for view in views if view.name == name), None)

    def _names(self) -> tuple[str, ...]:
        return tuple(view.name for view in self._snapshot.coordinator.endpoints)

    def _keep(self, endpoint: Endpoint) -> None:
        self.endpoint_saved.emit(endpoint, None)

    def _connect(self) -> None:
        servers, detail, form = self.list, self.detail, self.form
        servers.look_wanted.connect(self.look_wanted)
        servers.add_wanted.connect(self.add_server)
        servers.opened.connect(self.open_server)
        detail.closed.connect(self.close_page)
        detail.edit_wanted.connect(self._edit)
        detail.remove_wanted.connect(self.remove_wanted)
        detail.weight_changed.connect(self.weight_changed)
        detail.changed.connect(self._keep)
        detail.save_failed.connect(self.save_failed)
        for each in (servers, detail):
            each.test_wanted.connect(self.test_wanted)
            each.toggled.connect(self.toggled)
        form.closed.connect(self.close_page)
        form.probe_wanted.connect(self.probe_wanted)
        form.saved.connect(self.endpoint_saved)
