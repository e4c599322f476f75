"""A titled surface that groups what belongs together."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout


class Card(QFrame):
    """A caption with room at its right (`corner`) above a `body`."""

    def __init__(self, caption: str) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName(caption)
        title = QLabel(caption)
        title.setProperty("r", "cap")
        self.corner = QHBoxLayout()
        self.corner.setSpacing(8)
        top = QHBoxLayout()
        top.addWidget(title)
        top.addStretch(1)
        top.addLayout(self.corner)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(self.body, 1)
