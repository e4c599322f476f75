"""The forms an address of Redis can have, each ready to be used."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui.widgets.elided_label import ElidedLabel

FORMS = (
    ("One server", "redis://127.0.0.1:6379/0"),
    ("Encrypted", "rediss://redis.example.org:6379/0"),
    ("Socket on this machine", "unix:///run/redis/redis.sock"),
    ("Sentinel", "redis+sentinel://one:26379,two:26379/mymaster"),
    ("Cluster", "redis+cluster://one:6379,two:6379,three:6379"),
)


class AddressForms(QWidget):
    """Names and examples; `chosen(url)` when the user takes one."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.buttons: dict[str, QPushButton] = {}
        for name, url in FORMS:
            if self.buttons:
                line = QFrame()
                line.setProperty("separator", True)
                column.addWidget(line)
            column.addWidget(self._row(name, url))
        column.addStretch(1)

    def _row(self, name: str, url: str) -> QWidget:
        example = ElidedLabel("mute")
        example.show_text(url)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(QLabel(name))
        words.addWidget(example)
        button = QPushButton("Use")
        button.setToolTip(f"Begin with {url}")
        button.setAccessibleName(f"Use: {name}")
        button.clicked.connect(lambda: self.chosen.emit(url))
        self.buttons[url] = button
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addWidget(button)
        return box
