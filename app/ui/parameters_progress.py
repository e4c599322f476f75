"""Pictures over the observations: the best so far, and what changed over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.ui.parameters_values import arm_token
from app.ui.quantity_texts import latency_words
from app.ui.widgets.plot_axes import Axis, clock_axis, linear_axis, moment_text, rounded_axis
from app.ui.widgets.plot_canvas import Canvas, apart
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.snapshot import AlarmView, Floats, ObservationColumns, QuantileView

REWARD_TICKS = ((0, "0"), (0.25, "0.25"), (0.5, "0.5"), (0.75, "0.75"), (1.0, "1"))
APART = 0.035
MOVING = 50
"""Observations of a moving mean."""
HOUR_S = 3600.0


def moving_mean(values: Floats, width: int = MOVING) -> Floats:
    """Return the mean of the last `width` values that are known, shape (n,); NaN before any."""
    known = np.isfinite(values)
    sums = np.cumsum(np.where(known, values, 0.0))
    counts = np.cumsum(known).astype(np.float64)
    sums[width:] -= sums[:-width].copy()
    counts[width:] -= counts[:-width].copy()
    means: Floats = np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0)
    return means


@dataclass(frozen=True)
class ProgressDrawing:
    """Every observation, within the limits or not, with the best so far and the usual."""

    names: tuple[str, ...]
    columns: ObservationColumns

    legend = (
        ("Best so far", "ok"),
        ("Mean of 50", "accent"),
        ("Within limits", "mute"),
        ("Beyond limits", "bad"),
    )

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Number of the observation, and reward."""
        count = len(self.columns.at_s)
        first = self.columns.total - count + 1
        x = linear_axis(first, max(first + 1, self.columns.total), "Observation", count=6)
        return x, Axis(-0.06, 1.06, REWARD_TICKS, "Reward")

    @cached_property
    def numbers(self) -> Floats:
        """The number of each observation, the first being 1."""
        count = len(self.columns.at_s)
        return np.arange(self.columns.total - count + 1, self.columns.total + 1, dtype=np.float64)

    @property
    def words(self) -> str:
        """How many there are, and the best."""
        best = self.columns.best_so_far
        if len(best) == 0:
            return ""
        beyond = int((~self.columns.feasible).sum())
        told = f"best {best[-1]:.2f}, " if np.isfinite(best[-1]) else ""
        told += f"lately {self.usual[-1]:.2f}, " if np.isfinite(self.usual[-1]) else ""
        return f"{self.columns.total:,} observations, {told}{beyond:,} beyond the limits"

    @cached_property
    def usual(self) -> Floats:
        """The mean of the last rewards at each observation."""
        return moving_mean(self.columns.reward)

    @property
    def parts(self) -> tuple[Callable[[Canvas], None], ...]:
        """Marks first, lines over them."""
        return self._draw_marks, self._draw_lines

    def draw(self, canvas: Canvas) -> None:
        """Draw all parts."""
        for draw in self.parts:
            draw(canvas)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return one observation."""
        columns = self.columns
        if len(columns.at_s) == 0:
            return None
        index = min(max(round(x - self.numbers[0]), 0), len(columns.at_s) - 1)
        arm = int(columns.arm[index])
        name = self.names[arm] if 0 <= arm < len(self.names) else "Own values"
        limits = "within limits" if columns.feasible[index] else "beyond limits"
        rows = [
            (name, arm_token(arm), limits),
            ("Reward", "text", _number(columns.reward[index])),
            ("Took", "text", _latency(columns.latency_ms[index])),
            ("Best so far", "ok", _number(columns.best_so_far[index])),
        ]
        title = f"{self.numbers[index]:,.0f} \N{MIDDLE DOT} {moment_text(columns.at_s[index])}"
        return ReadOut(float(self.numbers[index]), title, tuple(rows))

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return every observation."""
        return observation_table(self.names, self.columns)

    def _draw_marks(self, canvas: Canvas) -> None:
        inside = self.columns.feasible
        marks = apart(self.columns.reward, APART)
        canvas.dots(self.numbers[inside], marks[inside], "mute", size_px=2.5, alpha=110)

    def _draw_lines(self, canvas: Canvas) -> None:
        columns, x = self.columns, self.numbers
        beyond = ~columns.feasible
        canvas.crosses(x[beyond], apart(columns.reward, APART)[beyond], "bad")
        canvas.line(x, self.usual, "accent", width_px=1.5)
        canvas.line(x, columns.best_so_far, "ok", width_px=2)


