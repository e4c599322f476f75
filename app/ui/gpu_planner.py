"""The part of the GPU page that tells what would fit."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.gpu_plan_texts import (
    OPTION_COLUMNS,
    OPTION_WIDE,
    TERM_COLUMNS,
    help_text,
    option_row,
    shape_text,
    term_rows,
    verdict_text,
)
from app.ui.gpu_values import Plan, PlanWish
from app.ui.panel import SPACING_PX
from app.ui.widgets.card import Card
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.table import Table, height_of
from app.ui.widgets.text_field import TextField
from engine.gpu.estimate import CacheType, Load

CACHE_TYPES = (
    (CacheType.F16, "f16: exact"),
    (CacheType.Q8_0, "q8_0: half the memory"),
    (CacheType.Q4_0, "q4_0: a quarter"),
)
NARROW_PX = 900
CONTEXT_STEP = 4096
PAUSE_MS = 250
"""After the last change before it is reckoned anew."""
MOST_ROWS = 5


class GpuPlanner(ScrollPage):
    """A model file and how it is loaded above what it takes and where it would fit.

    plan_wanted(PlanWish): answered by `show_plan` or `show_problem`.
    """

    plan_wanted = Signal(object)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.plan: Plan | None = None
        """What shows; None before the first."""
        self._build_fields(theme)
        self.problem = StateStrip(theme)
        self.verdict = StateChip(theme)
        self.help = ElidedLabel("mute")
        self.about = ElidedLabel("mute")
        self.options = Table(theme, "Where it would fit", OPTION_COLUMNS)
        self.terms = Table(theme, "What it takes", TERM_COLUMNS)
        self.empty = EmptyState(theme, "models")
        self.empty.show_text(
            "What would fit?",
            "Choose a model file: only its header is read, and nothing is loaded.",
        )
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._lay_out()
        self._connect()

    @property
    def wish(self) -> PlanWish | None:
        """What is chosen; None without a file, or where a number is none."""
        path = self.path.text().strip()
        if not path:
            return None
        cache_type = CacheType(self.cache_type.currentData())
        tokens, slots = self.context.value, self.slots.value
        if not isinstance(tokens, int) or not isinstance(slots, int):
            return None
        return PlanWish(path, tokens, slots, cache_type)

    def show_plan(self, plan: Plan) -> None:
        """Show what was found, unless something else was chosen meanwhile."""
        if plan.wish != self.wish:
            return
        self.plan = plan
        self.problem.show_text("", "warn")
        self.about.show_text(shape_text(plan))
        self.verdict.show_state(*verdict_text(plan))
        helps = help_text(plan.options[0]) if plan.names else ""
        self.help.show_text(f"To make it fit: {helps}" if helps else "")
        self.options.show_rows([option_row(each, plan.names) for each in plan.options])
        self.options.setFixedHeight(height_of(min(len(plan.options), MOST_ROWS)))
        self._where.setVisible(bool(plan.names))
        self._show_terms()
        self._show_answer(is_there=True)

    def show_problem(self, text: str) -> None:
        """Say why there is no plan."""
        self.plan = None
        self.problem.show_text(text, "bad")
        self._show_answer(is_there=False)

    def ask(self) -> None:
        """Ask for the plan of what is chosen."""
        self._pause.stop()
        wish = self.wish
        if wish is not None:
            self.plan_wanted.emit(wish)
        elif self.path.text().strip():
            self.show_problem("Context and requests are whole numbers: type them without letters")
        else:
            self.show_problem("")

    def choose_file(self) -> None:
        """Let the user choose a file."""
        self._open_dialog(QFileDialog.FileMode.ExistingFile)

    def choose_folder(self) -> None:
        """Let the user choose a folder."""
        self._open_dialog(QFileDialog.FileMode.Directory)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out the columns for which there is no room."""
        super().resizeEvent(event)
        for column in OPTION_WIDE:
            self.options.setColumnHidden(column, self.width() < NARROW_PX)

    def _open_dialog(self, mode: QFileDialog.FileMode) -> None:
        kinds = "Models (*.gguf *.safetensors);;All files (*)"
        dialog = QFileDialog(self, "Model", self.path.text(), kinds)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(self._take)
        dialog.open()

    def _take(self, path: str) -> None:
        self.path.setText(path)
        self.ask()

    def _show_answer(self, *, is_there: bool) -> None:
        # No stack of pages: what does not show must not make the page scroll.
        self._answer.setVisible(is_there)
        self.empty.setVisible(not is_there)

    def _show_terms(self) -> None:
        if self.plan is None:
            return
        chosen = self.options.selected()
        found = (each for each in self.plan.options if " ".join(each.card_ids) in chosen)
        rows = term_rows(next(found, self.plan.options[0]))
        self.terms.show_rows(rows)
        self.terms.setFixedHeight(height_of(len(rows)))

    def _connect(self) -> None:
        self.file_button.clicked.connect(self.choose_file)
        self.folder_button.clicked.connect(self.choose_folder)
        self.path.returnPressed.connect(self.ask)
        self.path.textEdited.connect(lambda _: self._pause.start())
        for field in (self.context, self.slots):
            field.edited.connect(lambda _: self._pause.start())
            field.textEdited.connect(lambda _: self._pause.start())
        self.cache_type.edited.connect(lambda _: self._pause.start())
        self._pause.timeout.connect(self.ask)
        self.options.picked.connect(self._show_terms)
        for table in (self.options, self.terms):
            table.save_failed.connect(self.save_failed)

    def _lay_out(self) -> None:
        self.column.setSpacing(SPACING_PX)
        self.column.addWidget(self._build_form())
        self.column.addWidget(self.problem)
        self._answer = self._build_plan()
        self.column.addWidget(self.empty, 1)
        self.column.addWidget(self._answer, 1)
        self._show_answer(is_there=False)

    def _build_fields(self, theme: Theme) -> None:
        self.path = QLineEdit()
        self.path.setPlaceholderText("A GGUF file, or the folder of a safetensors model")
        self.path.setAccessibleName("Model")
        self.file_button = QPushButton("File\N{HORIZONTAL ELLIPSIS}")
        self.folder_button = QPushButton("Folder\N{HORIZONTAL ELLIPSIS}")
        self.file_button.setToolTip("Choose a GGUF or safetensors file")
        self.folder_button.setToolTip("Choose the folder of a safetensors model")
        self.context = TextField(theme, int, step=CONTEXT_STEP)
        self.context.show_value(Load().context_tokens)
        self.slots = TextField(theme, int)
        self.slots.show_value(Load().slots)
        for field in (self.context, self.slots):
            # They stand in a row, not below other numbers.
            field.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.cache_type = ChoiceField(CACHE_TYPES)
        self.cache_type.show_value(CacheType.F16)

    def _build_form(self) -> Card:
        card = Card("Model")
        files = QHBoxLayout()
        files.setSpacing(8)
        files.addWidget(self.path, 1)
        files.addWidget(self.file_button)
        files.addWidget(self.folder_button)
        grid = QGridLayout()
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(4)
        fields = (
            ("Context of each request, in tokens", self.context),
            ("Requests at once", self.slots),
            ("Context is kept as", self.cache_type),
        )
        for column, (name, field) in enumerate(fields):
            label = QLabel(name)
            label.setProperty("r", "mute")
            grid.addWidget(label, 0, column)
            grid.addWidget(field, 1, column)
            field.setAccessibleName(name)
            field.setToolTip(name)
            grid.setColumnStretch(column, 1)
        card.body.addLayout(files)
        card.body.addLayout(grid)
        return card

    def _build_plan(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING_PX)
        self._where = Card("Where it would fit")
        self._where.body.addWidget(self.options)
        terms = Card("What it takes")
        terms.body.addWidget(self.about)
        terms.body.addWidget(self.terms)
        answer = QHBoxLayout()
        answer.setSpacing(12)
        answer.addWidget(self.verdict)
        answer.addWidget(self.help, 1)
        column.addLayout(answer)
        column.addWidget(self._where)
        column.addWidget(terms)
        column.addStretch(1)
        return box
