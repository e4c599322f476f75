"""What a card did over the last minute, quarter of an hour and day, in a fixed amount of memory."""

from __future__ import annotations

import math
import threading
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
_ALL = [(number, gauge.value, GROUP_OF[gauge]) for gauge, number in _NUMBERS.items()]


class Span(StrEnum):
    """How far back a chart looks."""

    MINUTE = "1 min"
    QUARTER = "15 min"
    DAY = "24 h"

    @property
    def length_s(self) -> float:
        """How long it is."""
        return {"1 min": 60.0, "15 min": 900.0, "24 h": 86_400.0}[self.value]


_Seen = dict[int, tuple[float, float, float, int]]
"""Of a stretch of time, by the number of a gauge: lowest, sum, highest, how many readings.

Plain Python: a reading has two to five values, for which NumPy takes ten times as long.
"""


class _Level:
    """The bins of one span; a bin that is over is handed on to the next longer one."""

    def __init__(self, span: Span) -> None:
        self._length_s = span.length_s
        self._width_s = span.length_s / BINS
        self._starts_s = np.zeros(BINS)
        self._rows = np.zeros((BINS, len(Gauge), 4), np.float32)
        self._closed = 0
        self._number: int | None = None
        self._seen: _Seen = {}

    def add(self, at_s: float, seen: _Seen) -> tuple[float, _Seen] | None:
        """Take `seen` in, and return the bin, with its time, that is over by that."""
        number = math.floor(at_s / self._width_s)
        over = None
        if self._number is not None and number != self._number:
            over = (self._number * self._width_s, self._seen)
            self._write()
            self._closed += 1
            self._seen = {}
        self._number = number
        mine = self._seen
        for gauge, values in seen.items():
            mine[gauge] = _joined(mine[gauge], values) if gauge in mine else values
        return over

    def window(self, gauge: int, now_s: float) -> NDArray[np.float64]:
        if self._number is None:
            return np.zeros((0, 4))
        self._write()  # the bin that is not over yet; it is written again
        last = min(self._closed, BINS - 1)
        order = np.arange(self._closed - last, self._closed + 1) % BINS
        starts_s, rows = self._starts_s[order], self._rows[order, gauge]
        is_shown = (rows[:, 3] > 0) & (starts_s > now_s - self._length_s)
        return np.column_stack((starts_s[is_shown], rows[is_shown, :3].astype(np.float64)))

    def _write(self) -> None:
        assert self._number is not None
        place = self._closed % BINS
        self._starts_s[place] = self._number * self._width_s
        row = self._rows[place]
        row.fill(0)
        for gauge, (low, total, high, count) in self._seen.items():
            row[gauge] = (low, total / count, high, count)


def _joined(
    one: tuple[float, float, float, int], other: tuple[float, float, float, int]
) -> tuple[float, float, float, int]:
    return (
        min(one[0], other[0]),
        one[1] + other[1],
        max(one[2], other[2]),
        one[3] + other[3],
    )


class CardHistory:
    """Three rings of a card's gauges, each fed with the means and extremes of the shorter one.

    One thread adds, any may look. It takes some 180 KiB, whatever is added.
    """

    def __init__(self) -> None:
        self._levels = [_Level(span) for span in Span]
        self._lock = threading.Lock()

    def add(self, at_s: float, reading: CardReading, groups: frozenset[Group]) -> None:
        """Keep what `groups` read at `at_s`, a Clock time that does not go back."""
        seen: _Seen = {}
        for number, gauge, group in _ALL:
            if group in groups:
                value = getattr(reading, gauge)
                if value is not None:
                    seen[number] = (value, value, value, 1)
        over: tuple[float, _Seen] | None = (at_s, seen)
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
