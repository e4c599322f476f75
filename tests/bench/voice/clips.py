"""The recordings: a folder with `manifest.json`, named by `UAT_SPEECH_DIR`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.voice.adapters.pyav_reader import PyAvReader
from engine.voice.ports import FloatArray


@dataclass(frozen=True, slots=True)
class RefWord:
    """A word of a stream. end_s: None where nobody knows when it ended."""

    text: str
    end_s: float | None
    utterance: int


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording and what is said in it."""

    id: str
    kind: str
    language: str | None
    text: str
    path: Path
    words: tuple[RefWord, ...] = ()
    speech_ends_s: tuple[float, ...] = ()

    def sound(self) -> FloatArray:
        """Return the sound, shape (n,), 16 kHz mono."""
        with PyAvReader().open(self.path) as file:
            return np.concatenate(list(file.blocks()))


def clips() -> tuple[Clip, ...]:
    """Return every recording of the folder; ends the program where there is none."""
    folder = Path(os.environ.get("UAT_SPEECH_DIR") or "../shared/speech")
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except OSError as error:
        sys.exit(f"no recordings in {folder} ({error.strerror}): set UAT_SPEECH_DIR")
    return tuple(_clip(folder, entry) for entry in manifest if (folder / entry["file"]).exists())


def clip(name: str) -> Clip:
    """Return the recording `name`; ends the program where it is missing."""
    for found in clips():
        if found.id == name:
            return found
    sys.exit(f"there is no recording {name}")


def _clip(folder: Path, entry: dict[str, Any]) -> Clip:
    return Clip(
        id=entry["id"],
        kind=entry["kind"],
        language=entry["language"],
        text=entry.get("text") or "",
        path=folder / entry["file"],
        words=tuple(RefWord(*word) for word in entry.get("ref_words", ())),
        speech_ends_s=tuple(one["speech_end"] for one in entry.get("utterances", ())),
    )
