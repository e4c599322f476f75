"""The picture of what suggestions lost or gained against leaving every request as it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.ui.widgets.plot_axes import Axis, linear_axis, moment_text, rounded_axis
from app.ui.widgets.plot_canvas import Canvas
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.regret_view import RegretView

REGRET, BASELINE = "accent", "dim"
BAND_ALPHA = 52
MINUS = "\N{MINUS SIGN}"


def signed(value: float) -> str:
    """Return a number of rewards with its sign."""
    text = f"{abs(value):,.0f}" if abs(value) >= 100 else f"{abs(value):.1f}"
    return f"{MINUS}{text}" if value < 0 else text


def regret_words(found: RegretView) -> str:
    """Return where the regret has come to, in a sentence; "" where nothing can be said."""
    if not len(found.regret):
        return ""
    last, low, high = (float(each[-1]) for each in (found.regret, found.low, found.high))
    what = "gained" if last < 0 else "lost"
    ends = sorted((-low, -high) if last < 0 else (low, high))
    told = f"{signed(ends[0])} to {signed(ends[1])} with 90 % probability"
    sure = "" if found.is_clear else "; too close to tell"
    return (
        f"{signed(abs(last))} rewards {what} ({told}) against {found.baseline} "
        f"after {found.choices:,} choices{sure}"
    )


def regret_refusal(found: RegretView | None) -> tuple[str, str]:
    """Return what stands where no regret is drawn: what is so, and why."""
    if found is None:
        return "Working out the regret\N{HORIZONTAL ELLIPSIS}", ""
    if not found.choices:
        return (
            "No regret can be told",
            "It takes rewarded choices whose probability was noted. The search's have none, nor "
            "have requests that were left as they came because choices are only suggested.",
        )
    return (
        "Too little is known of the baseline",
        f"How requests do as they came: {found.refusal}.",
    )


@dataclass(frozen=True, eq=False)
class RegretDrawing:
    """The cumulative regret with its interval about the baseline, which is 0."""

    view: RegretView

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The line with its band, and what it is measured against."""
        return ("Cumulative regret, 90 %", REGRET), (f"Baseline: {self.view.baseline}", BASELINE)

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Choices whose probability is known, and rewards."""
        found = self.view
        x = linear_axis(0.0, float(found.choices), "Rewarded choices", count=6)
        # The first choices tell least, and would leave no room for the rest.
        late = slice(len(found.regret) // 20, None)
        low = min(0.0, float(found.low[late].min()))
        high = max(0.0, float(found.high[late].max()))
        return x, rounded_axis(low, high, "Rewards; below 0: gained")

    @property
    def words(self) -> str:
        """Where it has come to."""
        return regret_words(self.view)

    def draw(self, canvas: Canvas) -> None:
        """Draw the band, the baseline and the line."""
        found = self.view
        canvas.painter.setClipRect(canvas.area)
        canvas.fill(found.numbers, found.low, found.high, REGRET, BAND_ALPHA)
        ends = np.array([canvas.x.low, canvas.x.high])
        canvas.line(ends, np.zeros(2), BASELINE, width_px=1, is_dashed=True)
        canvas.line(found.numbers, found.regret, REGRET, width_px=1.5)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the regret after so many choices."""
        found = self.view
        if not len(found.regret):
            return None
        at = int(np.abs(found.numbers - x).argmin())
        low, high = float(found.low[at]), float(found.high[at])
        regret = float(found.regret[at])
        told = "gained" if regret < 0 else "lost"
        rows = (
            ("Regret", REGRET, f"{signed(regret)} ({told})"),
            ("90 %:", BASELINE, f"{signed(low)} to {signed(high)}"),
        )
        title = f"{found.numbers[at]:,.0f} \N{MIDDLE DOT} {moment_text(float(found.at_s[at]))}"
        return ReadOut(float(found.numbers[at]), title, rows)

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return the course."""
        found = self.view
        columns = (found.numbers, found.at_s, found.regret, found.low, found.high)
        titles = ["choices", "at_s", "cumulative_regret", "low_90", "high_90"]
        return titles, np.column_stack(columns).tolist()
