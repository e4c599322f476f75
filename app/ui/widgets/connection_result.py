"""What a try of a connection found."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy

from app.theme import Theme
from app.ui.quantity_texts import count_text, latency_words, size_text
from engine.cache.snapshot import ConnectionTest, ServerFacts

ICON_PX = 20


def server_text(facts: ServerFacts) -> str:
    """Return a server in a line: name, version, memory and keys where it tells."""
    parts = [facts.name, f"Redis {facts.version}"]
    if facts.used_bytes is not None:
        limit = f" of {size_text(facts.limit_bytes)}" if facts.limit_bytes else ""
        parts.append(f"{size_text(facts.used_bytes)}{limit}")
    if facts.keys is not None:
        parts.append(f"{count_text(facts.keys)} keys")
    return " \N{MIDDLE DOT} ".join(parts)


class ConnectionResult(QFrame):
    """A sign, what was found and a line for each server; hidden before the first try."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("result")
        self._theme = theme
        self._is_good = False
        self._sign = QLabel()
        self._text = QLabel()
        self._servers = QLabel()
        self._servers.setProperty("r", "mute")
        for label in (self._text, self._servers):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._sign, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._text, 0, 1)
        grid.addWidget(self._servers, 1, 1)
        theme.changed.connect(self._restyle)
        self.hide()

    @property
    def text(self) -> str:
        """What was found; empty before the first try."""
        return self._text.text()

    def show_test(self, result: ConnectionTest | None) -> None:
        """Show `result`; None hides it."""
        self.setVisible(result is not None)
        if result is None:
            self._text.clear()
            return
        self._is_good = result.is_good
        took = (
            ""
            if result.latency_ms is None
            else f" An answer takes {latency_words(result.latency_ms)}."
        )
        self._text.setText(f"{result.text}{took}")
        self._servers.setText("\n".join(map(server_text, result.servers)))
        self._servers.setVisible(bool(result.servers))
        self.setAccessibleName(f"Result of the test: {self.text}")
        self._restyle()

    def _restyle(self) -> None:
        colour = self._theme.tokens.colour("ok" if self._is_good else "bad")
        icon = self._theme.icon("check" if self._is_good else "warning", colour.name())
        self._sign.setPixmap(icon.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))
        self.setStyleSheet(
            f"QFrame#result {{ background: rgba({colour.red()}, {colour.green()},"
            f" {colour.blue()}, 24); border: 1px solid {colour.name()}; border-radius: 8px; }}"
        )
