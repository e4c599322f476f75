"""One speech model for several who listen: whoever decodes next waits for whoever decodes now."""

from __future__ import annotations

import threading
from typing import Any

from engine.voice.ports import FloatArray, Hypothesis, Passage, SpeechDecoder


class TurnTaking:
    """A `SpeechDecoder` that any thread may use: one decode after the other."""

    def __init__(self, decoder: SpeechDecoder) -> None:
        self._decoder = decoder
        self._turn = threading.Lock()

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._decoder.model

    @property
    def compute(self) -> str:
        """Where it runs and why."""
        return self._decoder.compute

    def decode(self, audio: FloatArray, **asked: Any) -> Hypothesis:
        """Return what `SpeechDecoder.decode` returns, when it is this caller's turn."""
        with self._turn:
            return self._decoder.decode(audio, **asked)

    def decode_passage(self, audio: FloatArray, **asked: Any) -> Passage:
        """Return what `SpeechDecoder.decode_passage` returns, when it is this caller's turn."""
        with self._turn:
            return self._decoder.decode_passage(audio, **asked)

    def close(self) -> None:
        """Free the model's memory, after the decode in hand."""
        with self._turn:
            self._decoder.close()
