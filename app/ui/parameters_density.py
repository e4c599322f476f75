"""The picture of what is believed of every arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPen

from app.ui.parameters_values import arm_token
from app.ui.widgets.plot_axes import Axis, linear_axis
from app.ui.widgets.plot_canvas import LABEL_PX, Canvas
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.snapshot import DENSITY_POINTS, ArmView, Floats

GRID: Floats = np.linspace(0.0, 1.0, DENSITY_POINTS)
FINE: Floats = np.linspace(0.0, 1.0, 8 * (DENSITY_POINTS - 1) + 1)
LOWEST = 1e-9
FLAT = 10.0
"""A bell that is no higher is wide: its deviation is four cells of GRID or more."""
SEEN = 0.004
"""Part of the highest density below which nothing would be seen."""
LEAST_WIDTH = 0.2
FILL_ALPHA = 46
STRIP = 0.085
"""Height of an arm's interval, of the highest density."""


def smooth(density: Floats) -> Floats:
    """Return `density` on FINE, through the same points but without corners.

    Cubic between four neighbours (Catmull and Rom, 1974) of its logarithm, so that it stays above
    0 and a bell stays a bell.
    """
    if density.max() < FLAT:
        # What noise there is would be seen on a wide bell.
        density = np.convolve(np.pad(density, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    log = np.log(np.maximum(density, LOWEST))
    place = FINE * (DENSITY_POINTS - 1)
    left = np.minimum(place.astype(np.int64), DENSITY_POINTS - 2)
    t = place - left
    padded = np.concatenate((log[:1], log, log[-1:]))
    a, b, c, d = (padded[left + offset] for offset in range(4))
    bend = t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    curve: Floats = np.exp(b + 0.5 * bend)
    return curve


@dataclass(frozen=True)
class DensityDrawing:
    """Posterior densities of mean rewards, with each mean and its interval below."""

    arms: tuple[ArmView, ...]

    legend: tuple[tuple[str, str], ...] = ()

    @cached_property
    def known(self) -> tuple[tuple[str, ArmView, Floats], ...]:
        """The arms of which something is known: colour, arm, density."""
        return tuple(
            (arm_token(number), arm, arm.density)
            for number, arm in enumerate(self.arms)
            if arm.density is not None
        )

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Reward, and density without a scale: the area tells."""
        top = max((float(density.max()) for _, _, density in self.known), default=1.0)
        seen = [GRID[density > SEEN * top] for _, _, density in self.known]
        low = min((float(each.min()) for each in seen if each.size), default=0.0)
        high = max((float(each.max()) for each in seen if each.size), default=1.0)
        if high - low < LEAST_WIDTH:
            middle = (low + high) / 2
            low, high = middle - LEAST_WIDTH / 2, middle + LEAST_WIDTH / 2
        low, high = max(0.0, low - 0.02), min(1.0, high + 0.02)
        bottom = -top * STRIP * (len(self.known) + 0.5)
        return linear_axis(low, high, "Mean reward", count=6), Axis(bottom, 1.16 * top)

    @property
    def words(self) -> str:
        """What each arm earns."""
        told = [
            f"{arm.name} {arm.reward.mean:.2f} ({arm.reward.low:.2f} to {arm.reward.high:.2f})"
            for _, arm, _ in self.known
            if arm.reward is not None
        ]
        return f"Mean reward with 90 % probability: {', '.join(told)}" if told else ""

    def draw(self, canvas: Canvas) -> None:
        """Draw curves, names at their peaks, means and intervals."""
        canvas.painter.save()
        canvas.painter.setClipRect(canvas.area)
        canvas.painter.setPen(QPen(canvas.colour("line"), 1))
        base = canvas.down(0.0)
        canvas.painter.drawLine(
            QPointF(canvas.area.left(), base), QPointF(canvas.area.right(), base)
        )
        for token, arm, density in self.known:
            curve = smooth(density)
            curve[curve < SEEN * canvas.y.high] = np.nan
            if arm.is_allowed:
                seen = np.isfinite(curve)
                level = np.zeros(int(seen.sum()))
                canvas.fill(FINE[seen], level, curve[seen], token, FILL_ALPHA)
            canvas.line(FINE, curve, token, is_dashed=not arm.is_allowed)
        canvas.painter.restore()
        for number, (token, arm, _) in enumerate(self.known):
            self._interval(canvas, number, token, arm)
        self._names(canvas)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the probability that each mean lies above `x`."""
        rows = []
        for token, arm, density in self.known:
            area = np.concatenate(([0.0], np.cumsum((density[1:] + density[:-1]) / 2)))
            above = 1 - float(np.interp(x, GRID, area / area[-1]))
            rows.append((arm.name, token, f"{above:.0%}".replace("%", " %")))
        return ReadOut(x, f"Earns more than {x:.2f}", tuple(rows)) if rows else None

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return the densities, a column an arm."""
        titles = ["mean_reward", *(arm.name for _, arm, _ in self.known)]
        columns = [GRID, *(density for _, _, density in self.known)]
        return titles, np.column_stack(columns).tolist()

    def _interval(self, canvas: Canvas, number: int, token: str, arm: ArmView) -> None:
        if arm.reward is None:
            return
        y = canvas.down(canvas.y.low * (number + 0.75) / (len(self.known) + 0.5))
        left, right = canvas.across(arm.reward.low), canvas.across(arm.reward.high)
        left, right = max(left, canvas.area.left()), min(right, canvas.area.right())
        canvas.painter.setPen(QPen(canvas.colour(token, 150), 3))
        canvas.painter.drawLine(QPointF(left, y), QPointF(right, y))
        canvas.painter.setPen(QPen(canvas.colour("card"), 1))
        canvas.painter.setBrush(canvas.colour(token))
        canvas.painter.drawEllipse(QPointF(canvas.across(arm.reward.mean), y), 4, 4)

    def _names(self, canvas: Canvas) -> None:
        """Write each name at its curve's peak, below those that stand there already."""
        taken: list[QRectF] = []
        ordered = sorted(self.known, key=lambda each: -float(each[2].max()))
        for token, arm, density in ordered:
            at = int(density.argmax())
            text = arm.name if arm.is_allowed else f"{arm.name} (left out)"
            left = canvas.across(float(GRID[at])) - canvas.text_width(text) / 2
            box = QRectF(left, canvas.down(float(density[at])) - LABEL_PX - 2, 1, LABEL_PX)
            box.setWidth(canvas.text_width(text) + 2)
            for other in taken:
                if box.intersects(other):
                    box.moveTop(other.bottom())
            patch = box.adjusted(-2, 1, 2, -1)
            canvas.painter.fillRect(patch, canvas.colour("card", 200))
            taken.append(canvas.label(box.left(), box.top(), text, token))
