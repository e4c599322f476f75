"""Asks where to save a text, and saves it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.ui.panel import Panel


def save_text(panel: Panel, name: str, text: str) -> None:
    """Open a dialog that proposes `name`, and write `text` where the user says.

    Returns at once: a dialog with a loop of its own would stop the application's.
    """
    kind = Path(name).suffix.lstrip(".")
    dialog = QFileDialog(panel, "Export", name, f"{kind.upper()} (*.{kind})")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(kind)
    dialog.fileSelected.connect(lambda path: _write(panel, Path(path), text))
    dialog.open()


def _write(panel: Panel, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        panel.show_problem(f"{path} cannot be written ({error.strerror}): choose another folder")
