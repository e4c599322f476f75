"""The GPU page as a person sees it: by the colours of its bars and buttons."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from PySide6.QtGui import QColor

from app.ui.widgets.memory_bar import HUES
from app.ui.widgets.table_delegate import ROW_PX
from tests.journeys.desktop import Desktop, Picture, find, surfaces, tint
from tests.journeys.window import RAIL_PX, Window
from tests.live.listening import ROOT

OVERVIEW_KEYS, GPU_KEYS = "ctrl+1", "ctrl+5"
SHOWN_S = 90.0
MISSED = ROOT / "tests" / ".output" / "gpu-missed.png"
"""What the screen showed where something was waited for in vain."""
ROUNDING = 2
CHIP_ALPHA, STRIP_ALPHA = 30, 24
"""How strongly signs and strips are filled with their colour."""
BAR_PX, STRETCH_PX = (12, 40), (12, 60)
"""Of a bar's stretch, what no text and no other thing of that colour has."""
BUTTON_PX = (6, 44)
LINE_PX, MARK_PX = (1, 400), (6, 200)
FIELD_LEFT_PX = 400
"""From the buttons of the planner's file well into the field for it."""
UNDERLINE_PX = (2, 24)
PAGE_PX = 290
"""The page begins left of this, and the rail ends."""
HEAD_PX = 64
"""The title and the buttons beside it, from the window's top."""
BETWEEN_TABS_PX = 40
"""From the end of a tab's underline well into the next one's name."""
QUESTION = "End process"


