"""A folder of the user's: what lies there, where it is, and a button that opens it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui.widgets.elided_label import ElidedLabel


class FolderRow(QWidget):
    """Emits `open_wanted(Path)`."""

    open_wanted = Signal(object)

    def __init__(self, label: str, path: Path) -> None:
        super().__init__()
        where = ElidedLabel("mute")
        where.show_text(str(path))
        button = QPushButton("Open folder")
        button.setAccessibleName(f"Open the folder of: {label}")
        button.setToolTip(f"Show {path} in the file manager")
        button.clicked.connect(lambda: self.open_wanted.emit(path))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(QLabel(label))
        words.addWidget(where)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(24)
        row.addLayout(words, 1)
        row.addWidget(button)
