"""What a person does in the window, done with a real keyboard, pointer, screen and microphone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.journeys.desktop import Desktop, colours
from tests.journeys.window import RECORD_KEYS, Window
from tests.live.listening import ROOT, application_environment
from tests.live.programs import wait_until
from tests.live.pulse import SoundServer
from tests.live.speech import GARDEN, STATION, Speech, word_error_rate

pytestmark = pytest.mark.live

OPEN = Callable[..., Window]
SPEAK = Callable[[str], Speech]
WORST = 0.15
CLOSED_S = 20.0
CHANGED = 0.005
"""Share of the screen that a few words, a curve and a list take at least."""
PICTURES = ROOT / "tests" / ".output"


@pytest.mark.parametrize(("way", "theme"), [("keyboard", "dark"), ("pointer", "light")])
def test_words_appear(
    way: str,
    theme: str,
    desktop: Desktop,
    sound_server: SoundServer,
    open_window: OPEN,
    speak: SPEAK,
):
    """What is said after a press on the record button stands in the window and in the history."""
    window = open_window(theme=theme)
    button = window.open_voice_page()
    before = desktop.picture()

    def press_record(place: tuple[int, int]) -> None:
        if way == "keyboard":
            desktop.press(RECORD_KEYS)
        else:
            desktop.click(place)

    press_record(button)
    button = window.wait_until_it_records()
    speech = speak(STATION)
    sound_server.play(speech.path)
    window.wait_for_sentence()
    desktop.save_picture(PICTURES / f"voice-{theme}.png")
    press_record(button)
    window.wait_until_it_is_idle()
    after = desktop.picture()
    assert word_error_rate(speech.text, window.text) <= WORST, window.text
    assert colours(after) > colours(before) > 100
    assert np.mean((before != after).any(axis=2)) > CHANGED
    assert window.left_behind() == []
    assert "ERROR" not in window.log()


def test_second_recording_adds_to_the_first(
    desktop: Desktop, sound_server: SoundServer, open_window: OPEN, speak: SPEAK
):
    """A second recording in the same window adds its words to those of the first."""
    window = open_window()
    window.open_voice_page()
    speech = speak(GARDEN)
    for _ in range(2):
        desktop.press(RECORD_KEYS)
        window.wait_until_it_records()
        sound_server.play(speech.path)
        desktop.press(RECORD_KEYS)
        window.wait_until_it_is_idle()
    assert word_error_rate(f"{GARDEN} {GARDEN}", window.text) <= WORST, window.text


@pytest.mark.parametrize("way", ["alt+F4", "ctrl+q", "SIGTERM", "SIGINT"])
def test_closing_keeps_the_last_words(
    way: str, desktop: Desktop, sound_server: SoundServer, open_window: OPEN, speak: SPEAK
):
    """Closed right after the last word, it still writes that sentence, and ends cleanly."""
    window = open_window()
    window.open_voice_page()
    desktop.press(RECORD_KEYS)
    window.wait_until_it_records()
    sound_server.play(speak(GARDEN).path)
    if way.startswith("SIG"):
        window.program.signal(signal.Signals[way])
    else:
        desktop.press(way)
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    assert word_error_rate(GARDEN, window.text) <= WORST, window.text
    assert window.left_behind() == []
    assert "Traceback" not in window.program.err + window.log()


def test_second_start_raises_the_first(desktop: Desktop, open_window: OPEN):
    """A second start brings the first window forward, says so, and exits with 0."""
    window = open_window()
    number = window.number
    window.open_voice_page()
    desktop.minimize(number)
    second = window.start_again()
    assert second.wait() == 0, second.err
    assert "comes forward" in second.out
    wait_until(lambda: desktop.active_window() == number, "the window is back", within_s=CLOSED_S)
    assert window.program.is_running


def test_killed_while_recording(
    desktop: Desktop, sound_server: SoundServer, open_window: OPEN, speak: SPEAK
):
    """After SIGKILL the next window offers the sound, and a press on Transcribe writes it down."""
    window = open_window()
    window.open_voice_page()
    desktop.press(RECORD_KEYS)
    window.wait_until_it_records()
    sound_server.play(speak(GARDEN).path)
    window.program.signal(signal.SIGKILL)
    assert window.program.wait() == -signal.SIGKILL
    again = open_window()
    again.open_voice_page()
    place = again.offer()
    desktop.save_picture(PICTURES / "voice-recovered.png")
    desktop.click(place)
    again.wait_for_sentence()
    assert word_error_rate(GARDEN, again.text) <= WORST, again.text
    wait_until(lambda: again.left_behind() == [], "nothing is left", within_s=CLOSED_S)


def test_no_display(tmp_path: Path):
    """Without a display it names the commands that need none, and exits with 2."""
    environment = application_environment(tmp_path, {})
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "app"],
        capture_output=True,
        text=True,
        timeout=CLOSED_S,
        env=environment,
    )
    assert done.returncode == 2
    assert "no display" in done.stderr
    assert "universal-ai-tools serve" in done.stderr
    assert "universal-ai-tools listen" in done.stderr
    assert list(tmp_path.iterdir()) == []
