"""The real window on a test's own screen, and what it leaves on the disk."""

from __future__ import annotations

import sqlite3
import sys
import tomllib
from collections.abc import Mapping
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from app.preferences import Preferences, write_preferences
from engine.folders import Folders
from tests.journeys.desktop import Desktop, Picture, find, surfaces
from tests.live.listening import application_environment
from tests.live.programs import Program
from tests.live.pulse import wait_for_sound

TITLE = "Universal AI Tools"
PREFERENCES = "window.json"
START_S = 60.0
SHOWN_S = 20.0
VOICE_PAGE = "ctrl+2"
RECORD_KEYS = "ctrl+r"
RAIL_PX = 360
"""The pages begin left of this, in a window in the middle of the screen."""
STRIP_PX = 32
"""Height of a strip's buttons."""


class Window:
    """A running window in one of the two themes. environment: of sound server and desktop."""

    def __init__(
        self, folder: Path, desktop: Desktop, environment: Mapping[str, str], *, theme: str
    ) -> None:
        self._folder = folder
        self._desktop = desktop
        self._environment = application_environment(folder / "home", environment)
        tokens = files("resources").joinpath("themes", f"{theme}.toml").read_text(encoding="utf-8")
        self._colours = {name: str(each) for name, each in tomllib.loads(tokens).items()}
        path = Folders.under(folder / "home").config / PREFERENCES
        path.parent.mkdir(parents=True, exist_ok=True)
        write_preferences(path, Preferences(theme=theme))
        self.program = self.start_again()

    def start_again(self) -> Program:
        """Start the application, beside what runs already."""
        return Program(
            [sys.executable, "-m", "app"],
            folder=self._folder,
            name=f"window{len(list(self._folder.glob('window*.out')))}",
            environment=self._environment,
        )

    def colour(self, token: str) -> str:
        """Return a colour of its theme, "#rrggbb"."""
        return self._colours[token]

    @property
    def settings_file(self) -> Path:
        """What the user may edit."""
        return Folders.under(self._folder / "home").settings_file

    @property
    def data(self) -> Path:
        """Where it keeps recordings and history."""
        return self._folder / "home" / "data"

    @property
    def number(self) -> str:
        """The window's number on the screen."""
        return self.program.wait_for(
            lambda: self._desktop.window(TITLE), "the window", within_s=START_S
        )

    def open_voice_page(self) -> tuple[int, int]:
        """Show the Voice page and return where its record button is, once it can be pressed."""
        self._desktop.focus(self.number)
        self._desktop.press(VOICE_PAGE)
        return self._look_for(self._colours["accent"], "a button to record with")

    def wait_until_it_records(self) -> tuple[int, int]:
        """Return where the button to stop is, once it is red and the microphone delivers."""
        place = self._look_for(self._colours["recording"], "a button that says that it records")
        wait_for_sound(self.data / "recordings")
        return place

    def wait_until_it_is_idle(self) -> None:
        """Return once the record button can be pressed again."""
        self._look_for(self._colours["accent"], "the end of the recording")

    def offer(self) -> tuple[int, int]:
        """Return where the first button is of the strip that tells of a cut-off recording."""
        return self.program.wait_for(
            lambda: self._offer(self._desktop.picture()), "an offer", within_s=SHOWN_S
        )

    def wait_for_sentence(self, after: int = 0) -> str:
        """Return the history's text once it has more than `after` sentences."""
        self.program.wait_for(
            lambda: len(self.sentences()) > after, "a sentence in the history", within_s=SHOWN_S
        )
        return self.text

    @property
    def text(self) -> str:
        """Everything in its history, oldest first."""
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """Return what its history holds, oldest first; nothing before there is one."""
        path = self.data / "history.sqlite"
        if not path.exists():
            return []
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
                rows = connection.execute("SELECT text FROM utterance ORDER BY said_at_us, id")
                return [text for (text,) in rows]
        except sqlite3.OperationalError:
            return []  # it is just being made

    def left_behind(self) -> list[Path]:
        """Return sound that was not transcribed, and locks."""
        return list((self.data / "recordings").iterdir())

    def log(self) -> str:
        """Return everything in its log."""
        folder = self._folder / "home" / "log"
        return "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.log"))

    def _offer(self, picture: Picture) -> tuple[int, int] | None:
        page = picture[:, RAIL_PX:]
        strip = find(page, self._colours["selection"])
        if strip is None:
            return None
        top = strip[1] - STRIP_PX // 2
        columns, rows = surfaces(page[top : top + STRIP_PX], self._colours["raised"])
        if not len(columns):
            return None
        return int(columns.min()) + RAIL_PX, int(rows[columns.argmin()]) + top

    def _look_for(self, colour: str, what: str) -> tuple[int, int]:
        return self.program.wait_for(
            lambda: find(self._desktop.picture(), colour), what, within_s=SHOWN_S
        )
