"""Files: our transcription beside raw faster-whisper, in turns, in one run."""

from __future__ import annotations

import time
from dataclasses import dataclass

from engine.model_store.store import shipped_models
from engine.voice.adapters.faster_whisper_decoder import FasterWhisperFactory
from engine.voice.adapters.pyav_reader import PyAvReader
from engine.voice.adapters.silero_detector import SileroDetector
from engine.voice.files import FileTranscriber
from tests.bench.voice.clips import Clip, clips
from tests.bench.voice.scoring import errors

DIGITS = ("vosk_digits", "one_two_three", "timit_sa1")
"""Spelled digits, which no normaliser brings together, and a clip with a doubtful text."""


@dataclass(slots=True)
class Tally:
    """Words wrong, words in all, CPU seconds."""

    wrong: int = 0
    words: int = 0
    cpu_s: float = 0.0

    def add(self, clip: Clip, text: str, cpu_s: float) -> None:
        """Count one transcript."""
        wrong, words = errors(clip.text, text)
        self.wrong += wrong
        self.words += words
        self.cpu_s += cpu_s

    @property
    def wer_percent(self) -> float:
        """The word error rate."""
        return 100 * self.wrong / max(1, self.words)


def compare() -> tuple[Tally, Tally]:
    """Return the tallies of our engine and of raw faster-whisper over the English speech."""
    from faster_whisper import WhisperModel

    folder = shipped_models() / "base"
    decoder = FasterWhisperFactory().load("base", folder, compute="cpu", threads=2)
    ours = FileTranscriber(reader=PyAvReader(), detector=SileroDetector(), decoder=decoder)
    raw = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)
    mine, theirs = Tally(), Tally()
    for clip in clips():
        if clip.language != "en" or clip.kind == "synthetic" or clip.id in DIGITS or not clip.text:
            continue
        began_s = time.process_time()
        transcript = ours.transcribe(clip.path, language="en")
        assert transcript is not None
        mine.add(clip, transcript.text, time.process_time() - began_s)
        began_s = time.process_time()
        found, _ = raw.transcribe(str(clip.path), language="en", beam_size=1, word_timestamps=True)
        text = " ".join(segment.text.strip() for segment in found)
        theirs.add(clip, text, time.process_time() - began_s)
    return mine, theirs
