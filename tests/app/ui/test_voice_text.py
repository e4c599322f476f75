from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.voice_text import LiveTextCard, empty_text, hint_text
from engine.voice.snapshot import LiveText, VoiceState


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "Nothing said yet"),
        ({"devices": ()}, "No microphone found"),
        ({"state": VoiceState.STOPPED, "devices": ()}, "The voice engine is not running"),
        ({"state": VoiceState.LOADING}, "The speech model is being loaded"),
        ({"state": VoiceState.FAILED}, "Speech cannot be transcribed now"),
        ({"state": VoiceState.RECORDING, "recording_s": 1.0}, "Listening"),
    ],
)
def test_an_empty_page_says_what_to_do(ready, changes: dict, title: str):
    """Each reason for having no words has its own sentence and its own advice."""
    found, advice = empty_text(replace(ready, **changes), is_push_to_talk=False)
    assert found == title
    assert advice


def test_no_microphone_offers_files(ready):
    """Without a microphone there is still something to do."""
    text = " ".join(empty_text(replace(ready, devices=()), is_push_to_talk=False))
    assert text == "No microphone found Plug one in, or drop a file here to transcribe it."


def test_keys_are_told(ready):
    """The hint names the key that works now."""
    recording = replace(ready, state=VoiceState.RECORDING, recording_s=1.0)
    assert hint_text(ready, is_push_to_talk=False) == "Ctrl+R starts recording"
    assert hint_text(recording, is_push_to_talk=False) == "Ctrl+R stops"
    assert hint_text(ready, is_push_to_talk=True) == "Hold Space to talk"
    assert hint_text(replace(ready, devices=()), is_push_to_talk=False) == ""


def test_words_take_the_place_of_the_advice(theme, qtbot, ready):
    """With the first word the page shows text and explains its two looks."""
    card = LiveTextCard(theme)
    qtbot.addWidget(card)
    card.resize(500, 260)
    card.show()
    card.show_text(ready, is_push_to_talk=False)
    assert card.empty.isVisible()
    assert not card._legend.isVisible()
    card.show_text(replace(ready, live=LiveText(1, "", "hello")), is_push_to_talk=False)
    assert card.view.isVisible()
    assert card.view.toPlainText() == "hello"
    assert card._legend.isVisible()
