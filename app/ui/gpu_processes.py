"""The processes on a card, and what can be done about them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QPushButton, QStackedWidget

from app.theme import Theme
from app.ui.gpu_texts import DASH, number
from app.ui.gpu_values import GpuView
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.table import Table
from app.ui.widgets.table_model import Column, Row
from engine.gpu.cards import CardNow, CardProcess

COLUMNS = (
    Column("PID", 76, is_number=True),
    Column("Process"),
    Column("User", 64),
    Column("Memory", 88, is_number=True),
    Column("Busy", 56, is_number=True),
    Column("Lease", tooltip="What its memory counts for"),
)
WARNING = (
    "It is asked to end (SIGTERM) and may lose what it has not saved. Only this very process is "
    "asked: if it has ended meanwhile, nothing happens."
)
WARNING_PX = 360


def process_row(process: CardProcess, leases: Mapping[str, str]) -> Row:
    """Return a process as a row, known by pid and start; leases: their names, by id."""
    name = process.name or DASH
    lease = DASH if process.lease is None else leases.get(process.lease, process.lease)
    return Row(
        id=f"{process.pid} {process.started_s}",
        cells=(
            str(process.pid),
            name,
            process.user or DASH,
            number(process.used_mib, "MiB"),
            number(process.busy_percent, "%"),
            lease,
        ),
        order=(
            process.pid,
            name.lower(),
            process.user or "",
            process.used_mib or 0,
            process.busy_percent or 0,
            lease,
        ),
        tooltip=f"{name}: {process.kind}",
    )


class GpuProcesses(Card):
    """A table of processes. What the user wants of the chosen one is told by signals."""

    end_lease_wanted = Signal(str)
    end_process_wanted = Signal(int, float)
    """Pid, and start in wall seconds: confirmed by the user."""
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__("Processes")
        self._processes: tuple[CardProcess, ...] = ()
        self._user = ""
        self.dialog: QMessageBox | None = None
        """The question that is open."""
        self.table = Table(theme, "Processes", COLUMNS)
        self.table.let_sort()
        self.empty = EmptyState(theme, "list")
        self.lease_button = QPushButton("End lease")
        self.process_button = QPushButton("End process\N{HORIZONTAL ELLIPSIS}")
        self.corner.addWidget(self.lease_button)
        self.corner.addWidget(self.process_button)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.table)
        self.body.addWidget(self._pages, 1)
        self.table.picked.connect(self._show_choice)
        self.table.delete_pressed.connect(self.ask)
        self.table.save_failed.connect(self.save_failed)
        self.lease_button.clicked.connect(self._end_lease)
        self.process_button.clicked.connect(self.ask)
        self._show_choice()

    def show_processes(self, now: CardNow, view: GpuView) -> None:
        """List the processes of a card."""
        leases = view.resources.leases
        names = {each.id: each.name for each in (*leases.held, *leases.queue)}
        found = now.reading.processes
        self._processes, self._user = found or (), view.user
        if found is None:
            self.empty.show_text("Processes are not told", "The driver does not say who uses it.")
        else:
            self.empty.show_text("No process", "Nobody holds memory of this card.")
        self._pages.setCurrentIndex(1 if found else 0)
        ordered = sorted(self._processes, key=lambda each: -(each.used_mib or 0))
        self.table.show_rows([process_row(each, names) for each in ordered])
        self._show_choice()

    def ask(self) -> None:
        """Ask whether the chosen process is to be ended."""
        process = self._chosen()
        if process is None or not self._is_own(process):
            return
        name, pid, started_s = process.name or "the process", process.pid, process.started_s
        dialog = QMessageBox(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setIcon(QMessageBox.Icon.Warning)
        dialog.setWindowTitle("End process")
        dialog.setTextFormat(Qt.TextFormat.PlainText)
        dialog.setText(f"End {name} ({pid})?")
        dialog.setInformativeText(WARNING)
        dialog.setStyleSheet(f"QLabel#qt_msgbox_informativelabel {{ min-width: {WARNING_PX}px; }}")
        end = dialog.addButton("End process", QMessageBox.ButtonRole.DestructiveRole)
        dialog.setDefaultButton(dialog.addButton(QMessageBox.StandardButton.Cancel))
        end.clicked.connect(lambda: self.end_process_wanted.emit(pid, started_s))
        self.dialog = dialog
        dialog.destroyed.connect(self._forget_dialog)
        dialog.open()

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _chosen(self) -> CardProcess | None:
        chosen = self.table.selected()
        found = (each for each in self._processes if f"{each.pid} {each.started_s}" in chosen)
        return next(found, None)

    def _is_own(self, process: CardProcess) -> bool:
        return bool(self._user) and process.user == self._user and process.started_s is not None

    def _end_lease(self) -> None:
        process = self._chosen()
        if process is not None and process.lease is not None:
            self.end_lease_wanted.emit(process.lease)

    def _show_choice(self) -> None:
        process = self._chosen()
        has_lease = process is not None and process.lease is not None
        self.lease_button.setEnabled(has_lease)
        self.lease_button.setToolTip("Ask its holder to free the memory soon")
        is_own = process is not None and self._is_own(process)
        self.process_button.setEnabled(is_own)
        self.process_button.setToolTip(
            "Ask the chosen process to end (Del)"
            if process is None or is_own
            else "It belongs to somebody else: its owner can end it"
        )
