"""One file on its way to text."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.export_menu import ExportButton
from app.ui.widgets.languages import language_name
from app.ui.widgets.record_button import clock_text
from engine.voice.snapshot import FileJob

STEPS = 1000


def state_text(job: FileJob) -> str:
    """Return in words how far `job` is."""
    if job.state == "working":
        return "Transcribing" if job.progress is None else f"{job.progress * 100:.0f} %"
    if job.state == "done" and job.transcript is not None:
        length, code = clock_text(job.transcript.duration_s), job.transcript.language
        return f"{length}  \N{MIDDLE DOT}  {language_name(code)}" if code else length
    return {"waiting": "Waiting", "cancelled": "Cancelled", "failed": "Failed"}.get(job.state, "")


class FileJobRow(QFrame):
    """Name, progress and what can be done: cancel while it runs, copy and export after."""

    cancel_pressed = Signal(int)
    dismiss_pressed = Signal(int)
    export_chosen = Signal(str, int)

    def __init__(self, theme: Theme, job: FileJob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._job = job
        self._name = ElidedLabel()
        self._state = QLabel()
        self._state.setProperty("r", "mute")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._text = ElidedLabel("cap")
        self._problem = QLabel()
        self._problem.setProperty("r", "bad")
        self._problem.setWordWrap(True)
        self._problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy_button = QPushButton("Copy")
        self.export_button = ExportButton()
        self.close_button = QPushButton()
        self.close_button.setProperty("flat", True)
        self.close_button.setFixedWidth(32)
        self._lay_out()
        self.copy_button.clicked.connect(self._copy)
        self.close_button.clicked.connect(self._close)
        self.export_button.chosen.connect(self._export)
        theme.changed.connect(self._draw_icon)
        self._draw_icon()
        self._fill(job)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._name, 1)
        top.addWidget(self._state)
        top.addWidget(self.close_button)
        self._actions = QWidget()
        actions = QHBoxLayout(self._actions)
        actions.setContentsMargins(0, 0, 0, 0)
        actions.setSpacing(8)
        actions.addWidget(self.copy_button)
        actions.addWidget(self.export_button)
        actions.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 8)
        column.setSpacing(4)
        column.addLayout(top)
        for widget in (self._bar, self._text, self._problem, self._actions):
            column.addWidget(widget)

    def show_job(self, job: FileJob) -> None:
        """Draw `job`, a later state of the same file."""
        if job != self._job:
            self._job = job
            self._fill(job)

    def _fill(self, job: FileJob) -> None:
        is_running = job.state in ("waiting", "working")
        self._name.show_text(job.name)
        self._state.setText(state_text(job))
        self._bar.setVisible(is_running)
        # A bar without end stands for a length that is not known.
        self._bar.setRange(0, 0 if job.state == "working" and job.progress is None else STEPS)
        self._bar.setValue(round((job.progress or 0) * STEPS))
        self._bar.setAccessibleName(f"Progress of {job.name}")
        self._problem.setVisible(bool(job.problem))
        self._problem.setText(job.problem or "")
        text = job.transcript.text if job.transcript is not None else ""
        self._text.setVisible(job.state == "done")
        self._text.show_text(text or "Nobody speaks in this file")
        self._actions.setVisible(bool(text))
        self.copy_button.setAccessibleName(f"Copy the text of {job.name}")
        self.copy_button.setToolTip("Copy the text")
        self.export_button.setAccessibleName(f"Export the text of {job.name}")
        self.export_button.setToolTip("Save the text as a file")
        closing = "Cancel" if is_running else "Remove from this list:"
        self.close_button.setAccessibleName(f"{closing} {job.name}")
        self.close_button.setToolTip("Cancel" if is_running else "Remove from this list")

    def _copy(self) -> None:
        if self._job.transcript is not None:
            QGuiApplication.clipboard().setText(self._job.transcript.text)

    def _export(self, kind: str) -> None:
        self.export_chosen.emit(kind, self._job.id)

    def _close(self) -> None:
        is_running = self._job.state in ("waiting", "working")
        (self.cancel_pressed if is_running else self.dismiss_pressed).emit(self._job.id)

    def _draw_icon(self) -> None:
        self.close_button.setIcon(self._theme.icon("close", self._theme.tokens.dim))
        self.close_button.setIconSize(QSize(16, 16))
