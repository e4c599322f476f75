"""Asks where to save a text or a picture, and saves it."""

from __future__ import annotations

from collections.abc import Callable
from errno import EIO
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog

from app.ui.panel import Panel


def save_text(panel: Panel, name: str, text: str) -> None:
    """Open a dialog that proposes `name`, and write `text` where the user says.

    Returns at once: a dialog with a loop of its own would stop the application's.
    """

    def write(path: Path) -> None:
        path.write_text(text, encoding="utf-8", newline="\n")

    _ask(panel, name, write)


def save_picture(panel: Panel, name: str, picture: QPixmap) -> None:
    """Open a dialog that proposes `name`, and save `picture` where the user says, as PNG."""

    def write(path: Path) -> None:
        if not picture.save(str(path), "PNG"):
            raise OSError(EIO, "the picture was refused", str(path))

    _ask(panel, name, write)


def _ask(panel: Panel, name: str, write: Callable[[Path], None]) -> None:
    kind = Path(name).suffix.lstrip(".")
    dialog = QFileDialog(panel, "Export", name, f"{kind.upper()} (*.{kind})")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(kind)
    dialog.fileSelected.connect(lambda path: _save(panel, Path(path), write))
    dialog.open()


def _save(panel: Panel, path: Path, write: Callable[[Path], None]) -> None:
    try:
        write(path)
    except OSError as error:
        panel.show_problem(f"{path} cannot be written ({error.strerror}): choose another folder")
