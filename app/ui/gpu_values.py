"""What the GPU page shows and asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.gpu.estimate import CacheType
from engine.gpu.history import Gauge, Span
from engine.gpu.model_shape import ModelShape
from engine.gpu.planner import Option
from engine.gpu.snapshot import ResourceSnapshot

Histories = Mapping[tuple[str, Gauge], NDArray[np.float64]]
"""By card and gauge: shape (n, 4), seconds, lowest, mean and highest value; oldest first."""


@dataclass(frozen=True, slots=True)
class HistoryWish:
    """The histories that the page shows."""

    span: Span = Span.MINUTE
    series: tuple[tuple[str, Gauge], ...] = ()
    """Card and gauge of each."""


@dataclass(frozen=True, slots=True)
class GpuView:
    """Everything the page shows."""

    resources: ResourceSnapshot = field(default_factory=lambda: ResourceSnapshot(taken_s=0.0))
    histories: Histories = field(default_factory=dict)
    span: Span = Span.MINUTE
    """What the histories cover."""
    user: str = ""
    """Who runs the application: whose processes may be ended."""
    is_ready: bool = False
    """Whether the engines work."""


@dataclass(frozen=True, slots=True)
class PlanWish:
    """A model, and how it is to be loaded."""

    path: str
    context_tokens: int
    slots: int
    cache_type: CacheType


@dataclass(frozen=True, slots=True)
class Plan:
    """What a model would take, and where it would fit."""

    wish: PlanWish
    shape: ModelShape
    options: tuple[Option, ...]
    """Best first. Without a card: one, of a card without any memory."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of the cards, by id."""
