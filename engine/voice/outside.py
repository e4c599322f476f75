"""The outside of the voice engine, as it is handed in when the engines are assembled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.model_room import ModelRoom, UnsharedRoom
from engine.model_store.store import ModelStore
from engine.voice.ports import (
    AudioInput,
    AudioReader,
    DecoderFactory,
    SpeechDetector,
    SpeechGate,
)
from engine.voice.stages import Stage


@dataclass(frozen=True, slots=True)
class VoicePorts:
    """The outside of the voice engine."""

    microphones: AudioInput
    decoders: DecoderFactory
    reader: AudioReader
    models: ModelStore
    gate: Callable[[], SpeechGate]
    detector: Callable[[], SpeechDetector]
    stages: Callable[[], Sequence[Stage]]
    room: ModelRoom = field(default_factory=UnsharedRoom)
    """Where models are loaded onto graphics cards."""
