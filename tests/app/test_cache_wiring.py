from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from app.bridge import Bridge
from app.cache_wiring import KEYS_LIMIT
from app.ui.cache_panel import KEYS, SESSIONS
from app.ui.main_window import MainWindow
from app.wiring import NOT_READY, Wiring
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import (
    CacheSnapshot,
    CacheState,
    ConnectionTest,
    KeyPage,
    KeyRow,
    ValuePreview,
)
from engine.errors import Refused
from engine.loop import BackgroundLoop
from engine.voice.settings import VoiceSettings

KEY = "uat:1:c:answers.1::=a"
PAGE = KeyPage((KeyRow(KEY, "answers", "", "a", 60.0, "both"),), is_complete=True)


class FakeCache:
    """Remembers what was asked of it and answers from a table."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.shown = CacheSnapshot(taken_s=1.0, state=CacheState.MEMORY)
        self.error: Exception | None = None
        self.answers: dict[str, Any] = {
            "keys": PAGE,
            "preview": ValuePreview(KEY, "text", "hello", "none", 5, 40, 60.0, None),
            "remove_keys": "removal-1",
            "clear": "",
            "undo": 2,
            "list": (),
            "test_connection": ConnectionTest(True, "It answers."),
        }

    @property
    def desk(self) -> FakeCache:
        return self

    @property
    def sessions(self) -> FakeCache:
        return self

    def snapshot(self) -> CacheSnapshot:
        return self.shown

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        async def answer(*values: Any) -> Any:
            asyncio.get_running_loop()
            self.asked.append((name, *values))
            if self.error:
                raise self.error
            return self.answers.get(name)

        return answer


@pytest.fixture
def cache(engines):
    engines.cache = FakeCache()
    engines.settings = SimpleNamespace(
        voice=VoiceSettings(), cache=CacheSettings(url="redis://localhost:6379")
    )
    return engines.cache


@pytest.fixture
def wiring(theme, qtbot, problems):
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    bridge = Bridge(loop, problems)
    window = MainWindow(theme)
    qtbot.addWidget(window, before_close_func=lambda window: window.allow_close())
    wiring = Wiring(window, theme, bridge)
    window.page_built.connect(wiring.add)
    wiring.window = window
    yield wiring
    bridge.close()
    assert loop.stop()


@pytest.fixture
def page(wiring, engines, cache):
    wiring.use(engines)
    wiring.window.open_title("Cache")
    return wiring.window.panel


@pytest.mark.parametrize(
    ("act", "asked"),
    [
        (lambda p: p.reconnect_requested.emit(), ("reconnect",)),
        (lambda p: p.test_requested.emit("u", "n", "p"), ("test_connection", "u", "n", "p")),
        (lambda p: p.password_changed.emit("s"), ("set_password", "s")),
        (lambda p: p.keys_wanted.emit("", "x"), ("keys", None, "x", KEYS_LIMIT)),
        (lambda p: p.keys_wanted.emit("answers", ""), ("keys", "answers", "", KEYS_LIMIT)),
        (lambda p: p.preview_wanted.emit(KEY), ("preview", KEY)),
        (lambda p: p.remove_keys_requested.emit([KEY]), ("remove_keys", [KEY])),
        (lambda p: p.purge_requested.emit("answers"), ("clear", "answers")),
        (lambda p: p.undo_requested.emit("removal-1"), ("undo", "removal-1")),
        (lambda p: p.sessions_wanted.emit(), ("list",)),
        (lambda p: p.remove_session_requested.emit("s1"), ("remove", "s1")),
    ],
)
def test_what_is_wanted_of_the_cache_reaches_it(page, cache, qtbot, act, asked):
    """Each signal of the Cache page becomes the call it stands for."""
    act(page)
    qtbot.waitUntil(lambda: asked in cache.asked)


def test_a_changed_setting_is_asked_for_and_shown(page, engines, qtbot):
    """A setting of the page goes the way of all settings; the page shows those in use."""
    assert page.connection.form.url.text() == "redis://localhost:6379"
    engines.settings.cache = CacheSettings(url="redis://other:6379")
    page.setting_changed.emit("cache.url", "redis://other:6379")
    qtbot.waitUntil(lambda: page.connection.form.url.text() == "redis://other:6379")


def test_keys_and_values_are_shown(page, qtbot):
    """What the cache finds stands on the page."""
    page.tabs.setCurrentIndex(KEYS)
    qtbot.waitUntil(lambda: bool(page.keys.table.rows))
    page.keys.table.select_id(KEY)
    qtbot.waitUntil(lambda: page.keys.value.text.toPlainText() == "hello")


def test_what_was_removed_can_be_brought_back(page, cache, qtbot):
    """After a removal the list is read again, and the token leads back."""
    page.tabs.setCurrentIndex(KEYS)
    qtbot.waitUntil(lambda: bool(page.keys.table.rows))
    cache.asked.clear()
    page.remove_keys_requested.emit([KEY])
    qtbot.waitUntil(lambda: page.keys.undo.text == "1 key removed")
    qtbot.waitUntil(lambda: ("keys", None, "", KEYS_LIMIT) in cache.asked)
    page.keys.undo.buttons["Undo"].click()
    qtbot.waitUntil(lambda: ("undo", "removal-1") in cache.asked)
    qtbot.waitUntil(lambda: page.keys.undo.text == "2 values brought back")


def test_a_session_that_ended_leaves_the_list(page, cache, qtbot):
    """After a session was ended the list is read again."""
    page.tabs.setCurrentIndex(SESSIONS)
    qtbot.waitUntil(lambda: ("list",) in cache.asked)
    cache.asked.clear()
    page.remove_session_requested.emit("s1")
    qtbot.waitUntil(lambda: ("list",) in cache.asked)


def test_a_refusal_is_shown_on_the_page(page, cache, qtbot):
    """What the cache says is wrong stands at the top of the page."""
    cache.error = Refused("the keychain is locked: unlock it")
    page.password_changed.emit("secret")
    qtbot.waitUntil(lambda: page.strip.text == "the keychain is locked: unlock it")


def test_a_test_that_fails_is_a_result(page, cache, qtbot):
    """A test that could not be made ends like one that failed: the button comes back."""
    cache.error = Refused("the keychain is locked: unlock it")
    page.connection.form.test_button.click()
    qtbot.waitUntil(lambda: page.connection.result.text == "the keychain is locked: unlock it")
    assert page.connection.form.test_button.isEnabled()


def test_before_the_cache_runs_the_user_is_told_to_wait(page, cache, qtbot):
    """A wish that comes too early is answered; a list that the page wants itself just waits."""
    cache.shown = CacheSnapshot(taken_s=1.0)
    cache.asked.clear()
    page.keys_wanted.emit("", "")
    assert page.strip.text == ""
    page.purge_requested.emit("answers")
    assert page.strip.text == NOT_READY
    assert cache.asked == []


def test_the_last_search_counts(page, cache, qtbot):
    """Of two questions asked quickly, the answer to the first is not shown."""
    first = asyncio.Event()
    pages = []
    page.show_keys = pages.append

    async def keys(namespace: str | None, text: str, limit: int) -> KeyPage:
        if text == "slow":
            await first.wait()
        return PAGE

    cache.keys = keys
    page.keys_wanted.emit("", "slow")
    page.keys_wanted.emit("", "fast")
    qtbot.waitUntil(lambda: pages == [PAGE])
