"""What the sound passes before anyone listens: stages that can be switched, each with its cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from engine.errors import EngineError
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.settings import StageSettings
from engine.voice.snapshot import StageView

BLOCK = 160
"""Samples a stage takes at a time: the 10 ms that WebRTC's processing is made for."""
COST_SMOOTHING = 0.02
"""Share of the newest block in the shown cost: it settles within a second."""


class Stage(Protocol):
    """One step from sound to better sound; remembers what it heard."""

    @property
    def name(self) -> str:
        """The setting's name."""
        ...

    @property
    def label(self) -> str:
        """What a person reads."""
        ...

    def process(self, block: FloatArray) -> FloatArray:
        """Return `block`, shape (160,), processed; same shape."""
        ...


class HighPass:
    """A second-order Butterworth high-pass: removes hum and rumble below speech.

    The recursion is unrolled over a block once, in state-space form, so that a block costs two
    small matrix products instead of a loop over samples in Python; the result is the same.
    Source: R. Bristow-Johnson, Audio EQ Cookbook (HPF, Q = 1/sqrt 2).
    """

    name = "high_pass"
    label = "High-pass 80 Hz"

    def __init__(self, *, cut_hz: float = 80.0) -> None:
        feed, back = butterworth_high_pass(cut_hz)
        unit = np.eye(BLOCK)
        still = np.zeros(2)
        answers = [_recursion(feed, back, unit[i], still) for i in range(BLOCK)]
        held = [_recursion(feed, back, np.zeros(BLOCK), state) for state in np.eye(2)]
        self._from_block = np.stack([output for output, _ in answers], axis=1)
        self._from_state = np.stack([output for output, _ in held], axis=1)
        self._state_from_block = np.stack([state for _, state in answers], axis=1)
        self._state_from_state = np.stack([state for _, state in held], axis=1)
        self._state = np.zeros(2)

    def process(self, block: FloatArray) -> FloatArray:
        """Return `block`, shape (160,), without what lies below the cut."""
        sound = self._from_block @ block + self._from_state @ self._state
        self._state = self._state_from_block @ block + self._state_from_state @ self._state
        return sound.astype(np.float32)


def butterworth_high_pass(cut_hz: float) -> tuple[list[float], list[float]]:
    """Return the coefficients (b0, b1, b2) and (a1, a2) at 16 kHz, a0 being 1."""
    angle = 2 * np.pi * cut_hz / SAMPLE_RATE_HZ
    alpha = np.sin(angle) / np.sqrt(2.0)
    cosine, scale = np.cos(angle), 1 + alpha
    edge = (1 + cosine) / 2 / scale
    return [edge, -2 * edge, edge], [-2 * cosine / scale, (1 - alpha) / scale]


def _recursion(
    feed: list[float], back: list[float], block: np.ndarray, state: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return output and last state of the filter, sample by sample (transposed form II)."""
    first, second = state
    output = np.empty(len(block))
    for number, sample in enumerate(block):
        value = feed[0] * sample + first
        first = feed[1] * sample - back[0] * value + second
        second = feed[2] * sample - back[1] * value
        output[number] = value
    return output, np.array([first, second])


class Pipeline:
    """The stages in order. Lives on the dsp thread; switched and seen from any."""

    def __init__(self, stages: Sequence[Stage], settings: StageSettings) -> None:
        self._stages = tuple(stages)
        self._costs_us: dict[str, float] = {}
        self._problems: dict[str, str] = {}
        self.settings = settings

    def process(self, block: FloatArray) -> FloatArray:
        """Return `block`, shape (160,), after every stage that is on."""
        for stage in self._stages:
            if not getattr(self.settings, stage.name):
                # Switched on again, it gets another chance.
                self._problems.pop(stage.name, None)
            elif stage.name not in self._problems:
                block = self._measured(stage, block)
        return block

    def views(self) -> tuple[StageView, ...]:
        """Return each stage with its measured cost."""
        return tuple(
            StageView(
                name=stage.name,
                label=stage.label,
                is_on=getattr(self.settings, stage.name),
                cost_us=self._costs_us.get(stage.name),
                problem=self._problems.get(stage.name),
            )
            for stage in self._stages
        )

    def _measured(self, stage: Stage, block: FloatArray) -> FloatArray:
        began_ns = time.thread_time_ns()
        try:
            processed = stage.process(block)
        except EngineError as error:
            self._problems[stage.name] = str(error)
            return block
        spent_us = (time.thread_time_ns() - began_ns) / 1000 * SAMPLE_RATE_HZ / BLOCK
        before_us = self._costs_us.get(stage.name, spent_us)
        self._costs_us[stage.name] = before_us + COST_SMOOTHING * (spent_us - before_us)
        return processed
