"""`listen`: what is said into a real microphone stands on its output."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.live.listening import Listening, started_listening
from tests.live.programs import END_S, wait_until
from tests.live.pulse import MICROPHONE, SoundServer
from tests.live.speech import GARDEN, LONG, STATION, WEATHER, Speech, recorded, word_error_rate

pytestmark = pytest.mark.live

SPEAK = Callable[[str], Speech]
LISTEN = Callable[..., Listening]
KEYS = {"event", "id", "text", "stable", "start_s", "end_s", "at_s"}
WORST_SYNTHETIC = 0.15
WORST_RECORDED = 0.06
STILL_S = 0.5
HEARD_BYTES = 16_000
"""Half a second."""


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_last_sentence_is_written_when_it_is_ended(
    name: signal.Signals, sound_server: SoundServer, listen: LISTEN, speak: SPEAK
):
    """Ended right after the last word, it writes that sentence, cleans up and exits with 0."""
    speech = speak(GARDEN)
    listening = listen("--language", "en")
    listening.wait_until_it_hears()
    sound_server.play(speech.path)
    assert listening.stop(name) == 0, listening.program.err
    assert word_error_rate(speech.text, listening.text) <= WORST_SYNTHETIC, listening.text
    assert list(listening.recordings.iterdir()) == []
    assert "Traceback" not in listening.program.err


def test_recorded_people_are_understood(sound_server: SoundServer, listen: LISTEN):
    """Two recorded speakers are written down with at most 6 of 100 words wrong."""
    speeches = [recorded("jfk"), recorded("quilter")]
    listening = listen()
    listening.wait_until_it_hears()
    for count, speech in enumerate(speeches, start=1):
        sound_server.play(speech.path)
        wait_until(partial(_has_finished, listening, count), "a final", within_s=END_S)
    assert listening.stop() == 0
    said = " ".join(speech.text for speech in speeches)
    assert word_error_rate(said, listening.text) <= WORST_RECORDED, listening.text


def test_events_keep_their_word(sound_server: SoundServer, listen: LISTEN, speak: SPEAK):
    """Events have the documented keys and rising times, and stable words are never taken back."""
    listening = listen("--language", "en")
    listening.wait_until_it_hears()
    for text in (GARDEN, LONG):
        sound_server.play(speak(text).path)
    assert listening.stop() == 0
    events = listening.events
    assert {frozenset(event) for event in events} == {frozenset(KEYS)}
    assert {"partial", "final"} <= {event["event"] for event in events}
    assert [event["at_s"] for event in events] == sorted(event["at_s"] for event in events)
    stable: dict[int, str] = {}
    for event in events:
        assert event["start_s"] <= event["end_s"] <= event["at_s"]
        assert event["text"].startswith(event["stable"])
        if event["event"] != "revised":
            assert event["text"].startswith(stable.get(event["id"], "")), event
            stable[event["id"]] = event["stable"]
    assert any(event["stable"] for event in events if event["event"] == "partial")


def test_words_come_while_they_are_said(sound_server: SoundServer, listen: LISTEN, speak: SPEAK):
    """The first words are written before the speaker has finished."""
    listening = listen("--language", "en")
    listening.wait_until_it_hears()
    player = sound_server.start_playing(speak(f"{STATION} {WEATHER} {STATION}").path)
    listening.program.wait_for(lambda: listening.events, "the first words", within_s=END_S)
    assert player.is_running
    assert listening.stop() == 0


def test_it_ends_after_the_given_time(listen: LISTEN):
    """With --seconds it ends by itself, and silence writes nothing."""
    listening = listen("--seconds", "1.5")
    assert listening.program.wait(within_s=60) == 0
    assert listening.program.out == ""


def test_no_sound_system(tmp_path: Path):
    """Without any microphone it says so in a line, and exits with 1."""
    nowhere = {"PULSE_SERVER": f"unix:{tmp_path / 'nothing'}"}
    listening = started_listening(tmp_path, nowhere)
    try:
        assert listening.program.wait(within_s=60) == 1
    finally:
        listening.program.end()
    assert "No microphone was found" in listening.program.err
    assert "Traceback" not in listening.program.err


def test_only_outputs(sound_server: SoundServer, listen: LISTEN):
    """A machine that has loudspeakers but no microphone has no microphone."""
    sound_server.unplug()
    listening = listen()
    assert listening.program.wait(within_s=60) == 1
    assert "No microphone was found" in listening.program.err


def test_unknown_microphone(listen: LISTEN):
    """A microphone that is not there is named in the message, and the exit status is 1."""
    listening = listen("--device", "moon")
    assert listening.program.wait(within_s=60) == 1
    assert "'moon'" in listening.program.err
    assert "Traceback" not in listening.program.err


@pytest.mark.parametrize(
    ("device", "go", "come"),
    [
        ("", SoundServer.unplug, SoundServer.plug),
        (MICROPHONE, SoundServer.close, SoundServer.restart),
    ],
    ids=["microphone", "sound server"],
)
def test_it_goes_on(
    device: str,
    go: Callable[[SoundServer], None],
    come: Callable[[SoundServer], None],
    sound_server: SoundServer,
    listen: LISTEN,
    speak: SPEAK,
):
    """What is pulled out, or restarted, is taken up again by itself when it is back."""
    speech = speak(GARDEN)
    listening = listen("--language", "en", "--device", device)
    listening.wait_until_it_hears()
    go(sound_server)
    wait_until(lambda: _stands_still(listening), "the loss is noticed", within_s=END_S)
    come(sound_server)
    wait_until(partial(_has_grown, listening, _size(listening)), "it hears again", within_s=END_S)
    sound_server.play(speech.path)
    assert listening.stop() == 0
    assert word_error_rate(speech.text, listening.text) <= WORST_SYNTHETIC, listening.text


def _has_finished(listening: Listening, count: int) -> bool:
    """Tell whether `count` sentences at least are finished and none is unfinished."""
    events = listening.events
    finals = [event["id"] for event in events if event["event"] == "final"]
    return len(finals) >= count and events[-1]["event"] != "partial"


def _stands_still(listening: Listening) -> bool:
    """Tell whether the recording has not grown for longer than a block takes."""
    return time.time() - _recording(listening).stat().st_mtime > STILL_S


def _has_grown(listening: Listening, size_bytes: int) -> bool:
    """Tell whether more was heard since than what a microphone that goes leaves behind."""
    return _size(listening) - size_bytes > HEARD_BYTES


def _size(listening: Listening) -> int:
    return _recording(listening).stat().st_size


def _recording(listening: Listening) -> Path:
    [path] = listening.recordings.glob("*.partial.wav")
    return path
