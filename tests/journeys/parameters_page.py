"""The Parameters page as a person sees it: by the colours of its buttons, strips and rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from app.ui.widgets.table_delegate import ROW_PX
from tests.journeys.desktop import Desktop, Picture, find, surfaces, tint
from tests.journeys.window import Window
from tests.live.listening import ROOT

T = TypeVar("T")
Place = tuple[int, int]

PARAMETERS = "ctrl+8"
SHOWN_S = 120.0
MISSED = ROOT / "tests" / ".output" / "parameters-missed.png"
"""What the screen showed where something was waited for in vain."""
PAGE_PX = 290
"""The page begins left of this, and the rail ends."""
HEAD_PX = 64
"""The title and the buttons beside it, from the window's top."""
CHIP_ALPHA, ROUNDING = 30, 2
CHIP_PX, BUTTON_PX, TAKEN_PX = (6, 40), (6, 14), (8, 20)
"""Of a sign beside the title, of a button beside its text, of a choice beside its text."""
STRIP_PX, LINE_PX, MARK_PX = (4, 300), (1, 200), (6, 200)
"""Of a strip that tells something, of a line between rows, of a row that is marked."""
FRAME_PX = (1, 40)
TEXT_ROWS_PX = 80
"""Below the table of choices: what is told of the one that is chosen."""
DOWN = 40
"""Turns of the wheel from the top of the page to its end."""


class ParametersPage:
    """What is done and seen on the Parameters page of `window`, while it shows."""

    def __init__(self, window: Window, desktop: Desktop) -> None:
        self._window = window
        self._desktop = desktop

    def choose_automatic(self) -> None:
        """Choose the last of the three things that may be done with requests; "off" is taken."""
        before, row = self._wait_for(self._taken, "a choice that is taken")
        columns, rows = self._surfaces("raised", BUTTON_PX)
        last = columns[np.abs(rows - row) < BUTTON_PX[1]].max()
        self._desktop.click((int(last), row))
        self._wait_for(
            lambda: (now := self._taken()) is not None and now[0] > before, "another choice"
        )

    def wait_for_choices(self, count: int) -> list[int]:
        """Return where the rows of the table of choices are, from the top, once it has `count`."""
        return self._wait_for(
            lambda: rows if len(rows := self._rows()) == count else None, f"{count} choices"
        )

    def ask_what_if(self, row: int) -> None:
        """Click on a row of the table of choices; return once something else is told below it."""
        last = self._rows()[-1] + ROW_PX
        before = self._told(last)
        self._desktop.click((self._middle(), row))
        self._wait_for(
            lambda: find(self._page(), self._window.colour("selection"), block=MARK_PX),
            "a row that is marked",
        )
        self._wait_for(lambda: not np.array_equal(before, self._told(last)), "what would have been")

    def wait_for_sign(self, token: str) -> None:
        """Return once the sign beside the title has the colour of `token`."""
        colour = tint(self._window.colour(token), self._window.colour("background"), CHIP_ALPHA)
        self._wait_for(
            lambda: find(self._page()[: self._top() + HEAD_PX], colour, within=ROUNDING),
            f"the sign of {token}",
        )

    def pause(self) -> None:
        """Press the first button beside the title."""
        self._desktop.click(self._wait_for(self._first_button, "a button to pause"))

    def forget(self) -> None:
        """Forget what was learnt, on the part of the page for that, and agree to the question."""
        self._desktop.turn_wheel(self._on_the_left(), DOWN)
        self._desktop.click(self._wait_for(self._danger, "a button to forget"))
        self._wait_for(lambda: self._strip() is not None, "a question")
        # The button that forgets nothing has the keyboard; the other one stands before it.
        for keys in ("shift+Tab", "space"):
            self._desktop.press(keys)

    def undo(self) -> None:
        """Press the button of the strip that tells what was forgotten."""
        self._desktop.click(self._wait_for(self._undo, "a strip with a button"))

    def copy_row(self, row: int) -> None:
        """Copy a row of the table of choices."""
        self._desktop.click((self._middle(), row))
        self._desktop.press("ctrl+c")

    # --- inside ---

    def _taken(self) -> Place | None:
        """Return the place of the choice that is taken."""
        return find_on(self._surfaces("selection", TAKEN_PX))

    def _rows(self) -> list[int]:
        """Return the middles of the rows of the uppermost table on the right."""
        columns, lines = self._surfaces("line", LINE_PX)
        seen = np.unique(lines[columns > self._middle()]).tolist()
        for first in seen:
            rows = [first + ROW_PX // 2]
            while rows[-1] + ROW_PX // 2 in seen:
                rows.append(rows[-1] + ROW_PX)
            if len(rows) > 1:
                return rows[:-1]
        return []

    def _told(self, top: int) -> Picture:
        """Return what is written below the table, which ends at `top`."""
        return self._desktop.picture()[top : top + TEXT_ROWS_PX, self._middle() :]

    def _first_button(self) -> Place | None:
        columns, rows = self._surfaces("raised", BUTTON_PX)
        # The study that shows is chosen in a field of that colour, on the left.
        is_head = (rows < self._top() + HEAD_PX) & (columns > self._across(0.7))
        if not is_head.any():
            return None
        is_first = is_head & (columns < columns[is_head].min() + 20)
        return int(np.median(columns[is_first])), int(np.median(rows[is_first]))

    def _danger(self) -> Place | None:
        return find_on(self._surfaces("bad", FRAME_PX))

    def _strip(self) -> int | None:
        """Return the row of the uppermost strip that tells something."""
        _, rows = self._surfaces("selection", STRIP_PX)
        return int(rows.min()) + STRIP_PX[0] if len(rows) else None

    def _undo(self) -> Place | None:
        strip = self._strip()
        if strip is None or strip > self._top() + 2 * HEAD_PX:
            return None
        columns, rows = self._surfaces("raised", BUTTON_PX)
        is_beside = (rows >= strip) & (rows < strip + HEAD_PX // 2)
        if not is_beside.any():
            return None
        return int(np.median(columns[is_beside])), int(np.median(rows[is_beside]))

    def _top(self) -> int:
        """Return the row at which the window begins."""
        rows = np.nonzero((self._page() != 0).any(axis=(1, 2)))[0]
        return int(rows[0]) if len(rows) else 0

    def _middle(self) -> int:
        """Return the column in the middle of the page."""
        return self._across(0.5)

    def _across(self, part: float) -> int:
        """Return the column at which so much of the page is on the left."""
        columns = np.nonzero((self._page() != 0).any(axis=(0, 2)))[0]
        return PAGE_PX + int(part * columns[-1]) if len(columns) else PAGE_PX

    def _on_the_left(self) -> Place:
        """Return a place at which no field is that the wheel would turn."""
        return PAGE_PX + 80, self._top() + 6 * HEAD_PX

    def _page(self) -> Picture:
        return self._desktop.picture()[:, PAGE_PX:]

    def _surfaces(self, token: str, block: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the middles of surfaces on the page, in pixels of the screen."""
        columns, rows = surfaces(self._page(), self._window.colour(token), block=block)
        return columns + PAGE_PX, rows

    def _wait_for(self, look: Callable[[], T | None], what: str) -> T:
        try:
            found = self._window.program.wait_for(look, what, within_s=SHOWN_S)
        except AssertionError:
            self._desktop.save_picture(MISSED)
            raise
        assert found is not None
        return found


def find_on(found: tuple[np.ndarray, np.ndarray]) -> Place | None:
    """Return the middle of surfaces; None where there are none."""
    columns, rows = found
    return (int(np.median(columns)), int(np.median(rows))) if len(rows) else None
