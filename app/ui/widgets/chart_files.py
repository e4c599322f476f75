"""What charts and plots share: how they are saved, and how arrow keys read them."""

from __future__ import annotations

from collections.abc import Callable
from errno import EIO
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

KEY_STEP = 0.02
"""Part of the width that an arrow key moves the read-out."""
Write = Callable[[Path], None]


def key_step(key: int) -> float:
    """Return by which part of the width a key moves the read-out; 0 where it is no arrow."""
    return {int(Qt.Key.Key_Left): -KEY_STEP, int(Qt.Key.Key_Right): KEY_STEP}.get(key, 0.0)


def write_picture(picture: QPixmap, path: Path) -> None:
    """Save `picture` as PNG. Raises OSError."""
    if not picture.save(str(path), "PNG"):
        raise OSError(EIO, "the picture was refused", str(path))


class ChartFiles:
    """Saves a chart as PNG or CSV where the user says.

    name: of the file that is proposed, without its ending. values: what the CSV has. failed: is
    told what to do where a file cannot be written.
    """

    def __init__(
        self,
        chart: QWidget,
        *,
        name: str,
        values: str,
        write_png: Write,
        write_csv: Write,
        failed: Callable[[str], None],
    ) -> None:
        self._chart = chart
        self._name = name
        self._values = values
        self._write = {"png": write_png, "csv": write_csv}
        self._failed = failed

    def menu(self) -> QMenu:
        """Return the menu that offers to save the chart; it goes when it is closed."""
        menu = QMenu(self._chart)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Save picture as PNG…", lambda: self._ask_path("png"))
        menu.addAction(f"Save {self._values} as CSV…", lambda: self._ask_path("csv"))
        return menu

    def save(self, write: Write, path: Path) -> None:
        """Call `write(path)`; tell the remedy where it cannot be written."""
        try:
            write(path)
        except OSError as error:
            self._failed(f"{path} cannot be written ({error.strerror}): choose another folder")

    def _ask_path(self, kind: str) -> None:
        title, kinds = f"Save {self._name}", f"{kind.upper()} (*.{kind})"
        dialog = QFileDialog(self._chart, title, f"{self._name}.{kind}", kinds)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.fileSelected.connect(lambda chosen: self.save(self._write[kind], Path(chosen)))
        dialog.open()