class GpuPage:
    """What is done and seen on the GPU page of `window`."""

    def __init__(self, window: Window, desktop: Desktop) -> None:
        self._window = window
        self._desktop = desktop

    def open(self) -> None:
        """Show the page."""
        self._desktop.focus(self._window.number)
        self._go(GPU_KEYS)

    def walk_away_and_back(self) -> None:
        """Open the overview and this page again; each must come."""
        for keys in (OVERVIEW_KEYS, GPU_KEYS):
            self._go(keys)

    # --- cards ---

    def wait_for_bars(self, count: int) -> list[tuple[int, int]]:
        """Return where other programs show in the memory of so many cards, row by row."""
        return self._wait_for(
            lambda: found if len(found := self._bars()) == count else None, f"{count} cards"
        )

    def open_card(self, place: tuple[int, int]) -> None:
        """Click on a card; return once it shows alone."""
        self._desktop.click(place)
        self.wait_for_bars(1)

    def close_card(self, count: int) -> None:
        """Go back to all cards; return once so many show."""
        self._desktop.press("Escape")
        self.wait_for_bars(count)

    def wait_for_holder(self, lease_id: str) -> None:
        """Return once a lease has its stretch in the memory of a card."""
        hue = HUES[zlib.crc32(lease_id.encode()) % len(HUES)]
        colour = QColor.fromHsl(hue, 165, 165).name()
        self._wait_for(lambda: self._find(colour, STRETCH_PX), "the stretch of a lease")

    # --- history ---

    def span_place(self) -> int:
        """Return where, from the left, the button of the history's span is that is chosen."""
        place: tuple[int, int] = self._wait_for(self._span, "a span that is chosen")
        return place[0]

    def choose_next_span(self) -> int:
        """Choose the next longer history, and return where its button is."""
        before = self.span_place()
        columns, rows = self._surfaces("selection", BUTTON_PX)
        end = int(columns.max()) + BUTTON_PX[1] // 2
        self._desktop.click((end + 8 + BUTTON_PX[1] // 2, int(np.median(rows))))
        self._wait_for(
            lambda: (place := self._span()) is not None and place[0] > before + BUTTON_PX[1] // 2,
            "the next span",
        )
        return self.span_place()

    # --- tabs and tables ---

    def show_next_tab(self) -> None:
        """Show the part to the right; return once it is underlined."""
        _, right, row = self._wait_for(self._underline, "a tab that shows")
        self._click_tab(right + BETWEEN_TABS_PX, row, is_right=True)

    def show_previous_tab(self) -> None:
        """Show the part to the left; return once it is underlined."""
        left, _, row = self._wait_for(self._underline, "a tab that shows")
        self._click_tab(left - BETWEEN_TABS_PX, row, is_right=False)

    def choose_first_row(self) -> None:
        """Click on the first row of the uppermost table that has one; return once it is marked."""
        self._desktop.click(self._wait_for(self._first_row, "a table with a row"))
        self._wait_for(
            lambda: self._find(self._window.colour("selection"), MARK_PX), "a marked row"
        )

    def press_button(self) -> None:
        """Click on the uppermost button of the part that can be pressed."""
        self._desktop.click(self._wait_for(self._button, "a button that can be pressed"))

    def cancel_question(self) -> None:
        """Leave the question whether a process is to be ended, by Esc."""
        self._answer("Escape")

    def agree_to_question(self) -> None:
        """Answer the same by its button, which is not the one that Enter presses."""
        self._answer("Tab", "space")

    def _answer(self, *keys: str) -> None:
        question = self._wait_for(lambda: self._desktop.window(QUESTION), "a question")
        self._desktop.focus(question)
        for key in keys:
            self._desktop.press(key)
        self._wait_for(lambda: not self._desktop.window(QUESTION), "the question's end")
        self._desktop.focus(self._window.number)

    # --- planner, export, what is missing ---

    def plan(self, path: Path) -> None:
        """Type the path of a model; return once it is told that it fits."""
        column, row = self._wait_for(self._button, "the buttons beside the planner's field")
        self._desktop.click((column - FIELD_LEFT_PX, row))
        self._desktop.write(f"{path}\n")
        colour = tint(self._window.colour("ok"), self._window.colour("background"), CHIP_ALPHA)
        self._wait_for(
            lambda: find(self._part(), colour, within=ROUNDING), "a model that fits on a card"
        )

    def export(self, path: Path, *, entry: int) -> None:
        """Save what the export menu has at `entry`, from 1, to `path`; return once it is there."""
        button = self._wait_for(self._export_button, "the export button")
        self._desktop.click(button)
        for _ in range(entry):
            self._desktop.press("Down")
        self._desktop.press("Return")
        dialog = self._wait_for(lambda: self._desktop.window("Export"), "a dialog")
        self._desktop.focus(dialog)
        self._desktop.press("ctrl+a")
        self._desktop.write(str(path))
        for keys in ("Tab", "Tab", "alt+s"):  # what completes the name takes one key for itself
            self._desktop.press(keys)
        self._wait_for(lambda: path.exists() and path.stat().st_size, f"the file {path.name}")
        self._wait_for(lambda: not self._desktop.window("Export"), "the dialog's end")
        self._desktop.focus(self._window.number)

    def wait_for_strip(self, token: str) -> None:
        """Return once a strip of the colour of `token` says what is missing."""
        colour = tint(self._window.colour(token), self._window.colour("background"), STRIP_ALPHA)
        self._wait_for(lambda: find(self._part(), colour, within=ROUNDING), f"a {token} strip")

    # --- inside ---

    def _go(self, keys: str) -> None:
        """Show the page of `keys`, which is another than that which shows.

        They are pressed again: a window that has just come may miss them, and twice does no harm.
        """
        before = self._wait_for(self._marked_row, "a page that is marked")

        def is_there() -> bool:
            if self._marked_row() in (None, before):
                self._desktop.press(keys)
                return False
            return True

        self._wait_for(is_there, f"another page after {keys}")

    def _click_tab(self, column: int, row: int, *, is_right: bool) -> None:
        before = self._wait_for(self._underline, "a tab that shows")[0]
        self._desktop.click((column, row - 14))
        self._wait_for(
            lambda: (
                (now := self._underline()) is not None
                and now[0] != before
                and (now[0] > before) is is_right
            ),
            "another part",
        )

    def _bars(self) -> list[tuple[int, int]]:
        columns, rows = self._surfaces("mute", BAR_PX)
        places: list[tuple[int, int]] = []
        for column, row in sorted(zip(columns.tolist(), rows.tolist(), strict=True)):
            if not any(
                abs(row - other[1]) < 40 and abs(column - other[0]) < 400 for other in places
            ):
                places.append((column, row))
        return sorted(places, key=lambda place: (place[1] // 40, place[0]))

    def _span(self) -> tuple[int, int] | None:
        columns, rows = self._surfaces("selection", BUTTON_PX)
        is_head = rows < self._top() + HEAD_PX
        if not is_head.any():
            return None
        return int(np.median(columns[is_head])), int(np.median(rows[is_head]))

    def _underline(self) -> tuple[int, int, int] | None:
        """Return the left and right end and the row of the line below the tab that shows."""
        columns, rows = self._surfaces("accent", UNDERLINE_PX)
        is_tab = (rows > self._top() + HEAD_PX) & (rows < self._top() + 2 * HEAD_PX)
        if not is_tab.any():
            return None
        half = UNDERLINE_PX[1] // 2
        found = columns[is_tab]
        return int(found.min()) - half, int(found.max()) + half, int(np.median(rows[is_tab]))

    def _first_row(self) -> tuple[int, int] | None:
        """Return a place in the first row: between two lines that are as far apart as rows are."""
        columns, rows = self._surfaces("line", LINE_PX)
        below = np.unique(rows)
        tops = [row for row in below.tolist() if row + ROW_PX in below]
        return (int(np.median(columns[rows == tops[0]])), tops[0] + ROW_PX // 2) if tops else None

    def _button(self) -> tuple[int, int] | None:
        columns, rows = self._surfaces("raised", BUTTON_PX)
        is_below = rows > self._top() + 2 * HEAD_PX - 20
        if not is_below.any():
            return None
        first = rows[is_below].min()
        is_first = is_below & (rows < first + 24)
        return int(np.median(columns[is_first])), int(np.median(rows[is_first]))

    def _export_button(self) -> tuple[int, int] | None:
        columns, rows = self._surfaces("raised", BUTTON_PX)
        is_head = rows < self._top() + HEAD_PX
        if not is_head.any():
            return None
        is_last = is_head & (columns > columns[is_head].max() - 30)
        return int(np.median(columns[is_last])), int(np.median(rows[is_last]))

    def _top(self) -> int:
        """Return the row at which the window begins."""
        rows = np.nonzero((self._desktop.picture()[:, PAGE_PX:] != 0).any(axis=(1, 2)))[0]
        return int(rows[0]) if len(rows) else 0

    def _part(self) -> Picture:
        """Return what is below the tabs."""
        return self._desktop.picture()[self._top() + 2 * HEAD_PX - 20 :, PAGE_PX:]

    def _surfaces(self, token: str, block: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the middles of surfaces on the page, in pixels of the screen."""
        page = self._desktop.picture()[:, PAGE_PX:]
        columns, rows = surfaces(page, self._window.colour(token), block=block)
        return columns + PAGE_PX, rows

    def _find(self, colour: str, block: tuple[int, int]) -> tuple[int, int] | None:
        page = self._desktop.picture()[:, PAGE_PX:]
        place = find(page, colour, within=ROUNDING, block=block)
        return None if place is None else (place[0] + PAGE_PX, place[1])

    def _marked_row(self) -> int | None:
        rail = self._desktop.picture()[:, :RAIL_PX]
        place = find(rail, self._window.colour("selection"))
        return None if place is None else place[1]

    def _wait_for(self, look, what: str):  # type: ignore[no-untyped-def]
        try:
            return self._window.program.wait_for(look, what, within_s=SHOWN_S)
        except AssertionError:
            self._desktop.save_picture(MISSED)
            raise
