"""The files being transcribed, and those just done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.file_job_row import FileJobRow
from engine.voice.snapshot import FileJob


class FileJobs(QScrollArea):
    """A row a file, the newest on top; a row lives as long as its file is in the snapshot."""

    cancel_pressed = Signal(int)
    dismiss_pressed = Signal(int)
    export_chosen = Signal(str, int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._jobs: tuple[FileJob, ...] = ()
        self._rows: dict[int, FileJobRow] = {}
        inside = QWidget()
        inside.setObjectName("scrolled")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Files being transcribed")

    def rows(self) -> dict[int, FileJobRow]:
        """Return the rows by the id of their job."""
        return dict(self._rows)

    def show_jobs(self, jobs: Sequence[FileJob]) -> None:
        """Draw `jobs`, oldest first."""
        jobs = tuple(jobs)
        if jobs == self._jobs:
            return
        self._jobs = jobs
        gone = self._rows.keys() - {job.id for job in jobs}
        for identity in gone:
            row = self._rows.pop(identity)
            self._column.removeWidget(row)
            # Deleted when the event loop comes round; out of the picture at once.
            row.hide()
            row.deleteLater()
        for job in jobs:
            if job.id in self._rows:
                self._rows[job.id].show_job(job)
            else:
                self._add(job)

    def _add(self, job: FileJob) -> None:
        row = FileJobRow(self._theme, job)
        row.cancel_pressed.connect(self.cancel_pressed)
        row.dismiss_pressed.connect(self.dismiss_pressed)
        row.export_chosen.connect(self.export_chosen)
        self._rows[job.id] = row
        self._column.insertWidget(0, row)
