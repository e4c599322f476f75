"""The Cache page as a person sees it: by the colours of its signs."""

from __future__ import annotations

from tests.journeys.desktop import Desktop, find, tint
from tests.journeys.window import RAIL_PX, Window

OVERVIEW_KEYS, CACHE_KEYS = "ctrl+1", "ctrl+7"
SHOWN_S = 30.0
ROUNDING = 2
CHIP_ALPHA, STRIP_ALPHA = 30, 24
"""How strongly the sign beside the title, and strips, are filled with their colour."""
FIELDS_TO_TEST = 6
"""Presses of Tab from the address to the button that tests it."""


class CachePage:
    """What is done and seen on the Cache page of `window`."""

    def __init__(self, window: Window, desktop: Desktop) -> None:
        self._window = window
        self._desktop = desktop

    def open(self) -> None:
        """Show the page."""
        self._desktop.focus(self._window.number)
        self._desktop.press(CACHE_KEYS)

    def begin_connection(self) -> None:
        """Go to the form from "Set up a connection", which stands where servers would."""
        for key in ("Tab", "Tab", "space"):
            self._desktop.press(key)

    def write_address(self, url: str) -> None:
        """Type the address where the keyboard is."""
        self._desktop.write(url)

    def press_test(self) -> None:
        """Press the button that tests what is typed."""
        for _ in range(FIELDS_TO_TEST):
            self._desktop.press("Tab")
        self._desktop.press("space")

    def press_save(self) -> None:
        """Press the button that saves, the second after the one that tests."""
        for key in ("Tab", "Tab", "space"):
            self._desktop.press(key)

    def wait_for_sign(self, token: str) -> None:
        """Return once the sign beside the title has the colour of `token`."""
        self._wait_for(self._tint(token, "background", CHIP_ALPHA), f"a sign that is {token}")

    def wait_for_strip(self, token: str) -> None:
        """Return once a strip of the colour of `token` says what is wrong."""
        self._wait_for(self._tint(token, "background", STRIP_ALPHA), f"a strip that is {token}")

    def wait_for_result(self, token: str) -> None:
        """Return once the result of the test has the colour of `token`."""
        self._wait_for(self._tint(token, "card", STRIP_ALPHA), f"a result that is {token}")

    def walk_away_and_back(self) -> None:
        """Open the overview and this page again; each must come."""
        for keys in (OVERVIEW_KEYS, CACHE_KEYS):
            before = self._marked_row()
            self._desktop.press(keys)
            self._window.program.wait_for(
                lambda before=before: self._marked_row() not in (None, before),
                f"another page after {keys}",
                within_s=SHOWN_S,
            )

    def _marked_row(self) -> int | None:
        rail = self._desktop.picture()[:, :RAIL_PX]
        place = find(rail, self._window.colour("selection"))
        return None if place is None else place[1]

    def _tint(self, token: str, under: str, alpha: int) -> str:
        return tint(self._window.colour(token), self._window.colour(under), alpha)

    def _wait_for(self, colour: str, what: str) -> tuple[int, int]:
        return self._window.program.wait_for(
            lambda: find(self._desktop.picture(), colour, within=ROUNDING), what, within_s=SHOWN_S
        )
