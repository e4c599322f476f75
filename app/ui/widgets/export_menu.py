"""A button that asks in which format to export."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

FORMATS = (
    ("txt", "Plain text (TXT)"),
    ("srt", "Subtitles (SRT)"),
    ("vtt", "Web subtitles (VTT)"),
    ("json", "With times and words (JSON)"),
)


class ExportButton(QPushButton):
    """Opens a menu of formats; `chosen` carries "txt", "srt", "vtt" or "json"."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Export", parent)
        menu = QMenu(self)
        for kind, label in FORMATS:
            action = menu.addAction(label)
            action.setData(kind)
        menu.triggered.connect(lambda action: self.chosen.emit(action.data()))
        self.setMenu(menu)
        self.setAccessibleName("Export")
