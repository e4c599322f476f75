"""A Redis is set up, lost and found again in the real window, with a real server."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest

from tests.journeys.cache_page import CachePage
from tests.journeys.desktop import Desktop
from tests.journeys.window import Window
from tests.live.listening import ROOT
from tests.live.programs import wait_until
from tests.live.redis import RedisServer

pytestmark = pytest.mark.live

PICTURES = ROOT / "tests" / ".output"
CONNECTED_S = 30.0
CLOSED_S = 20.0


def wait_until_used(server: RedisServer) -> None:
    """Return once a client has asked `server` to be told what others write."""
    wait_until(
        lambda: any(" flags=t" in line for line in server.cli("CLIENT", "LIST").splitlines()),
        "a client that listens to changes",
        within_s=CONNECTED_S,
    )


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_redis_is_set_up_lost_and_found(
    theme: str, desktop: Desktop, open_window: Callable[..., Window], redis_server: RedisServer
):
    """Typed, tested and saved, a Redis is used; when it dies the page says so, until it is back."""
    window = open_window(theme=theme)
    page = CachePage(window, desktop)
    page.open()
    page.wait_for_sign("accent")
    page.begin_connection()
    page.write_address(redis_server.url)
    page.press_test()
    page.wait_for_result("ok")
    desktop.save_picture(PICTURES / f"cache-tested-{theme}.png")
    page.press_save()
    page.wait_for_sign("ok")
    wait_until_used(redis_server)
    saved = tomllib.loads(window.settings_file.read_text(encoding="utf-8"))
    assert saved == {"cache": {"url": redis_server.url}}
    redis_server.kill()
    page.wait_for_sign("bad")
    page.wait_for_strip("bad")
    desktop.save_picture(PICTURES / f"cache-lost-{theme}.png")
    page.walk_away_and_back()
    redis_server.start()
    page.wait_for_sign("ok")
    wait_until_used(redis_server)
    desktop.save_picture(PICTURES / f"cache-found-{theme}.png")
    desktop.press("alt+F4")
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    assert "Traceback" not in window.program.err + window.log()
