"""The picture of how much each parameter matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import QRectF

from app.ui.parameters_texts import part_text
from app.ui.widgets.plot_axes import Axis
from app.ui.widgets.plot_canvas import Canvas
from app.ui.widgets.plot_drawing import Cells, ReadOut

TICKS = ((0.0, "0"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %"))
MOST_BAR_PX = 26
BAR_PART = 0.55
BAR_ALPHA = 190


@dataclass(frozen=True)
class ImportanceDrawing:
    """A bar for each parameter, the most important at the top."""

    shares: Mapping[str, float]

    legend: tuple[tuple[str, str], ...] = ()

    @cached_property
    def rows(self) -> tuple[tuple[str, float], ...]:
        """Name and share of each, the least important first: it stands at the bottom."""
        return tuple(sorted(self.shares.items(), key=lambda each: each[1]))

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Shares, and the parameters."""
        names = tuple((row + 0.5, name) for row, (name, _) in enumerate(self.rows))
        return Axis(0.0, 1.0, TICKS, "Share of what moves the reward"), Axis(
            0.0, float(len(self.rows)), names
        )

    @property
    def words(self) -> str:
        """Each share, the largest first."""
        return ", ".join(f"{name} {part_text(share)}" for name, share in reversed(self.rows))

    def draw(self, canvas: Canvas) -> None:
        """Draw the bars with their shares."""
        height = min(MOST_BAR_PX, BAR_PART * canvas.area.height() / max(1, len(self.rows)))
        for row, (_, share) in enumerate(self.rows):
            middle, right = canvas.down(row + 0.5), canvas.across(share)
            box = QRectF(canvas.area.left(), middle - height / 2, 0, height)
            box.setRight(max(right, box.left() + 2))
            canvas.painter.fillRect(box, canvas.colour("accent", BAR_ALPHA))
            text = part_text(share)
            fits = right + 6 + canvas.text_width(text) < canvas.area.right()
            left = right + 6 if fits else right - 6 - canvas.text_width(text)
            canvas.label(left, middle - 8, text, "text")

    def read(self, x: float, y: float | None) -> ReadOut | None:
        """Return the bar at the height `y`; all of them for the keyboard."""
        if y is None:
            told = tuple((name, "accent", part_text(share)) for name, share in reversed(self.rows))
            return ReadOut(x, "Importance", told)
        name, share = self.rows[min(int(y), len(self.rows) - 1)]
        return ReadOut(share, name, (("Importance", "accent", part_text(share)),))

    def table(self) -> tuple[Cells, Sequence[Cells]]:
        """Return each share, the largest first."""
        return ["parameter", "importance"], list(reversed(self.rows))
