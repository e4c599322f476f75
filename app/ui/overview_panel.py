"""The first page: how the machine and the engines are, at a glance."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from app.problems import Problem
from app.theme import Theme
from app.ui.cache_summary import CacheSummary
from app.ui.cache_texts import problem_of
from app.ui.gpu_summary import GpuSummary
from app.ui.gpu_texts import state_reason
from app.ui.host_cards import (
    disk_part,
    disk_text,
    memory_text,
    own_part,
    own_text,
    part_of,
    processor_text,
)
from app.ui.models_summary import ModelsGlance, ModelsSummary
from app.ui.panel import SPACING_PX, Panel
from app.ui.widgets.attention_list import Attention, AttentionList
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.line_list import Line, LineList
from app.ui.widgets.reading import Reading
from app.ui.widgets.record_button import RecordButton, record_look
from app.ui.widgets.scroll_page import ScrollPage
from app.ui.widgets.sparkline import Sparkline
from app.ui.widgets.state_chip import StateChip
from app.ui.widgets.time_chart import TimeChart
from app.ui.widgets.voice_summary import VoiceSummary
from engine.cache.snapshot import CacheSnapshot
from engine.gpu.cards import CardState
from engine.gpu.snapshot import ResourceSnapshot
from engine.updates.snapshot import UpdateView
from engine.voice.snapshot import Utterance, VoiceSnapshot

SENTENCES = 12
ROOM_FOR_DELAYS_PX = 900
"""In a page lower than this the voice card needs its room for words."""
STALE_S = 10.0
"""A reading older than this is called out: the sampler beats once a second."""


@dataclass(frozen=True, slots=True)
class OverviewSnapshot:
    """Everything the overview shows."""

    voice: VoiceSnapshot
    resources: ResourceSnapshot
    problems: tuple[Problem, ...] = ()
    """Newest last."""
    cache: CacheSnapshot = CacheSnapshot(taken_s=0.0)
    models: ModelsGlance = ModelsGlance()
    news: UpdateView = UpdateView()


def attention_of(snapshot: OverviewSnapshot) -> tuple[Attention, ...]:
    """Return what the user should see to, the most urgent first."""
    voice, resources = snapshot.voice, snapshot.resources
    found = [Attention(voice.problem, "bad")] if voice.problem else []
    if resources.problem:
        found.append(Attention(resources.problem))
    elif resources.age_s is not None and resources.age_s > STALE_S:
        found.append(Attention(f"The machine's readings are {resources.age_s:.0f} s old"))
    found += [
        Attention(f"{now.card.name}: {state_reason(now)[0]}", "bad")
        for now in resources.cards
        if now.state in (CardState.LOST, CardState.SILENT)
    ]
    found += [Attention(f"GPU: {each}") for each in resources.leases.problems]
    if problem := problem_of(snapshot.cache):
        found.append(Attention(f"Cache: {problem}"))
    if snapshot.models.problem:
        found.append(Attention(f"Models: {snapshot.models.problem}"))
    for one in voice.recovered:
        when = f"{one.started_at.astimezone():%H:%M}"
        text = f"A recording of {one.duration_s:.0f} s was cut off: transcribe it in Voice"
        found.append(Attention(text, "warn", when))
    parts = [(each.label, each.problem) for each in voice.stages]
    parts += [(each.name, each.problem) for each in voice.jobs]
    found += [Attention(f"{name}: {problem}") for name, problem in parts if problem]
    found += [
        Attention(each.text, "bad", f"{each.at.astimezone():%H:%M}")
        for each in reversed(snapshot.problems)
    ]
    if snapshot.news.is_newer and snapshot.news.latest:
        text = f"Version {snapshot.news.latest.version} is out: Settings, About leads to its page"
        found.append(Attention(text, "accent", sign="info"))
    return tuple(found)


def line_of(utterance: Utterance) -> Line:
    """Return a sentence as a row of the list."""
    source = "" if utterance.source == "microphone" else f"{utterance.source}  "
    note = f"{source}{utterance.said_at.astimezone():%H:%M:%S}"
    return Line(utterance.text, note, "violet" if source else "accent")


class OverviewPanel(Panel):
    """Readings of the machine, the voice engine, the last sentences, what needs attention.

    record_toggled: the user wants to start a recording, or to stop the one that runs.
    """

    title = "Overview"
    icon_name = "overview"
    rate_hz = 4

    record_toggled = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._attention_count = StateChip(theme)
        self.record = RecordButton(theme)
        QShortcut(QKeySequence("Ctrl+R"), self).activated.connect(self.record.click)
        self.record.clicked.connect(self.record_toggled)
        self.header.addSpacing(8)
        self.header.addWidget(self._attention_count)
        self.header.addStretch(1)
        self.header.addWidget(self.record)
        page = ScrollPage()
        page.column.setSpacing(SPACING_PX)
        page.column.addLayout(self._build_cards())
        page.column.addLayout(self._build_middle(), 1)
        self.body.addWidget(page, 1)

    def show_snapshot(self, snapshot: OverviewSnapshot) -> None:
        """Draw `snapshot`."""
        self._show_host(snapshot.resources)
        self._show_voice(snapshot.voice)
        self.cache.show_cache(snapshot.cache)
        self.models.show_models(snapshot.models)
        items = attention_of(snapshot)
        self.attention.show_items(items)
        self._attention_count.setVisible(bool(items))
        if items:
            count = f"{len(items)} thing" if len(items) == 1 else f"{len(items)} things"
            self._attention_count.show_state(f"{count} to attend to", items[0].token)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw the delays over time where there is room for them."""
        super().resizeEvent(event)
        # By the page's height, not the card's: a chart in it keeps the card from shrinking.
        self.voice.delays.setVisible(self.height() >= ROOM_FOR_DELAYS_PX)

    def _show_host(self, resources: ResourceSnapshot) -> None:
        host, now_s = resources.host, resources.taken_s
        self.processor.show_reading(*processor_text(host, resources.cpu_percent))
        self.memory.show_reading(*memory_text(host))
        self.disk.show_reading(*disk_text(host))
        self.own.show_reading(*own_text(host))
        self._cpu_line.show_points(now_s, resources.cpu_percent)
        self._memory_line.show_points(now_s, resources.memory_percent)
        self._disk_gauge.show_part(part_of(host, disk_part))
        self._own_gauge.show_part(part_of(host, own_part))
        self.chart.show_series(now_s, (resources.cpu_percent, resources.memory_percent))
        self.gpus.show_cards(resources)

    def _show_voice(self, voice: VoiceSnapshot) -> None:
        self.voice.show_voice(voice)
        self.sentences.show_lines([line_of(each) for each in reversed(voice.recent)])
        # Here a press starts and another stops, whichever way the microphone is used elsewhere.
        self.record.show_look(record_look(voice, is_push_to_talk=False))

    def _build_cards(self) -> QGridLayout:
        self._cpu_line = Sparkline(self.theme, "accent", low=0, high=100)
        self._memory_line = Sparkline(self.theme, "violet", low=0, high=100)
        self._disk_gauge = Gauge(self.theme, "ok")
        self._own_gauge = Gauge(self.theme, "accent")
        self.processor = Reading("Processor", self._cpu_line)
        self.memory = Reading("Memory", self._memory_line)
        self.disk = Reading("Disk", self._disk_gauge)
        self.own = Reading("This application", self._own_gauge)
        grid = QGridLayout()
        grid.setSpacing(SPACING_PX)
        for column, card in enumerate((self.processor, self.memory, self.disk, self.own)):
            grid.addWidget(card, 0, column)
            grid.setColumnStretch(column, 1)
        return grid

    def _build_last_minute(self) -> Card:
        series = [("Processor", "accent"), ("Memory", "violet")]
        self.chart = TimeChart(self.theme, unit="%", series=series, low=0, high=100)
        self.chart.is_filled = True
        self.chart.save_failed.connect(self.show_problem)
        # The chart gives the cards their room, so that the page need not scroll for them.
        policy = QSizePolicy.Policy
        self.chart.setSizePolicy(policy.Expanding, policy.Ignored)
        self.gpus = GpuSummary(self.theme)
        card = _card("Last minute", self.chart)
        card.body.addWidget(self.gpus)
        return card

    def _build_middle(self) -> QGridLayout:
        empty = EmptyState(self.theme, "mic")
        empty.show_text(
            "No sentences yet", "Press Start recording or Ctrl+R, and speak; or drop a file here."
        )
        self.sentences = LineList(self.theme, empty, capacity=SENTENCES)
        self.voice = VoiceSummary(self.theme)
        self.attention = AttentionList(self.theme)
        grid = QGridLayout()
        grid.setSpacing(SPACING_PX)
        self.cache = CacheSummary(self.theme)
        self.models = ModelsSummary(self.theme)
        grid.addWidget(self._build_last_minute(), 0, 0)
        grid.addWidget(self.voice, 0, 1)
        foot = QVBoxLayout()
        foot.setSpacing(SPACING_PX)
        foot.addWidget(self.models)
        foot.addWidget(_card("Recent sentences", self.sentences), 1)
        grid.addLayout(foot, 1, 0)
        corner = QVBoxLayout()
        corner.setSpacing(SPACING_PX)
        corner.addWidget(self.cache)
        corner.addWidget(_card("Needs attention", self.attention), 1)
        grid.addLayout(corner, 1, 1)
        for index, stretch in enumerate((3, 2)):
            grid.setColumnStretch(index, stretch)
            grid.setRowStretch(index, 1)
        return grid


def _card(caption: str, content: QWidget) -> Card:
    card = Card(caption)
    card.body.addWidget(content, 1)
    return card
