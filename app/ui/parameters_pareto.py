"""The picture of what is given up for what: reward, latency and cost against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen

from app.ui.parameters_progress import APART, REWARD_TICKS, observation_table
from app.ui.parameters_values import arm_token
from app.ui.quantity_texts import latency_words, usd_text
from app.ui.widgets.plot_axes import Axis, log_axis
from app.ui.widgets.plot_canvas import LABEL_PX, Canvas, apart
from app.ui.widgets.plot_drawing import Cells, ReadOut
from engine.analytics.snapshot import ArmView, Floats, StudyView

PAIRS = (("latency", "reward"), ("cost", "reward"), ("latency", "cost"))
"""What goes from left to right, and what from bottom to top."""
TITLES = {"reward": "Mean reward", "latency": "Typical latency, ms", "cost": "Cost, USD"}
ARM_PX = 6.0
ARMS_A_PART = 2
"""Of the picture, so that no part takes longer than a frame should."""


def measures_of(arm: ArmView) -> dict[str, float | None]:
    """Return what is known of an arm by measure."""
    mean = None if arm.reward is None else arm.reward.mean
    return {"reward": mean, "latency": arm.latency_ms, "cost": arm.cost_usd}


def pareto(points: Floats, is_larger_better: tuple[bool, bool]) -> list[int]:
    """Return the rows of `points`, shape (n, 2), that none betters in both, by the first column."""
    signs = np.where(is_larger_better, 1.0, -1.0)
    gains = points * signs
    kept = [
        row
        for row in range(len(gains))
        if not ((gains >= gains[row]).all(axis=1) & (gains > gains[row]).any(axis=1)).any()
    ]
    return sorted(kept, key=lambda row: float(points[row, 0]))


@dataclass(frozen=True, slots=True)
class Spot:
    """An arm with both measures."""

    number: int
    arm: ArmView
    values: tuple[float, float]


@dataclass(frozen=True, eq=False)
class ParetoDrawing:
    """Arms as large marks before a cloud of answers; a line joins those that none betters."""

    study: StudyView
    pair: tuple[str, str] = PAIRS[0]

    @cached_property
    def points(self) -> tuple[Spot, ...]:
        """Every arm of which both measures are known."""
        found = []
        for number, arm in enumerate(self.study.arms):
            x, y = (measures_of(arm)[name] for name in self.pair)
            if x is not None and y is not None and min(x, y) > 0:
                found.append(Spot(number, arm, (x, y)))
        return tuple(found)

    @cached_property
    def front(self) -> tuple[int, ...]:
        """Places in `points` of arms that none betters in both measures; allowed ones only."""
        allowed = [at for at, spot in enumerate(self.points) if spot.arm.is_allowed]
        places = np.array([self.points[at].values for at in allowed]).reshape(-1, 2)
        better = (self.pair[0] == "reward", self.pair[1] == "reward")
        return tuple(allowed[row] for row in pareto(places, better))

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The line; arms are named where they stand."""
        return (("None is better in both", "ok"),) if len(self.front) > 1 else ()

    @cached_property
    def cloud(self) -> tuple[Floats, Floats, Floats]:
        """Both measures and the arm of every answer, in places of the axes."""
        columns = self.study.columns
        values = {
            "reward": apart(columns.reward, APART),
            "latency": columns.latency_ms,
            "cost": columns.cost_usd,
        }
        x, y = (self._place(name, values[name]) for name in self.pair)
        return x, y, columns.arm.astype(np.float64)

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Logarithmic for latency and cost."""
        first, second = (self._axis(index) for index in (0, 1))
        return first, second

    @property
    def words(self) -> str:
        """The arms of the front."""
        names = [self.points[at].arm.name for at in self.front]
        return f"Not bettered by any other: {', '.join(names)}" if names else ""

    @cached_property
    def parts(self) -> tuple[Callable[[Canvas], None], ...]:
        """The cloud, then the line and the arms with their names."""
        numbers = range(-1, len(self.study.arms))
        groups = [numbers[at : at + ARMS_A_PART] for at in range(0, len(numbers), ARMS_A_PART)]
        return (*(partial(self._cloud_of, group) for group in groups), self._draw_arms)

    def draw(self, canvas: Canvas) -> None:
        """Draw all parts."""
        for draw in self.parts:
            draw(canvas)

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the arm that is nearest."""
        if not self.points:
            return None
        spots = self._spots()
        across, up = self.axes
        far = np.abs(spots[:, 0] - x) / (across.high - across.low)
        if y is not None:
            far = np.hypot(far, (spots[:, 1] - y) / (up.high - up.low))
        at = int(far.argmin())
        arm, token = self.points[at].arm, arm_token(self.points[at].number)
        rows = [
            (name, token, text)
            for name, text in (
                ("Reward", "" if arm.reward is None else f"{arm.reward.mean:.2f}"),
                ("Typical latency", latency_words(arm.latency_ms)),
                ("Slowest 5 %", latency_words(arm.latency_p95_ms)),
                ("Cost", "" if arm.cost_usd is None else usd_text(arm.cost_usd)),
                ("Left out:", "" if arm.is_allowed else arm.reason),
            )
            if text
        ]
        return ReadOut(float(spots[at, 0]), arm.name, tuple(rows), float(spots[at, 1]))

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return every answer."""
        return observation_table([arm.name for arm in self.study.arms], self.study.columns)

    def _cloud_of(self, numbers: Sequence[int], canvas: Canvas) -> None:
        """Draw a mark for each answer of some arms; -1 is of none."""
        canvas.painter.setClipRect(canvas.area)
        x, y, arm = self.cloud
        for number in numbers:
            of_arm = arm == number
            canvas.dots(x[of_arm], y[of_arm], arm_token(number), size_px=2.5, alpha=110)

    def _draw_arms(self, canvas: Canvas) -> None:
        spots = self._spots()
        if len(self.front) > 1:
            line = spots[list(self.front)]
            canvas.line(line[:, 0], line[:, 1], "ok", width_px=1.5, is_dashed=True)
        marks = [QPointF(canvas.across(x), canvas.down(y)) for x, y in spots.tolist()]
        taken = [QRectF(at.x() - ARM_PX, at.y() - ARM_PX, 2 * ARM_PX, 2 * ARM_PX) for at in marks]
        for spot, at in zip(self.points, marks, strict=True):
            self._mark(canvas, spot, at, taken)

    def _spots(self) -> Floats:
        places = [
            self._place(name, np.array([spot.values[index] for spot in self.points]))
            for index, name in enumerate(self.pair)
        ]
        return np.column_stack(places)

    def _axis(self, index: int) -> Axis:
        name, title = self.pair[index], TITLES[self.pair[index]]
        own = [spot.values[index] for spot in self.points]
        if name == "reward":
            return Axis(-2 * APART, 1 + 2 * APART, REWARD_TICKS, title)
        seen = self.cloud[index]
        seen = seen[np.isfinite(seen)]
        # Few answers are far from all others: without them the rest has room.
        low, high = np.quantile(seen, (0.005, 0.995)) if seen.size else (0.0, 1.0)
        ends = [10**low, 10**high, *own]
        return log_axis(0.9 * min(ends), 1.1 * max(ends), title)

    def _place(self, name: str, values: Floats) -> Floats:
        if name == "reward":
            return values
        return np.log10(values, out=np.full(len(values), np.nan), where=values > 0)

    def _mark(self, canvas: Canvas, spot: Spot, at: QPointF, taken: list[QRectF]) -> None:
        """Draw an arm, and its name where no other stands."""
        canvas.painter.setPen(QPen(canvas.colour("card"), 1.5))
        canvas.painter.setBrush(canvas.colour(arm_token(spot.number)))
        canvas.painter.drawEllipse(at, ARM_PX, ARM_PX)
        canvas.painter.setBrush(Qt.BrushStyle.NoBrush)
        text = spot.arm.name if spot.arm.is_allowed else f"{spot.arm.name} (left out)"
        width = canvas.text_width(text) + 4
        middle = at.y() - LABEL_PX / 2
        places = [
            QRectF(at.x() + ARM_PX + 3, middle, width, LABEL_PX),
            QRectF(at.x() - ARM_PX - 3 - width, middle, width, LABEL_PX),
            QRectF(at.x() - width / 2, middle - LABEL_PX, width, LABEL_PX),
            QRectF(at.x() - width / 2, middle + LABEL_PX, width, LABEL_PX),
        ]
        free = (
            box
            for box in places
            if canvas.area.contains(box) and not any(box.intersects(each) for each in taken)
        )
        box = next(free, places[0])
        canvas.painter.fillRect(box, canvas.colour("card", 180))
        taken.append(canvas.label(box.left() + 2, box.top(), text, "text"))
