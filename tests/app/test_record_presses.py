"""A press means the other of what was asked for last, whatever is drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from app.bridge import Bridge
from app.problems import Problems
from app.record_presses import RecordPresses
from app.ui.overview_panel import OverviewPanel
from app.ui.voice_panel import VoicePanel
from engine.errors import Refused
from engine.loop import BackgroundLoop
from engine.voice.snapshot import VoiceSnapshot, VoiceState


class SlowVoice:
    """Starts and stops once `gate` is open; `told` is what was asked of it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.is_recording = False
        self.gate = asyncio.Event()
        self.error: Refused | None = None

    def snapshot(self) -> VoiceSnapshot:
        """Return whether it records."""
        length_s = 1.0 if self.is_recording else None
        return VoiceSnapshot(taken_s=1.0, state=VoiceState.READY, recording_s=length_s)

    async def start_recording(self) -> None:
        """Record."""
        await self._become("start", True)

    async def stop_recording(self) -> None:
        """Record no more."""
        await self._become("stop", False)

    async def _become(self, what: str, is_recording: bool) -> None:
        self.told.append(what)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.is_recording = is_recording


@pytest.fixture
def loop(problems: Problems) -> Iterator[BackgroundLoop]:
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    yield loop
    assert loop.stop()


@pytest.fixture
def bridge(qapp, loop, problems) -> Iterator[Bridge]:
    bridge = Bridge(loop, problems)
    yield bridge
    bridge.close()


@pytest.fixture
def voice() -> SlowVoice:
    return SlowVoice()


@pytest.fixture
def pages(theme, qtbot, bridge, voice) -> tuple[OverviewPanel, VoicePanel]:
    """Both pages with a record button, wired, with nothing drawn on them yet."""
    presses = RecordPresses(bridge, voice=lambda: voice, not_ready="not yet")
    overview, panel = OverviewPanel(theme), VoicePanel(theme)
    for page in (overview, panel):
        qtbot.addWidget(page)
        page.record_toggled.connect(lambda page=page: presses.toggle(page))
    panel.push_to_talk.connect(lambda on: presses.record(panel, on=on))
    return overview, panel


def open_gate(loop: BackgroundLoop, voice: SlowVoice) -> None:
    """Let what is under way come to its end."""

    async def work() -> None:
        voice.gate.set()

    loop.submit(work()).result()


@pytest.mark.parametrize("other", [0, 1])
def test_a_quick_second_press_stops(pages, voice, qtbot, other):
    """Before the engine has heard of the first, and before any page shows it; on either page."""
    overview = pages[0]
    overview.record_toggled.emit()
    pages[other].record_toggled.emit()
    overview.record_toggled.emit()
    qtbot.waitUntil(lambda: voice.told == ["start", "stop", "start"])


def test_a_press_before_the_page_is_drawn_anew_stops(pages, voice, loop, qtbot):
    """The recording runs, the page still shows the one before it: what runs counts."""
    open_gate(loop, voice)
    overview, panel = pages
    overview.record_toggled.emit()
    qtbot.waitUntil(lambda: voice.is_recording)
    panel.record_toggled.emit()
    qtbot.waitUntil(lambda: voice.told == ["start", "stop"] and not voice.is_recording)


def test_after_a_refusal_a_press_starts_again(pages, voice, loop, qtbot):
    """A start that failed was none: the next press asks once more."""
    voice.error = Refused("no microphone")
    open_gate(loop, voice)
    _, panel = pages
    panel.record_toggled.emit()
    qtbot.waitUntil(lambda: panel.strip.text == "no microphone")
    panel.record_toggled.emit()
    qtbot.waitUntil(lambda: voice.told == ["start", "start"])


def test_who_holds_the_button_is_stopped_on_another_page(pages, voice, qtbot):
    """A press while a talk is about to begin ends it."""
    overview, panel = pages
    panel.push_to_talk.emit(True)
    overview.record_toggled.emit()
    qtbot.waitUntil(lambda: voice.told == ["start", "stop"])


def test_before_there_is_an_engine_that_is_said(theme, qtbot, bridge):
    """A press that comes too early is answered."""
    page = OverviewPanel(theme)
    qtbot.addWidget(page)
    presses = RecordPresses(bridge, voice=lambda: None, not_ready="not yet")
    presses.toggle(page)
    assert page.strip.text == "not yet"
    presses.record(page, on=False)
    assert page.strip.text == "not yet"
