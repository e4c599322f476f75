"""The base of every page of the window."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.problem_strip import ProblemStrip

MARGIN_PX = 24
SPACING_PX = 16


class Panel(QWidget):
    """A page: a heading, a problem strip hidden while there is none, and a body.

    Subclasses fill `body`, may add to `header` (right of the title), and draw snapshots.
    """

    title: ClassVar[str] = ""
    icon_name: ClassVar[str] = ""
    rate_hz: ClassVar[int] = 4
    """How often the panel is fed while it is visible."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.setObjectName("page")
        self.setAccessibleName(self.title)
        self.strip = ProblemStrip(theme)
        heading = QLabel(self.title)
        heading.setProperty("r", "h1")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(heading)
        self.header = QHBoxLayout()
        self.header.setSpacing(8)
        top.addLayout(self.header, 1)
        self.body = QVBoxLayout()
        self.body.setSpacing(SPACING_PX)
        page = QVBoxLayout(self)
        page.setContentsMargins(MARGIN_PX, SPACING_PX, MARGIN_PX, MARGIN_PX)
        page.setSpacing(SPACING_PX)
        page.addLayout(top)
        page.addWidget(self.strip)
        page.addLayout(self.body, 1)

    # Each panel narrows `snapshot` to the one kind it draws.
    def show_snapshot(self, snapshot: Any) -> None:
        """Draw `snapshot`: same snapshot, same picture. Called only while visible."""
        raise NotImplementedError

    def show_problem(self, text: str, details: str = "") -> None:
        """Show `text` in the strip at the top; `details` is what can be copied with it."""
        self.strip.show_problem(text, details)
