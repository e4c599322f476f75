"""A sound server, a voice and a listener for tests that use real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.listening import Listening, started_listening
from tests.live.programs import need
from tests.live.pulse import SoundServer, started_server
from tests.live.speech import Speech, spoken

__all__ = ["listen", "sound_server", "speak"]


@pytest.fixture
def sound_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    """Return a PulseAudio of the test's own with its microphone plugged in."""
    need("pulseaudio", "pactl", "paplay")
    server = started_server(tmp_path_factory.mktemp("pa"))
    yield server
    server.close()


@pytest.fixture
def speak(tmp_path: Path) -> Callable[[str], Speech]:
    """Return what makes a sound file of a sentence."""
    need("espeak-ng")
    return lambda text: spoken(text, tmp_path)


@pytest.fixture
def listen(tmp_path: Path, sound_server: SoundServer) -> Iterator[Callable[..., Listening]]:
    """Return what starts `listen --jsonl` on the test's microphone; it is ended afterwards."""
    started: list[Listening] = []

    def start(*words: str) -> Listening:
        started.append(started_listening(tmp_path, sound_server.environment, *words))
        return started[-1]

    yield start
    for one in started:
        one.program.end()
