from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from app.ui.voice_header import VoiceHeader, device_choices, model_chip
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import ModelView, VoiceState

ALWAYS_ON = VoiceSettings()
PUSH_TO_TALK = VoiceSettings(mode="push_to_talk")


@pytest.fixture
def header(theme, qtbot, ready) -> VoiceHeader:
    """Return the head of the panel, ready to record."""
    header = VoiceHeader(theme)
    qtbot.addWidget(header)
    header.show_header(ready, ALWAYS_ON)
    return header


def test_the_chosen_device_is_selected(ready):
    """The default comes first; a chosen device is selected by its name."""
    choices, index = device_choices(ready.devices, "hw:1")
    assert [label for label, _ in choices] == [
        "Default: Desk microphone",
        "Desk microphone",
        "Headset",
    ]
    assert choices[index] == ("Headset", "hw:1")
    assert device_choices(ready.devices, "")[1] == 0


def test_a_chosen_device_that_is_gone_stays_chosen(ready):
    """Unplugging the chosen microphone does not change the choice; the list says it is away."""
    choices, index = device_choices(ready.devices, "hw:9")
    assert choices[index] == ("hw:9 (not connected)", "hw:9")


def test_choosing_a_device_asks_for_it_by_name(header, qtbot):
    """What is emitted is the name the engine knows, not the label."""
    with qtbot.waitSignal(header.device_chosen) as chosen:
        header.device.activated.emit(2)
    assert chosen.args == ["hw:1"]


def test_drawing_devices_chooses_none(header, qtbot, ready):
    """A microphone that was plugged in is listed without being chosen."""
    with qtbot.assertNotEmitted(header.device_chosen):
        header.show_header(replace(ready, devices=ready.devices[:1]), ALWAYS_ON)
    assert header.device.count() == 2


def test_an_open_list_is_left_alone(header, ready):
    """The same devices leave the list as it is, also while it is open."""
    header.device.setCurrentIndex(1)
    header.show_header(replace(ready, taken_s=200.0), ALWAYS_ON)
    assert header.device.currentIndex() == 1


def test_without_a_microphone_nothing_can_be_chosen(header, ready):
    """The chooser says that there is none."""
    header.show_header(replace(ready, devices=()), ALWAYS_ON)
    assert header.device.currentText() == "No microphone found"
    assert not header.device.isEnabled()


def test_the_button_toggles(header, qtbot, ready):
    """A press is told, also while recording."""
    with qtbot.waitSignal(header.record_toggled):
        header.record.click()
    recording = replace(ready, state=VoiceState.RECORDING, recording_s=1.0)
    header.show_header(recording, ALWAYS_ON)
    with qtbot.waitSignal(header.record_toggled):
        header.record.click()


def test_held_the_button_talks(header, qtbot, ready):
    """In push-to-talk the button talks from press to release, and toggles nothing."""
    header.show_header(ready, PUSH_TO_TALK)
    with qtbot.assertNotEmitted(header.record_toggled):
        with qtbot.waitSignal(header.push_to_talk) as pressed:
            qtbot.mousePress(header.record, Qt.MouseButton.LeftButton)
        with qtbot.waitSignal(header.push_to_talk) as released:
            qtbot.mouseRelease(header.record, Qt.MouseButton.LeftButton)
    assert (pressed.args, released.args) == ([True], [False])


@pytest.mark.parametrize(
    ("changes", "text", "token"),
    [
        ({}, "Base  ·  CPU int8", "ok"),
        ({"compute": "cuda float16 (RTX 4090)"}, "Base  ·  CUDA float16", "ok"),
        ({"compute": None}, "Base", "ok"),
        ({"model": None}, "No model", "warn"),
        ({"state": VoiceState.LOADING}, "Loading the model", "warn"),
        ({"state": VoiceState.FAILED, "problem": "Damaged"}, "Not transcribing", "bad"),
        ({"state": VoiceState.STOPPED}, "Not running", "mute"),
        (
            {"models": (ModelView("small", "Whisper small", 464, "99", False, False, 0.42),)},
            "Fetching Whisper small 42 %",
            "accent",
        ),
    ],
)
def test_the_chip_tells_how_the_model_is(ready, changes: dict, text: str, token: str):
    """Model and place of computing, or what is in the way of it."""
    assert model_chip(replace(ready, **changes))[:2] == (text, token)


@pytest.mark.parametrize(
    ("compute", "note", "text"),
    [
        (
            "cpu int8",
            "no room on a graphics card: end a lease",
            "Base  ·  CPU int8  ·  no room on a graphics card",
        ),
        (
            "not loaded",
            "left the graphics card, made room for Training; the next sentence brings it back",
            "Base  ·  not loaded  ·  left the graphics card",
        ),
        (
            "cpu int8",
            "CUDA does not work (no cuBLAS): install it; or set voice.compute to cpu",
            "Base  ·  CPU int8  ·  CUDA does not work",
        ),
    ],
)
def test_the_chip_warns_of_a_model_that_is_not_on_its_card(
    ready, compute: str, note: str, text: str
):
    """Why is said in a few words, and what helps is one pointer away."""
    shown = replace(ready, compute=f"{compute} ({note})", compute_note=note)
    assert model_chip(shown) == (text, "warn", f"Speech model base: {note}")
