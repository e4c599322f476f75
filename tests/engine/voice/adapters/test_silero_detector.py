"""Silero hears speech in voices only: nothing that is no speech opens an utterance."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Damaged
from engine.voice.adapters import silero_detector
from engine.voice.adapters.pyav_reader import PyAvReader
from engine.voice.adapters.silero_detector import SileroDetector
from engine.voice.adapters.webrtc_gate import WebrtcGate
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.segmenter import Segmenter, Speech
from engine.voice.settings import SegmentSettings
from engine.voice.stages import BLOCK, HighPass
from engine.voice.vad import WINDOW, VoiceActivity
from tests.engine.voice.doubles import tone

SECONDS = 8.0


def noise(level: float, *, slope: float = 0.0, seed: int = 0) -> FloatArray:
    """Return noise whose power falls with frequency to the `slope`: 0 white, 1 pink, 2 brown."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(size=int(SECONDS * SAMPLE_RATE_HZ)))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (slope / 2)
    sound = np.fft.irfft(spectrum)
    return (level * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)


def chords() -> FloatArray:
    """Return four chords of three notes with overtones, each two seconds long."""
    parts = []
    for root_hz in (220.0, 174.6, 196.0, 261.6):
        notes = [root_hz * ratio for ratio in (1.0, 1.25, 1.5)]
        chord = sum(tone(hz * n, SECONDS / 4, loudness=0.1 / n) for hz in notes for n in (1, 2, 3))
        parts.append(chord * np.linspace(1.0, 0.3, len(chord)))
    return np.concatenate(parts).astype(np.float32)


def clicks() -> FloatArray:
    """Return three clicks of a keyboard a second."""
    sound = np.zeros(int(SECONDS * SAMPLE_RATE_HZ), np.float32)
    rng = np.random.default_rng(3)
    for at in range(0, len(sound) - 400, SAMPLE_RATE_HZ // 3):
        sound[at : at + 80] = rng.normal(0, 0.3, 80) * np.linspace(1, 0, 80)
    return sound


NO_SPEECH = {
    "silence": np.zeros(int(SECONDS * SAMPLE_RATE_HZ), np.float32),
    "room": noise(0.001),
    "white noise": noise(0.03),
    "loud white noise": noise(0.2),
    "pink noise": noise(0.05, slope=1.0),
    "brown noise": noise(0.1, slope=2.0),
    "hum": tone(50.0, SECONDS, loudness=0.2) + tone(150.0, SECONDS, loudness=0.05),
    "chords": chords(),
    "whistle": tone(1000.0, SECONDS, loudness=0.3),
    "clicks": clicks(),
}


def utterances(sound: FloatArray) -> list[Speech]:
    """Return what opens between microphone and decoder: high-pass, gate, detector, segmenter."""
    stage = HighPass()
    whole = sound[: len(sound) // 2560 * 2560]
    sound = np.concatenate([stage.process(block) for block in whole.reshape(-1, BLOCK)])
    activity = VoiceActivity(gate=WebrtcGate(), detector=SileroDetector())
    segmenter = Segmenter(SegmentSettings())
    closed = [segmenter.push(one, activity.push(one)) for one in sound.reshape(-1, WINDOW)]
    return [speech for speech in [*closed, segmenter.close()] if speech is not None]


@pytest.mark.parametrize("name", NO_SPEECH)
def test_no_utterance_opens_where_nobody_speaks(name: str):
    """Silence, noise, hum, music, whistling and typing open no utterance."""
    assert utterances(NO_SPEECH[name]) == []


@pytest.mark.live
@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is missing")
@pytest.mark.parametrize("name", ["silence", "room", "hum"])
def test_voice_opens_one_utterance(tmp_path: Path, name: str):
    """A sentence opens one utterance, over silence, noise and hum, and about as long as it is."""
    path = tmp_path / "spoken.wav"
    text = "The quick brown fox jumped over the lazy dog."
    subprocess.run(["espeak-ng", "-s", "150", "-w", str(path), text], check=True)
    with PyAvReader().open(path) as file:
        voice = np.concatenate(list(file.blocks()))
    sound = NO_SPEECH[name].copy()
    sound[32_000 : 32_000 + len(voice)] += voice
    (speech,) = utterances(sound)
    assert speech.start == pytest.approx(32_000, abs=8_000)
    assert speech.speech_end == pytest.approx(32_000 + len(voice), abs=8_000)


@pytest.mark.parametrize("content", [None, b"", b"no model at all" * 50])
def test_broken_model_is_damage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
):
    """A missing, empty or senseless model file raises Damaged, which says what to do."""
    path = tmp_path / "silero.onnx"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(silero_detector, "_model_file", lambda: path)
    with pytest.raises(Damaged, match="install faster-whisper again"):
        SileroDetector().probabilities(np.zeros((1, WINDOW), np.float32))


def test_missing_package_is_damage(monkeypatch: pytest.MonkeyPatch):
    """Without the package that carries the model, that package is named."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Damaged, match="faster-whisper"):
        SileroDetector().probabilities(np.zeros((1, WINDOW), np.float32))


LISTENS = """
import numpy as np
from engine.voice.adapters.silero_detector import SileroDetector
SileroDetector().probabilities(np.zeros((2, 512), np.float32))
"""


def test_it_reports_to_nobody(tmp_path: Path):
    """ONNX Runtime opens no session of its makers' telemetry, whose file would lie here."""
    around = {name: value for name, value in os.environ.items() if name != "CI"}
    around.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run(
        [sys.executable, "-c", LISTENS],
        check=True,
        timeout=60,
        env={**around, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    assert list(tmp_path.rglob("*")) == []
