from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from app.problems import Problem
from app.ui.gpu_summary import figures_text
from app.ui.overview_panel import OverviewPanel, OverviewSnapshot, attention_of
from app.ui.widgets.voice_summary import state_text
from engine.cache.snapshot import CacheSnapshot, CacheState
from engine.gpu.cards import CardState
from engine.gpu.lease_views import LeasesSnapshot
from engine.gpu.snapshot import HostReading, ResourceSnapshot
from engine.voice.snapshot import (
    FileJob,
    LiveText,
    Recovered,
    StageView,
    VoiceSnapshot,
    VoiceState,
)
from tests.app.ui.gpu_worlds import READY, gpu_view
from tests.app.ui.test_about_texts import NEWS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOST = HostReading(
    cpu_percent=37.4,
    cpu_cores=16,
    memory_used_mib=18_432,
    memory_total_mib=65_536,
    disk_free_gib=100.0,
    disk_total_gib=400.0,
    own_cpu_percent=14.0,
    own_memory_mib=386,
)


@pytest.fixture
def resources():
    rows = np.stack([np.arange(40.0, 100.0), np.linspace(10, 50, 60)], axis=1)
    return ResourceSnapshot(100.0, HOST, 0.5, None, rows, rows)


@pytest.fixture
def panel(theme, qtbot):
    panel = OverviewPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1072, 800)
    panel.show()
    return panel


def test_the_machine_is_read_off_the_cards(panel, ready, resources):
    """Each card shows its number with its unit."""
    panel.show_snapshot(OverviewSnapshot(ready, resources))
    assert panel.processor.value.text == "37 %"
    assert panel.memory.value.text == "18.0 of 64.0 GiB"
    assert panel.disk.value.text == "100 GiB free"
    assert panel.own.value.text == "386 MiB"
    assert panel.memory.note.whole_text == "28 % used · 46.0 GiB free"
    assert panel.disk.note.whole_text == "75 % of 400 GiB used"


def test_what_the_system_does_not_tell_is_a_dash(panel, ready):
    """An unknown number is never a zero."""
    nothing = HostReading(None, None, None, None, None, None, None, None)
    panel.show_snapshot(OverviewSnapshot(ready, ResourceSnapshot(1.0, nothing)))
    cards = (panel.processor, panel.memory, panel.disk, panel.own)
    assert [card.value.text for card in cards] == ["—"] * 4


def test_before_the_first_reading_it_says_so(panel):
    """An empty page tells what it waits for and what to do."""
    panel.show_snapshot(OverviewSnapshot(VoiceSnapshot(0.0), ResourceSnapshot(0.0)))
    assert panel.processor.note.whole_text == "Waiting for the first reading"
    assert panel.sentences.texts == ()
    assert not panel.record.isEnabled()


def test_the_newest_sentence_comes_first(panel, ready, resources, utterances):
    """The list shows the last sentences, the newest at the top."""
    recent = tuple(reversed(utterances(16)))
    panel.show_snapshot(OverviewSnapshot(replace(ready, recent=recent), resources))
    assert panel.sentences.texts[0] == "Sentence number 16."
    assert panel.sentences.texts[-1] == "Sentence number 5."


def test_the_button_says_what_it_will_do(panel, ready, resources, qtbot):
    """The same button starts and stops, and its words say which."""
    panel.show_snapshot(OverviewSnapshot(ready, resources))
    assert panel.record.text().strip() == "Start recording"
    with qtbot.waitSignal(panel.record_toggled):
        panel.record.click()
    recording = replace(ready, state=VoiceState.RECORDING, recording_s=73.0)
    panel.show_snapshot(OverviewSnapshot(recording, resources))
    assert panel.record.text().strip() == "Stop recording"
    with qtbot.waitSignal(panel.record_toggled):
        panel.record.click()


def test_a_lost_microphone_can_still_be_stopped(panel, ready, resources, qtbot):
    """While the microphone is gone the recording goes on, so the button stops it."""
    lost = replace(ready, state=VoiceState.DEVICE_LOST, recording_s=3.0)
    panel.show_snapshot(OverviewSnapshot(lost, resources))
    with qtbot.waitSignal(panel.record_toggled):
        panel.record.click()