def observation_table(
    names: Sequence[str], columns: ObservationColumns
) -> tuple[Cells, Sequence[Cells]]:
    """Return titles and rows of every observation that is drawn."""
    titles = ["at_s", "choice", "reward", "latency_ms", "cost_usd", "within_limits", "best_so_far"]
    chosen = [names[arm] if 0 <= arm < len(names) else "" for arm in columns.arm.tolist()]
    lists = [
        columns.at_s.tolist(),
        chosen,
        columns.reward.tolist(),
        columns.latency_ms.tolist(),
        columns.cost_usd.tolist(),
        columns.feasible.astype(int).tolist(),
        columns.best_so_far.tolist(),
        *(each.tolist() for each in columns.values.values()),
    ]
    return [*titles, *columns.values], list(zip(*lists, strict=True))


@dataclass(frozen=True)
class CourseDrawing:
    """One measure hour by hour, with the alarms that were raised about it."""

    measure: str
    """"reward", "latency" or "cost"."""
    quantiles: QuantileView
    alarms: tuple[AlarmView, ...] = ()

    @cached_property
    def lines(self) -> tuple[tuple[str, str, Floats], ...]:
        """Name, colour and values of each line."""
        found = self.quantiles
        return {
            "reward": (("Mean reward", "accent", found.reward),),
            "latency": (
                ("Typical", "warn", found.latency_p50_ms),
                ("Slowest 5 %", "violet", found.latency_p95_ms),
            ),
            "cost": (("Mean cost", "ok", 1000 * found.cost_usd),),
        }[self.measure]

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The lines, and alarms where there are any."""
        lines = tuple((name, token) for name, token, _ in self.lines)
        return (*lines, ("Alarm", "bad")) if self.alarms else lines

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Time, and the measure from 0 on; rewards only where they are."""
        at_s = self.quantiles.at_s
        x = clock_axis(float(at_s[0]), float(at_s[-1]) + HOUR_S) if len(at_s) else clock_axis(0, 1)
        seen = np.concatenate([values for _, _, values in self.lines])
        seen = seen[np.isfinite(seen)]
        title = {"reward": "Reward", "latency": "ms", "cost": "USD for 1,000 answers"}
        if self.measure == "reward" and seen.size:
            low, high = max(0.0, float(seen.min()) - 0.02), min(1.0, float(seen.max()) + 0.02)
            return x, rounded_axis(low, high, title["reward"])
        top = float(seen.max()) if seen.size else 1.0
        return x, rounded_axis(0.0, top or 1.0, title[self.measure])

    @property
    def words(self) -> str:
        """The last values and the last alarm."""
        told = [
            f"{name} {values[np.isfinite(values)][-1]:.3g}"
            for name, _, values in self.lines
            if np.isfinite(values).any()
        ]
        told += [alarm.words for alarm in self.alarms[:1]]
        return "; ".join(told)

    def draw(self, canvas: Canvas) -> None:
        """Draw alarms behind the lines."""
        for alarm in self.alarms:
            if canvas.x.low <= alarm.at_s <= canvas.x.high:
                canvas.upright(alarm.at_s, "bad")
        middle = self.quantiles.at_s + HOUR_S / 2
        for _, token, values in self.lines:
            canvas.line(middle, values, token, width_px=1.5)
        for alarm in self.alarms:
            if canvas.x.low <= alarm.at_s <= canvas.x.high:
                self._name(canvas, alarm)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the hour at `x`, and an alarm in it."""
        at_s = self.quantiles.at_s
        if len(at_s) == 0:
            return None
        index = int(np.abs(at_s + HOUR_S / 2 - x).argmin())
        rows = [(name, token, self._value(values[index])) for name, token, values in self.lines]
        rows.append(("Answers", "dim", f"{self.quantiles.count[index]:,.0f}"))
        begin = float(at_s[index])
        rows += [
            ("", "bad", alarm.words) for alarm in self.alarms if 0 <= alarm.at_s - begin < HOUR_S
        ]
        return ReadOut(begin + HOUR_S / 2, moment_text(begin), tuple(rows))

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return the hours."""
        found = self.quantiles
        columns = (found.at_s, found.count, found.reward, found.latency_p50_ms,
                   found.latency_p95_ms, found.cost_usd)  # fmt: skip
        titles = ["at_s", "answers", "reward", "latency_p50_ms", "latency_p95_ms", "cost_usd"]
        return titles, np.column_stack(columns).tolist()

    def _name(self, canvas: Canvas, alarm: AlarmView) -> None:
        rose = alarm.after > alarm.before
        words = f"{alarm.arm or 'All'} {'rose' if rose else 'fell'}"
        width = canvas.text_width(words)
        at = canvas.across(alarm.at_s)
        fits = at + 6 + width < canvas.area.right()
        left = at + 6 if fits else at - 6 - width
        canvas.label(left, canvas.area.top(), words, "bad")

    def _value(self, value: float) -> str:
        if not np.isfinite(value):
            return "\N{EM DASH}"
        if self.measure == "latency":
            return latency_words(value)
        return f"{value:.2f}" if self.measure == "reward" else f"${value:.3g}"


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "not rated"


def _latency(value: float) -> str:
    return latency_words(float(value)) if np.isfinite(value) else "\N{EM DASH}"
