"""A recording that is cut off is not lost."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest

from engine.assembly import build_engines
from engine.folders import Folders
from engine.voice.snapshot import Recovered, Utterance
from tests.live.listening import Listening
from tests.live.programs import END_S
from tests.live.pulse import SoundServer
from tests.live.speech import GARDEN, Speech, word_error_rate

pytestmark = pytest.mark.live

WORST = 0.15
SPEECH_S = 2.0
"""The sentence takes longer than this."""


async def recover(folders: Folders) -> tuple[tuple[Recovered, ...], tuple[Utterance, ...]]:
    """Return what the next start finds, and the history after all of it was transcribed."""
    engines = build_engines(folders)
    async with engines.voice as voice:
        found = voice.snapshot().recovered
        for one in found:
            await voice.transcribe_recovered(one.name)
        assert voice.snapshot().recovered == ()
        return found, await voice.search_history("")


def test_killed_while_recording(
    sound_server: SoundServer, listen: Callable[..., Listening], speak: Callable[[str], Speech]
):
    """After SIGKILL in the middle of a recording, the next start finds it and writes it down."""
    speech = speak(GARDEN)
    listening = listen("--language", "en")
    listening.wait_until_it_hears()
    sound_server.play(speech.path)
    assert listening.stop(signal.SIGKILL) == -signal.SIGKILL
    assert len(list(listening.recordings.glob("*.partial.wav"))) == 1
    found, history = asyncio.run(recover(Folders.under(listening.home)))
    assert [one.duration_s > SPEECH_S for one in found] == [True]
    [utterance] = history
    assert utterance.source == "microphone"
    assert word_error_rate(speech.text, utterance.text) <= WORST, utterance.text
    assert list(listening.recordings.iterdir()) == []


def test_running_recording_is_left_alone(
    sound_server: SoundServer, listen: Callable[..., Listening], speak: Callable[[str], Speech]
):
    """What another process is recording at this moment is not offered as cut off."""
    listening = listen("--language", "en")
    listening.wait_until_it_hears()
    sound_server.play(speak("Good morning.").path)
    found, _ = asyncio.run(recover(Folders.under(listening.home)))
    assert found == ()
    assert listening.stop() == 0
    assert listening.wait_for_text(within_s=END_S)
