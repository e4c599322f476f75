"""What this program is: its name, its build, what it runs on, and a text for bug reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from app.theme import CLEAR, RESOURCES, Theme
from app.ui.about_texts import (
    NAME,
    PURPOSE,
    build_facts,
    home_as_tilde,
    report_text,
    version_text,
)
from app.ui.about_values import AboutView
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.fact_columns import FactColumns
from app.ui.widgets.state_chip import StateChip

LOGO_PX = 56
TOLD_MS = 1500
COPY, COPIED = "Copy for a bug report", "Copied"


class AboutHead(QFrame):
    """A card at the top of the page. Drawn from an AboutView and the user's folders."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName(f"About {NAME}")
        self._report = ""
        self.version = QLabel()
        self.version.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.origin = StateChip(theme)
        self.facts = FactColumns("What this program is made of", columns=4)
        self.places = FactColumns("Where its files lie", columns=2)
        self.copy_button = QPushButton(COPY)
        self.copy_button.setToolTip("Copy version, system and folders, without your name")
        self.copy_button.clicked.connect(self._copy)
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(TOLD_MS)
        self._back.timeout.connect(lambda: self.copy_button.setText(COPY))
        self._lay_out()

    def show_about(self, view: AboutView, folders: Sequence[tuple[str, Path]]) -> None:
        """Draw `view`."""
        self.version.setText(version_text(view.build))
        self.origin.show_state(view.build.origin, "accent" if view.build.variant else "mute")
        self.facts.show_facts(build_facts(view))
        self.places.show_facts([(name, home_as_tilde(path)) for name, path in folders])
        self._report = report_text(view, folders)

    def _lay_out(self) -> None:
        logo, name, purpose = QLabel(), QLabel(NAME), ElidedLabel("mute")
        logo.setPixmap(_drawn_logo(self.devicePixelRatioF()))
        name.setProperty("r", "h1")
        purpose.show_text(PURPOSE)
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(self.version)
        line.addWidget(self.origin)
        line.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addLayout(line)
        words.addWidget(purpose)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(logo)
        top.addLayout(words, 1)
        top.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(16)
        column.addLayout(top)
        for facts in (self.facts, self.places):
            rule = QFrame()
            rule.setProperty("separator", True)
            column.addWidget(rule)
            column.addWidget(facts)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._report)
        self.copy_button.setText(COPIED)
        self._back.start()


def _drawn_logo(ratio: float) -> QPixmap:
    """Return the sign of the application, larger than any icon is kept."""
    picture = QPixmap(round(LOGO_PX * ratio), round(LOGO_PX * ratio))
    picture.fill(CLEAR)
    painter = QPainter(picture)
    QSvgRenderer(str(RESOURCES / "icons" / "app.svg")).render(painter, QRectF(picture.rect()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
