"""The part of the Cache page where a Redis is set up."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.widgets.address_forms import AddressForms
from app.ui.widgets.card import Card
from app.ui.widgets.connection_form import ConnectionForm
from app.ui.widgets.connection_result import ConnectionResult
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.scroll_page import ScrollPage
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import ConnectionTest

NARROW_PX = 800
MORE = "Waiting times, memory and certificates are in Settings, under Cache."


class CacheConnection(ScrollPage):
    """The form, what a test found, and the forms an address can have.

    test_requested(url, username, password), setting_changed(key, value), password_changed(text):
    what the user wants.
    """

    test_requested = Signal(str, str, str)
    setting_changed = Signal(str, object)
    password_changed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.form = ConnectionForm(theme)
        self.result = ConnectionResult(theme)
        self.forms = AddressForms()
        self.form.test_requested.connect(self._test)
        self.form.setting_changed.connect(self.setting_changed)
        self.form.password_changed.connect(self.password_changed)
        # What a test found says nothing of another address, nor of what comes after it is used.
        self.form.edited.connect(lambda: self.result.show_test(None))
        self.forms.chosen.connect(self.form.use_address)
        left, right = Card("Connection"), Card("What an address can look like")
        left.body.addWidget(self.form)
        left.body.addWidget(self.result)
        more = ElidedLabel("mute")
        more.show_text(MORE)
        left.body.addWidget(more)
        left.body.addStretch(1)
        right.body.addWidget(self.forms)
        self._cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._cards.setSpacing(SPACING_PX)
        self._cards.addWidget(left, 3)
        self._cards.addWidget(right, 2)
        self.column.addLayout(self._cards)
        self.column.addStretch(1)

    def show_settings(self, settings: CacheSettings) -> None:
        """Show the connection in use, unless the user is changing it."""
        self.form.show_settings(settings)

    def show_test(self, result: ConnectionTest) -> None:
        """Show what the test found."""
        self.form.show_testing(False)
        self.result.show_test(result)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the cards under each other where they would be too narrow."""
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW_PX
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._cards.setDirection(way)

    def _test(self, url: str, username: str, password: str) -> None:
        self.result.show_test(None)
        self.test_requested.emit(url, username, password)
