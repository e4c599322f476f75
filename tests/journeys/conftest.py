"""A screen, a sound server and the real window on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.journeys.desktop import Desktop
from tests.journeys.window import Window
from tests.live.fixtures import sound_server, speak
from tests.live.programs import need
from tests.live.pulse import SoundServer
from tests.live.redis_fixtures import make_redis, redis_server

NOTHING: Mapping[str, str] = MappingProxyType({})

__all__ = ["desktop", "make_redis", "open_window", "redis_server", "sound_server", "speak"]


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    """Return a screen of the test's own, with a window manager."""
    need("Xvfb", "openbox", "xdotool", "import")
    desktop = Desktop(tmp_path)
    yield desktop
    desktop.close()


@pytest.fixture
def open_window(
    tmp_path: Path, desktop: Desktop, sound_server: SoundServer
) -> Iterator[Callable[..., Window]]:
    """Return what starts the application on the test's screen; it is ended afterwards.

    more: of its environment.
    """
    opened: list[Window] = []

    def start(*, theme: str = "dark", more: Mapping[str, str] = NOTHING) -> Window:
        environment = {**desktop.environment, **sound_server.environment, **more}
        opened.append(Window(tmp_path, desktop, environment, theme=theme))
        return opened[-1]

    yield start
    for window in opened:
        window.program.end()
