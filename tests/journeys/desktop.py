"""A screen of a test's own: Xvfb, a window manager, a keyboard, a pointer and a camera."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.live.programs import Program, wait_until

WIDTH_PX, HEIGHT_PX = 1440, 900
START_S = 20.0
TOOL_S = 20.0
BLOCK_PX = 6, 60
"""Height and width of a piece of a button beside or above its text."""
AWAY = 2, 2
"""Where the pointer waits: what it is over looks different."""

Picture = NDArray[np.uint8]
"""Shape (height, width, 3), red, green, blue."""
Positions = NDArray[np.intp]


class Desktop:
    """A screen nobody sees. folder: where its programs keep their files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs: list[Program] = []
        self._display = self._start_screen()
        self._start_window_manager()

    @property
    def environment(self) -> dict[str, str]:
        """What a program must find in its environment to show its windows here."""
        return {"DISPLAY": self._display, "QT_QPA_PLATFORM": "xcb"}

    def window(self, title: str) -> str:
        """Return the number of the visible window of that title; "" while there is none."""
        found = self._xdotool("search", "--onlyvisible", "--name", f"^{title}$")
        return found.stdout.split("\n")[0]

    def active_window(self) -> str:
        """Return the number of the window that its manager calls active; "" where none is."""
        return self._xdotool("getactivewindow").stdout.strip()

    def keyboard_window(self) -> str:
        """Return the number of the window that keys go to; "" where they go to none."""
        return self._xdotool("getwindowfocus", "-f").stdout.strip()

    def focus(self, window: str) -> None:
        """Give the keyboard to `window`; return once keys go there.

        The window manager tells which window is active, the server where keys go: what is
        pressed after both are the same follows the news of it in the window's own queue.
        """
        self._xdotool("windowactivate", window)
        wait_until(
            lambda: self.active_window() == window == self.keyboard_window(),
            "keys go to the window",
            within_s=TOOL_S,
        )

    def minimize(self, window: str) -> None:
        """Put `window` away."""
        self._xdotool("windowminimize", window)
        wait_until(lambda: self.active_window() != window, "it is away", within_s=TOOL_S)

    def press(self, keys: str) -> None:
        """Press keys, such as "ctrl+r", in the active window."""
        done = self._xdotool("key", "--clearmodifiers", keys)
        assert done.returncode == 0, done.stderr

    def write(self, text: str) -> None:
        """Type `text` in the active window."""
        done = self._xdotool("type", "--clearmodifiers", "--delay", "20", text)
        assert done.returncode == 0, done.stderr

    def click(self, place: tuple[int, int]) -> None:
        """Click at `place`, in pixels from the left and from the top, and take the pointer away."""
        done = self._xdotool("mousemove", str(place[0]), str(place[1]), "click", "1")
        self._xdotool("mousemove", str(AWAY[0]), str(AWAY[1]))
        assert done.returncode == 0, done.stderr

    def turn_wheel(self, place: tuple[int, int], count: int) -> None:
        """Turn the wheel down at `place`, so many steps, and take the pointer away."""
        wheel = ("click", "--repeat", str(count), "--delay", "10", "5")
        done = self._xdotool("mousemove", str(place[0]), str(place[1]), *wheel)
        self._xdotool("mousemove", str(AWAY[0]), str(AWAY[1]))
        assert done.returncode == 0, done.stderr

    def picture(self) -> Picture:
        """Return what the screen shows now."""
        done = subprocess.run(
            ["import", "-silent", "-window", "root", "-depth", "8", "rgb:-"],
            capture_output=True,
            timeout=TOOL_S,
            env={**os.environ, **self.environment},
            check=True,
        )
        return np.frombuffer(done.stdout, np.uint8).reshape(HEIGHT_PX, WIDTH_PX, 3)

    def save_picture(self, path: Path) -> Path:
        """Write what the screen shows now to `path`, a PNG file, and return it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["import", "-silent", "-window", "root", str(path)],
            timeout=TOOL_S,
            env={**os.environ, **self.environment},
            check=True,
        )
        return path

    def close(self) -> None:
        """End the window manager, then the screen."""
        for program in reversed(self._programs):
            program.end()

    def _start_screen(self) -> str:
        reader, writer = os.pipe()
        try:
            size = f"{WIDTH_PX}x{HEIGHT_PX}x24"
            # It takes the first free number itself and tells it: nobody can be faster.
            screen = Program(
                ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp"],
                folder=self._folder,
                name="Xvfb",
                pass_fds=(writer,),
            )
            self._programs.append(screen)
            os.close(writer)
            writer = -1
            os.set_blocking(reader, False)
            number = screen.wait_for(lambda: _read(reader), "a display", within_s=START_S)
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)
        return f":{number}"

    def _start_window_manager(self) -> None:
        environment = {
            **os.environ,
            "DISPLAY": self._display,
            "HOME": str(self._folder),
            "XDG_CONFIG_HOME": str(self._folder / "config"),
            "XDG_CACHE_HOME": str(self._folder / "cache"),
        }
        manager = Program(["openbox"], folder=self._folder, name="openbox", environment=environment)
        self._programs.append(manager)
        manager.wait_for(
            lambda: self._xdotool("get_desktop").returncode == 0,
            "the window manager is there",
            within_s=START_S,
        )

    def _xdotool(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["xdotool", *words],
            capture_output=True,
            text=True,
            timeout=TOOL_S,
            env={**os.environ, "DISPLAY": self._display},
        )


def find(
    picture: Picture, colour: str, *, within: int = 0, block: tuple[int, int] = BLOCK_PX
) -> tuple[int, int] | None:
    """Return a place in the middle of the surfaces of `colour`; None where there is none."""
    columns, rows = surfaces(picture, colour, within=within, block=block)
    return (int(np.median(columns)), int(np.median(rows))) if len(rows) else None


def tint(colour: str, under: str, alpha: int) -> str:
    """Return what `colour` looks like on `under`, at `alpha` of 255; screens round it by one."""
    under_rgb = _rgb(under)
    mixed = under_rgb + (_rgb(colour) - under_rgb) * alpha / 255
    return "#" + bytes(np.rint(mixed).astype(np.uint8)).hex()


def surfaces(
    picture: Picture, colour: str, *, within: int = 0, block: tuple[int, int] = BLOCK_PX
) -> tuple[Positions, Positions]:
    """Return columns and rows of the middles of all blocks of `colour` ("#rrggbb") in `picture`.

    A block is so large (height, width) and without a hole, which no text and no curve is. within:
    how far red, green and blue may each be from `colour`.
    """
    height, width = block
    is_such = np.ones(picture.shape[:2], bool)
    for channel, wanted in enumerate(_rgb(colour).tolist()):
        part = picture[:, :, channel]
        is_such &= (part >= max(0, wanted - within)) & (part <= min(255, wanted + within))
    if np.count_nonzero(is_such) < height * width:  # as in most looks of somebody who waits
        return np.empty(0, np.intp), np.empty(0, np.intp)
    total = np.pad(is_such.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = total[height:, width:] - total[:-height, width:]
    inside = inside - total[height:, :-width] + total[:-height, :-width]
    rows, columns = np.nonzero(inside == height * width)
    return columns + width // 2, rows + height // 2


def colours(picture: Picture) -> int:
    """Return how many different colours are in `picture`; an empty screen has one or two."""
    packed = picture.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
    return len(np.unique(packed))


def _rgb(colour: str) -> NDArray[np.int16]:
    return np.frombuffer(bytes.fromhex(colour.removeprefix("#")), np.uint8).astype(np.int16)


def _read(reader: int) -> str:
    try:
        return os.read(reader, 16).decode().strip()
    except BlockingIOError:
        return ""
