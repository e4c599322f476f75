"""What a card did over the last minute, quarter of an hour and day, in a fixed amount of memory."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from engine.gpu.cards import CardReading, Group

BINS = 300
"""Of each span: as many as a chart of some hundred pixels can tell apart."""


class Gauge(StrEnum):
    """What is kept over time; each is the field of that name of a CardReading."""

    MEMORY = "memory_used_mib"
    BUSY = "busy_percent"
    MEMORY_BUSY = "memory_busy_percent"
    TEMPERATURE = "temperature_c"
    POWER = "power_w"
    CLOCK = "clock_mhz"
    MEMORY_CLOCK = "memory_clock_mhz"
    FAN = "fan_percent"
    RECEIVED = "received_mib_s"
    SENT = "sent_mib_s"
    ENCODER = "encoder_percent"
    DECODER = "decoder_percent"


GROUP_OF = {
    Gauge.MEMORY: Group.MEMORY,
    Gauge.BUSY: Group.LOAD,
    Gauge.MEMORY_BUSY: Group.LOAD,
    Gauge.TEMPERATURE: Group.HEAT,
    Gauge.POWER: Group.HEAT,
    Gauge.CLOCK: Group.HEAT,
    Gauge.MEMORY_CLOCK: Group.HEAT,
    Gauge.FAN: Group.LINK,
    Gauge.RECEIVED: Group.LINK,
    Gauge.SENT: Group.LINK,
    Gauge.ENCODER: Group.LINK,
    Gauge.DECODER: Group.LINK,
}
_NUMBERS = {gauge: number for number, gauge in enumerate(Gauge)}


class Span(StrEnum):
    """How far back a chart looks."""

    MINUTE = "1 min"
    QUARTER = "15 min"
    DAY = "24 h"

    @property
    def length_s(self) -> float:
        """How long it is."""
        return {"1 min": 60.0, "15 min": 900.0, "24 h": 86_400.0}[self.value]


Values = NDArray[np.float64]


@dataclass(slots=True)
class _Bin:
    """What was seen of every gauge in a stretch of time; shape (gauges,) each."""

    low: Values
    total: Values
    high: Values
    count: Values

    @classmethod
    def empty(cls) -> _Bin:
        size = len(Gauge)
        return cls(np.full(size, np.inf), np.zeros(size), np.full(size, -np.inf), np.zeros(size))

    @classmethod
    def of(cls, values: Values) -> _Bin:
        """Return a bin of one reading, NaN where a gauge was not read."""
        is_known = ~np.isnan(values)
        return cls(
            np.where(is_known, values, np.inf),
            np.where(is_known, values, 0.0),
            np.where(is_known, values, -np.inf),
            is_known.astype(np.float64),
        )

    def add(self, other: _Bin) -> None:
        np.minimum(self.low, other.low, out=self.low)
        np.maximum(self.high, other.high, out=self.high)
        self.total += other.total
        self.count += other.count


class _Level:
    """The bins of one span; a bin that is over is handed on to the next longer one."""

    def __init__(self, span: Span) -> None:
        self._length_s = span.length_s
        self._width_s = span.length_s / BINS
        self._starts_s = np.zeros(BINS)
        self._rows = np.zeros((BINS, len(Gauge), 4), np.float32)
        self._closed = 0
        self._number: int | None = None
        self._bin = _Bin.empty()

    def add(self, at_s: float, seen: _Bin) -> tuple[float, _Bin] | None:
        """Take `seen` in, and return the bin, with its time, that is over by that."""
        number = math.floor(at_s / self._width_s)
        over = None
        if self._number is not None and number != self._number:
            over = (self._number * self._width_s, self._bin)
            self._write(self._closed % BINS)
            self._closed += 1
            self._bin = _Bin.empty()
        self._number = number
        self._bin.add(seen)
        return over

    def window(self, gauge: int, now_s: float) -> NDArray[np.float64]:
        if self._number is None:
            return np.zeros((0, 4))
        last = min(self._closed, BINS - 1)
        self._write(self._closed % BINS)  # the bin that is not over yet; it is written again
        order = np.arange(self._closed - last, self._closed + 1) % BINS
        starts_s, rows = self._starts_s[order], self._rows[order, gauge]
        is_shown = (rows[:, 3] > 0) & (starts_s > now_s - self._length_s)
        return np.column_stack((starts_s[is_shown], rows[is_shown, :3].astype(np.float64)))

    def _write(self, row: int) -> None:
        assert self._number is not None
        now = self._bin
        mean = now.total / np.maximum(now.count, 1)
        self._starts_s[row] = self._number * self._width_s
        self._rows[row] = np.column_stack((now.low, mean, now.high, now.count))


class CardHistory:
    """Three rings of a card's gauges, each fed with the means and extremes of the shorter one.

    One thread adds, any may look. It takes some 180 KiB, whatever is added.
    """

    def __init__(self) -> None:
        self._levels = [_Level(span) for span in Span]
        self._lock = threading.Lock()

    def add(self, at_s: float, reading: CardReading, groups: frozenset[Group]) -> None:
        """Keep what `groups` read at `at_s`, a Clock time that does not go back."""
        values = np.full(len(Gauge), np.nan)
        for number, (gauge, group) in enumerate(GROUP_OF.items()):
            if group in groups:
                value = getattr(reading, gauge)
                if value is not None:
                    values[number] = value
        over: tuple[float, _Bin] | None = (at_s, _Bin.of(values))
        with self._lock:
            for level in self._levels:
                if over is None:
                    break
                over = level.add(*over)

    def window(self, gauge: Gauge, span: Span, now_s: float) -> NDArray[np.float64]:
        """Return the last `span` of `gauge`, oldest first; what was not read is left out.

        Shape (n, 4), n at most BINS: Clock seconds at the begin of a stretch, lowest value, mean,
        highest value, in the unit of the gauge's name.
        """
        with self._lock:
            return self._levels[list(Span).index(span)].window(_NUMBERS[gauge], now_s)
