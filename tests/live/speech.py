"""Things to say: a synthetic voice always, recorded ones where a folder of them is named."""

from __future__ import annotations

import json
import os
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

import jiwer
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

WORDS_A_MINUTE = 150
"""Slower than espeak-ng's usual 175: it is to be understood, not to be fast."""
# Sentences that the base model hears whole in this voice however its windows lie over them: it
# hears "The river runs" as "Rim runs" wherever the sound begins 12 ms later.
GARDEN = "The children are playing football in the garden."
STATION = "We will meet on Monday morning in front of the station."
WEATHER = "Nobody knows what the weather will be like tomorrow."
LONG = (
    "The old captain told the young sailors that the river which runs behind the village was much "
    "deeper and much colder than anybody who lived there had ever believed."
)


@dataclass(frozen=True, slots=True)
class Speech:
    """A sound file and the English words in it."""

    path: Path
    text: str


def spoken(text: str, folder: Path) -> Speech:
    """Return `text` spoken by espeak-ng."""
    path = folder / f"speech{len(list(folder.glob('speech*.wav')))}.wav"
    subprocess.run(
        ["espeak-ng", "-v", "en-gb", "-s", str(WORDS_A_MINUTE), "-w", str(path), text],
        check=True,
        timeout=30,
    )
    return Speech(path, text)


def with_silence(speech: Speech, *, before_s: float = 0.0, after_s: float = 0.0) -> Speech:
    """Return `speech`, a WAV file, with silence around it."""
    with wave.open(str(speech.path)) as source:
        form, sound = source.getparams(), source.readframes(source.getnframes())
    still = bytes(form.sampwidth * form.nchannels)
    path = speech.path.with_suffix(".padded.wav")
    with wave.open(str(path), "wb") as target:
        target.setparams(form)
        target.writeframes(still * round(before_s * form.framerate))
        target.writeframes(sound)
        target.writeframes(still * round(after_s * form.framerate))
    return Speech(path, speech.text)


def recorded(name: str) -> Speech:
    """Return the recording `name` of the folder UAT_SPEECH_DIR; skips where there is none."""
    named = os.environ.get("UAT_SPEECH_DIR")
    if not named:
        pytest.skip("UAT_SPEECH_DIR names no folder of recorded speech (manifest.json)")
    folder = Path(named)
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    entry = next(entry for entry in entries if entry["id"] == name)
    return Speech(folder / entry["file"], entry["text"])


def word_error_rate(said: str, heard: str) -> float:
    """Return wrong, missing and added words over words said; spelling of numbers is no error."""
    plain = EnglishTextNormalizer()
    return float(jiwer.wer(plain(said), plain(heard)))
