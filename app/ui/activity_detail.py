"""One request of the list, in full: its times, the choice of the model, question and answer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.activity_requests import curl_of, request_text
from app.ui.activity_texts import (
    CACHED,
    CACHED_MEANS,
    about,
    exact_time,
    kind_text,
    ms_text,
    sentence,
    status_look,
    usd_text,
)
from app.ui.playground_decision import PlaygroundDecision
from app.ui.quantity_texts import count_text
from app.ui.widgets.chat_buttons import QuietButton
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.read_text import ReadText
from app.ui.widgets.request_waterfall import RequestWaterfall
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.tab_strip import TabStrip
from engine.activity import ActivityRecord
from engine.router.snapshot import Decision

WIDTH_PX = 400
TIMINGS, WHY, QUESTION, ANSWER = range(4)
TABS = ("Timings", "Why this model?", "Request", "Answer")
NOT_KEPT = "Texts are not kept: switch them on in Settings, under List of requests."
NO_TEXT = "Nothing was kept of it."
LEGEND = "Pale: it waits for the server. Dashed: the first token"
SECOND_MS = 1000
LEAST_STREAM_MS = 1.0

Fact = tuple[str, str, str]


def facts_of(record: ActivityRecord) -> list[Fact]:
    """Return (name, value, meaning) of what is known of a request."""
    facts = [
        ("Came", exact_time(record.at_s), "On this machine's clock"),
        ("Asked for", record.asked or "nothing", "A model, an alias or a tier"),
        ("Client", record.client, "Name of the key"),
        ("First token", ms_text(record.first_byte_ms), "Since the request came"),
        ("Total", ms_text(record.total_ms), "Since the request came"),
        ("Tokens", _tokens(record), "Of the question and of the answer"),
        ("Speed", _speed(record), "Tokens of the answer, from the first on"),
        ("Cost", about(record, usd_text(record.cost_usd)), "By the price table"),
        ("Cache", CACHED.get(record.cached, ""), CACHED_MEANS.get(record.cached, "")),
        ("Streamed", "yes" if record.is_stream else "no", "Sent piece by piece"),
        ("Id", record.id, "As in the header x-request-id"),
    ]
    return [fact for fact in facts if fact[1]]


class ActivityDetail(QFrame):
    """Drawn from a whole ActivityRecord and its decision."""

    closed = Signal()
    playground_wanted = Signal(str)
    """The question, to be asked again there."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName("The chosen request")
        self.record: ActivityRecord | None = None
        self._address = ""
        self._keeps_texts = True
        self.title = ElidedLabel("h2")
        self.state = StateChip(theme)
        self.when = ElidedLabel("mute")
        self.close_button = QuietButton(theme, "close", "Close (Esc)")
        self.problem = StateStrip(theme)
        self.tabs = TabStrip(theme, "Parts of the request", TABS)
        self.waterfall = RequestWaterfall(theme)
        self.facts = FactGrid("Facts")
        self.decision = PlaygroundDecision(theme)
        self.question = ReadText(theme, "Request")
        self.answer = ReadText(theme, "Answer")
        self._no_question, self._no_answer = EmptyState(theme, "file"), EmptyState(theme, "file")
        self.curl_button = _button(
            "Copy as curl", "Copy a command that sends it again (Ctrl+Shift+C)"
        )
        self.id_button = _button("Copy id", "Copy the id of this request")
        self.ask_button = _button("Open in Playground", "Put the question into the Playground")
        self._lay_out()
        self._connect()
        self.hide()

    def show_record(self, record: ActivityRecord, decision: Decision | None) -> None:
        """Draw `record` and why its model was chosen."""
        self.record = record
        text, token = status_look(record)
        self.title.show_text(record.model or record.asked or "No model")
        self.state.show_state(text, token, f"Status {record.status}")
        where = f" on {record.endpoint}" if record.endpoint else ""
        self.when.show_text(f"{kind_text(record.kind)}{where}")
        self.problem.show_text(sentence(record.problem), token)
        self.waterfall.show_record(record)
        self.facts.show_facts(facts_of(record))
        self.decision.show_decision(decision)
        if decision is None:
            self.decision.empty.show_text("No choice was made", "The request reached no model.")
        self.question.show_text(request_text(record.request))
        self.answer.show_text(record.answer)
        self._show_texts()
        self.ask_button.setEnabled(bool(record.question))

    def copy_curl(self) -> None:
        """Put the command that asks the same again on the clipboard, without any key."""
        if self.record is not None:
            QGuiApplication.clipboard().setText(curl_of(self.record, self._address))

    def show_conditions(self, address: str, *, keeps_texts: bool) -> None:
        """Use the gateway's `address` in commands, and know whether texts are kept."""
        self._address = address
        if keeps_texts != self._keeps_texts:
            self._keeps_texts = keeps_texts
            self._show_texts()

    def show_wide(self, is_wide: bool) -> None:
        """Take all the room there is, or a part at the right."""
        if is_wide:
            self.setMinimumWidth(0)
            self.setMaximumWidth(16_777_215)  # as Qt's QWIDGETSIZE_MAX
        else:
            self.setFixedWidth(WIDTH_PX)

    def _show_texts(self) -> None:
        hint = NO_TEXT if self._keeps_texts else NOT_KEPT
        for pages, empty, has_text, name in (
            (self._questions, self._no_question, self.question.copy_button.isEnabled(), "request"),
            (self._answers, self._no_answer, self.answer.copy_button.isEnabled(), "answer"),
        ):
            empty.show_text(f"No text of the {name}", hint)
            pages.setCurrentIndex(1 if has_text else 0)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.title, 1)
        top.addWidget(self.state)
        top.addWidget(self.close_button)
        self._questions = _stack(self._no_question, self.question)
        self._answers = _stack(self._no_answer, self.answer)
        self._pages = _stack(self._timings(), self.decision, self._questions, self._answers)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        for button in (self.curl_button, self.id_button):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.ask_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 12)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self.when)
        column.addWidget(self.problem)
        column.addWidget(self.tabs)
        column.addWidget(self._pages, 1)
        column.addSpacing(4)
        column.addLayout(foot)

    def _timings(self) -> ScrollPage:
        timings = ScrollPage()
        timings.column.setSpacing(8)
        timings.column.addWidget(self.waterfall)
        legend = ElidedLabel("mute")
        legend.show_text(LEGEND)
        timings.column.addWidget(legend)
        line = QFrame()
        line.setProperty("separator", True)
        timings.column.addWidget(line)
        timings.column.addWidget(self.facts)
        timings.column.addStretch(1)
        return timings

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._pages.setCurrentIndex)
        self.close_button.clicked.connect(self.closed)
        self.curl_button.clicked.connect(self.copy_curl)
        self.id_button.clicked.connect(self._copy_id)
        self.ask_button.clicked.connect(self._ask)

    def _copy_id(self) -> None:
        if self.record is not None:
            QGuiApplication.clipboard().setText(self.record.id)

    def _ask(self) -> None:
        if self.record is not None:
            self.playground_wanted.emit(_question(self.record))


def _question(record: ActivityRecord) -> str:
    """Return the whole question where it was kept, else its beginning."""
    body = record.request if isinstance(record.request, dict) else {}
    for message in reversed(body.get("messages") or []):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            return content if isinstance(content, str) else record.question
    return record.question


def _tokens(record: ActivityRecord) -> str:
    asked, answered = record.prompt_tokens, record.completion_tokens
    if asked is None and answered is None:
        return ""
    return about(record, f"{count_text(asked)} asked, {count_text(answered)} answered")


def _speed(record: ActivityRecord) -> str:
    if not record.completion_tokens or record.total_ms is None or record.cached:
        return ""
    took_ms = record.total_ms - (record.first_byte_ms or 0.0 if record.is_stream else 0.0)
    if took_ms < LEAST_STREAM_MS:
        return ""
    return f"{record.completion_tokens / took_ms * SECOND_MS:,.0f} tokens/s"


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button


def _stack(*pages: QWidget) -> QStackedWidget:
    stack = QStackedWidget()
    for page in pages:
        stack.addWidget(page)
    return stack
