from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.widgets.record_button import RecordButton, clock_text, record_look
from engine.voice.snapshot import VoiceSnapshot, VoiceState


@pytest.mark.parametrize(
    ("changes", "kind", "text"),
    [
        ({}, "idle", "Start recording"),
        ({"state": VoiceState.LOADING}, "idle", "Start recording"),
        ({"state": VoiceState.FAILED}, "idle", "Start recording"),
        ({"devices": ()}, "off", "No microphone"),
        ({"state": VoiceState.STOPPED}, "off", "Start recording"),
        ({"state": VoiceState.DRAINING}, "busy", "Finishing…"),
        ({"state": VoiceState.RECORDING, "recording_s": 72.4}, "recording", "Stop recording"),
        ({"state": VoiceState.DEVICE_LOST, "recording_s": 5.0}, "lost", "Microphone lost"),
    ],
)
def test_each_state_has_its_look(ready: VoiceSnapshot, changes: dict, kind: str, text: str):
    """The button says what a press does, or why it does nothing."""
    look = record_look(replace(ready, **changes), is_push_to_talk=False)
    assert (look.kind, look.text) == (kind, text)


@pytest.mark.parametrize(("kind", "is_enabled"), [("idle", True), ("off", False), ("busy", False)])
def test_only_what_works_can_be_pressed(theme, qtbot, ready, kind: str, is_enabled: bool):
    """Without a microphone and while the last words are awaited, the button is disabled."""
    button = RecordButton(theme)
    qtbot.addWidget(button)
    look = record_look(ready, is_push_to_talk=False)
    button.show_look(replace(look, kind=kind))
    assert button.isEnabled() is is_enabled


def test_recording_tells_the_time_and_beats(ready):
    """While recording, the look carries the elapsed time and a dot that beats once a second."""
    recording = replace(ready, state=VoiceState.RECORDING)
    looks = [
        record_look(replace(recording, recording_s=at_s), is_push_to_talk=False)
        for at_s in (72.0, 72.5, 73.0)
    ]
    assert [look.elapsed for look in looks] == ["1:12", "1:12", "1:13"]
    assert looks[0].pulse == pytest.approx(1.0)
    assert looks[1].pulse == pytest.approx(0.2)


def test_recording_is_red_and_idle_is_not(theme, qtbot, ready):
    """A glance at the colour tells whether it records."""
    button = RecordButton(theme)
    qtbot.addWidget(button)
    button.resize(button.sizeHint())
    seen = []
    for recording_s in (None, 3.0):
        state = VoiceState.READY if recording_s is None else VoiceState.RECORDING
        snapshot = replace(ready, state=state, recording_s=recording_s)
        button.show_look(record_look(snapshot, is_push_to_talk=False))
        seen.append(button.grab().toImage().pixelColor(16, 20))
    idle, red = seen
    assert red.red() > 2 * red.blue()
    assert idle.blue() > idle.red()


def test_the_button_keeps_its_width(theme, qtbot, ready):
    """Nothing beside the button moves when recording starts."""
    button = RecordButton(theme)
    qtbot.addWidget(button)
    before = button.sizeHint()
    recording = replace(ready, state=VoiceState.RECORDING, recording_s=4000.0)
    button.show_look(record_look(recording, is_push_to_talk=False))
    assert button.sizeHint() == before


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.9, "0:07"), (61, "1:01"), (3725, "1:02:05")]
)
def test_lengths_read_as_people_write_them(seconds: float, text: str):
    """Minutes and seconds, and hours only where there are any."""
    assert clock_text(seconds) == text