def test_recording_looks_the_same_on_every_page(panel, theme, ready, resources):
    """The overview's button is filled with the colour that means recording, as in Voice."""
    recording = replace(ready, state=VoiceState.RECORDING, recording_s=3.0)
    panel.show_snapshot(OverviewSnapshot(recording, resources))
    corner = panel.record.grab().toImage().pixelColor(12, panel.record.height() // 2)
    assert corner.name() == theme.tokens.recording


def test_everything_wrong_is_listed_with_its_remedy(ready, resources):
    """Problems of the engines, cut-off recordings, stages, files and the program are listed."""
    voice = replace(
        ready,
        problem="No model: fetch one in Settings",
        recovered=(Recovered("r1", NOW, 32.0),),
        stages=(StageView("noise", "Noise suppression", False, None, "the library is missing"),),
        jobs=(FileJob(1, "talk.mp3", "failed", None, "not an audio file", None),),
    )
    machine = replace(resources, problem="The sampler hangs: restart the application")
    found = attention_of(OverviewSnapshot(voice, machine, (Problem("Oops", "", NOW),)))
    assert [item.text for item in found] == [
        "No model: fetch one in Settings",
        "The sampler hangs: restart the application",
        "A recording of 32 s was cut off: transcribe it in Voice",
        "Noise suppression: the library is missing",
        "talk.mp3: not an audio file",
        "Oops",
    ]


def test_old_readings_are_called_old(ready, resources):
    """A machine that is no longer watched is not shown as if it were."""
    stale = replace(resources, age_s=30.0)
    (item,) = attention_of(OverviewSnapshot(ready, stale))
    assert "30 s old" in item.text


def test_a_ready_engine_without_a_microphone_is_not_called_ready(panel, ready, resources):
    """Where there is nothing to listen to, the card says so and what to do."""
    panel.show_snapshot(OverviewSnapshot(replace(ready, devices=(), device=None), resources))
    assert state_text(replace(ready, devices=()))[0] == "No microphone"
    assert "Plug in" in panel.voice.words


def test_delays_are_drawn_where_there_is_room(panel, qapp, ready, resources):
    """A tall window shows the delays over time; a low one leaves the room to the words."""
    panel.show_snapshot(OverviewSnapshot(ready, resources))
    for height, is_shown in ((1080, True), (600, False)):
        panel.resize(1700, height)
        qapp.processEvents()
        assert panel.voice.delays.isVisible() is is_shown


def test_words_appear_while_they_are_spoken(panel, ready, resources, utterances):
    """The voice card shows the sentence being spoken, else the last one."""
    recent = tuple(reversed(utterances(2)))
    spoken = replace(ready, recent=recent, live=LiveText(3, "Now I", " say"))
    panel.show_snapshot(OverviewSnapshot(spoken, resources))
    assert panel.voice.words == "Now I say"
    panel.show_snapshot(OverviewSnapshot(replace(spoken, live=None), resources))
    assert panel.voice.words == "Sentence number 2."


def test_the_same_snapshot_gives_the_same_picture(panel, ready, resources, utterances, qapp):
    """Drawing a snapshot again, also after another one, gives the very same pixels."""
    first = OverviewSnapshot(replace(ready, recent=utterances(3)), resources)
    other = OverviewSnapshot(replace(ready, problem="No model"), ResourceSnapshot(200.0))
    panel.show_snapshot(first)
    qapp.processEvents()
    before = panel.grab().toImage()
    panel.show_snapshot(other)
    qapp.processEvents()
    panel.show_snapshot(first)
    qapp.processEvents()
    assert panel.grab().toImage() == before


def test_the_cache_is_read_off_its_card(panel, ready, resources, rich_cache):
    """Hit rate, latency and state stand on the first page; the tooltip tells the memory."""
    panel.show_snapshot(OverviewSnapshot(ready, resources, cache=rich_cache))
    assert panel.cache.hits.text == "85.0 %"
    assert panel.cache.latency.text == "4.2 µs"
    assert panel.cache.toolTip() == "32.0 of 64 MiB, 18,204 values"


def test_a_redis_that_is_away_needs_attention(ready, resources):
    """A Redis that was set up and does not answer is listed; none at all is no problem."""
    reason = "127.0.0.1:6379 does not answer: start it"
    away = CacheSnapshot(taken_s=1.0, state=CacheState.MEMORY, reason=reason, address="127.0.0.1")
    found = attention_of(OverviewSnapshot(ready, resources, cache=away))
    assert [each.text for each in found] == [f"Cache: {reason}"]
    alone = replace(away, address="")
    assert attention_of(OverviewSnapshot(ready, resources, cache=alone)) == ()


def test_the_cards_show_in_brief(panel, ready, resources):
    """Each graphics card has a line with load and temperature; without any there is none."""
    panel.show_snapshot(OverviewSnapshot(ready, resources))
    assert not panel.gpus.isVisible()
    panel.show_snapshot(OverviewSnapshot(ready, gpu_view().resources))
    assert panel.gpus.isVisible()
    assert figures_text(READY) == "64 % \N{MIDDLE DOT} 71 °C"


def test_a_card_that_is_lost_needs_attention(ready):
    """A card that does not answer is told with its remedy, as is what goes wrong with leases."""
    lost = replace(READY, state=CardState.LOST, reason="it fell off the bus")
    told = LeasesSnapshot(problems=("train uses too much",))
    found = attention_of(OverviewSnapshot(ready, gpu_view(lost, leases=told).resources))
    assert [each.text for each in found] == [
        "RTX 4090: it fell off the bus",
        "GPU: train uses too much",
    ]


def test_a_version_that_is_out_is_told_last(ready, resources):
    """After all that is wrong, and not at all while it is no newer one."""
    ill = replace(ready, problem="The microphone is gone")
    found = attention_of(OverviewSnapshot(ill, resources, news=NEWS))
    assert [each.text for each in found] == [
        "The microphone is gone",
        "Version 0.2.0 is out: Settings, About leads to its page",
    ]
    no_news = replace(NEWS, is_newer=False)
    assert attention_of(OverviewSnapshot(ready, resources, news=no_news)) == ()
