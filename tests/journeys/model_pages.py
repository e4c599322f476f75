"""The pages about models as a person uses them: by the keyboard, and the colours of their signs."""

from __future__ import annotations

from tests.journeys.desktop import Desktop, find, tint
from tests.journeys.window import RAIL_PX, Window

PLAYGROUND, MODELS, ACTIVITY = "ctrl+3", "ctrl+4", "ctrl+6"
SHOWN_S = 30.0
ROUNDING = 2
CHIP_ALPHA, FOUND_ALPHA = 30, 24
"""How strongly the sign beside the title, and the result of a test, are filled."""
FIELDS_TO_SAVE = 10
"""Presses of Tab from the field after the address to the button that saves."""
FILTERS = 8
"""Presses of Tab from the search to the list: the filters, and the button that clears them."""


class ModelPages:
    """What is done and seen on Models, Playground and Activity in `window`."""

    def __init__(self, window: Window, desktop: Desktop) -> None:
        self._window = window
        self._desktop = desktop
        desktop.focus(window.number)

    def open(self, keys: str) -> None:
        """Show the page of `keys`, which is another than that which shows."""
        before = self._marked_row()
        self._desktop.press(keys)
        self._wait_for(lambda: self._marked_row() not in (None, before), f"the page of {keys}")

    def add_server(self, address: str) -> None:
        """Fill in the form for another server; return once it says that somebody answers."""
        self._desktop.press("ctrl+n")
        self._desktop.write(address)
        self._desktop.press("Tab")
        self._wait_for_colour(self._tint("ok", "card", FOUND_ALPHA), "somebody at the address")

    def save_server(self) -> None:
        """Press the button that saves the form."""
        self._tab(FIELDS_TO_SAVE)
        self._desktop.press("space")

    def wait_until_healthy(self) -> None:
        """Return once the sign beside the title says that every server is ready."""
        self._wait_for_colour(self._tint("ok", "background", CHIP_ALPHA), "a server that is ready")

    def ask(self, question: str) -> None:
        """Type a question and send it."""
        self._desktop.write(question)
        self._desktop.press("Return")

    def edit_last(self, more: str) -> None:
        """Take the last question back into the field, add `more` at its end and send it."""
        for keys in ("Up", "ctrl+End"):
            self._desktop.press(keys)
        self.ask(more)

    def ask_what_was_copied(self) -> None:
        """Paste the clipboard into a new conversation and send it."""
        for keys in ("ctrl+n", "ctrl+v", "Return"):
            self._desktop.press(keys)

    def show_why(self) -> None:
        """Open why the model was chosen; return once the try that was answered is drawn."""
        self._desktop.press("ctrl+i")
        self._wait_for_bar()

    def search(self, words: str) -> None:
        """Look for requests with `words`, and choose the newest; return once its times are drawn.

        The list has the keyboard afterwards.
        """
        self._desktop.press("ctrl+f")
        self._desktop.write(words)
        self._desktop.press("Return")
        self._tab(FILTERS)
        self._desktop.press("Home")
        self._wait_for_bar()

    def copy_as_curl(self) -> None:
        """Copy the chosen request as a command."""
        self._desktop.press("ctrl+shift+c")

    def _tab(self, count: int) -> None:
        for _ in range(count):
            self._desktop.press("Tab")

    def _marked_row(self) -> int | None:
        rail = self._desktop.picture()[:, :RAIL_PX]
        place = find(rail, self._window.colour("selection"))
        return None if place is None else place[1]

    def _tint(self, token: str, under: str, alpha: int) -> str:
        return tint(self._window.colour(token), self._window.colour(under), alpha)

    def _wait_for_bar(self) -> None:
        self._wait_for_colour(self._window.colour("ok"), "the bar of a try that was answered")

    def _wait_for_colour(self, colour: str, what: str) -> None:
        self._wait_for(lambda: find(self._desktop.picture(), colour, within=ROUNDING), what)

    def _wait_for(self, look: object, what: str) -> None:
        self._window.program.wait_for(look, what, within_s=SHOWN_S)  # type: ignore[arg-type]
