"""What was found at an address, in the colour of good or bad news."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy

from app.theme import Theme
from app.ui.models_texts import sentence, span_text
from app.ui.quantity_texts import counted
from engine.coordinator.settings import EndpointKind
from engine.coordinator.snapshot import FoundServer

ICON_PX = 20
MOST_NAMES = 8
NAMELESS = "A server"
NO_MODELS = "It lists no models: load one there, or name them below."
LOOKING = "Asking who is there\N{HORIZONTAL ELLIPSIS}"


def found_text(found: FoundServer) -> tuple[str, str]:
    """Return what was found in one line, and its models or the remedy in another."""
    if not found.ok:
        return sentence(found.message), ""
    took = "" if found.answered_ms is None else f", in {span_text(found.answered_ms)}"
    if found.kind == EndpointKind.EMBEDDED:
        return sentence(found.message.removesuffix(".") + took), ""
    names = [each.name for each in found.models]
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    listed = f"{counted(len(names), 'model', 'models')}: {', '.join(names[:MOST_NAMES])}{more}"
    return f"{found.product or NAMELESS} answers{took}.", listed if names else NO_MODELS


class FoundServerView(QFrame):
    """Hidden while there is nothing to tell."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("found")
        self._theme = theme
        self._token = "accent"
        self._sign = QLabel()
        self._sign.setFixedSize(ICON_PX, ICON_PX)
        self.head = QLabel()
        self.more = QLabel()
        self.more.setProperty("r", "mute")
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 10, 12, 10)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._sign, 0, 0)
        for row, label in enumerate((self.head, self.more)):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            grid.addWidget(label, row, 1)
        theme.changed.connect(self._restyle)
        self.hide()

    def show_found(self, found: FoundServer | None) -> None:
        """Tell what was found; None hides the view."""
        if found is None:
            self.hide()
            return
        self._show(*found_text(found), "ok" if found.ok else "bad")

    def show_looking(self) -> None:
        """Tell that somebody is being asked."""
        self._show(LOOKING, "", "accent")

    def show_note(self, text: str) -> None:
        """Tell what the user should think of before it is saved."""
        self._show(text, "", "warn")

    def _show(self, head: str, more: str, token: str) -> None:
        self.head.setText(head)
        self.more.setText(more)
        self.more.setVisible(bool(more))
        self.setAccessibleName(f"{head} {more}".strip())
        self._token = token
        self._restyle()
        self.show()

    def _restyle(self) -> None:
        colour = self._theme.tokens.colour(self._token)
        names = {"ok": "check", "accent": "search"}
        icon = self._theme.icon(names.get(self._token, "warning"), colour.name())
        self._sign.setPixmap(icon.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))
        self.setStyleSheet(
            f"QFrame#found {{ background: rgba({colour.red()}, {colour.green()},"
            f" {colour.blue()}, 24); border: 1px solid {colour.name()}; border-radius: 8px; }}"
        )
