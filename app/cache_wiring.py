"""What the user wants of the cache, as calls to its engine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from app.bridge import Bridge, Handle
from app.ui.cache_panel import CachePanel
from app.ui.quantity_texts import counted
from engine.cache.snapshot import CacheState, ConnectionTest

if TYPE_CHECKING:
    from engine.cache.service import RedisService

KEYS_LIMIT = 500
"""Keys that are listed at once; a filter brings others."""


class CacheWiring(QObject):
    """Connects the Cache page.

    cache: returns the engine, or None before there are any. Until it runs, the user is told
    `not_ready`.
    """

    def __init__(
        self, bridge: Bridge, *, cache: Callable[[], RedisService | None], not_ready: str
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._cache = cache
        self._not_ready = not_ready
        self._searches: dict[str, Handle] = {}
        """The last question of each kind; another of its kind takes its place."""

    def connect_panel(self, panel: CachePanel) -> None:
        """Send what the user wants on `panel` to the cache."""
        panel.reconnect_requested.connect(lambda: self._run(panel, lambda cache: cache.reconnect()))
        panel.test_requested.connect(partial(self._test, panel))
        panel.password_changed.connect(
            lambda text: self._run(panel, lambda cache: cache.set_password(text))
        )
        panel.keys_wanted.connect(partial(self._find_keys, panel))
        panel.preview_wanted.connect(partial(self._preview, panel))
        panel.remove_keys_requested.connect(partial(self._remove_keys, panel))
        panel.purge_requested.connect(partial(self._purge, panel))
        panel.undo_requested.connect(partial(self._undo, panel))
        panel.sessions_wanted.connect(partial(self._list_sessions, panel))
        panel.remove_session_requested.connect(partial(self._remove_session, panel))

    def _run(
        self,
        panel: CachePanel,
        work: Callable[[RedisService], Coroutine[Any, Any, Any]],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[str, str], None] | None = None,
    ) -> Handle | None:
        """Run `work(cache)` and show on `panel` what went wrong."""
        cache = self._cache()
        failed = failed or panel.show_problem
        if cache is None or not _is_running(cache):
            failed(self._not_ready, "")
            return None
        return self._bridge.run(_call(work, cache), done, failed)

    def _look(
        self,
        panel: CachePanel,
        kind: str,
        work: Callable[[RedisService], Coroutine[Any, Any, Any]],
        done: Callable[[Any], None],
    ) -> None:
        """Run a question that the page asks by itself, in place of the last of its kind."""
        if kind in self._searches:
            self._searches.pop(kind).cancel()
        cache = self._cache()
        if cache is None or not _is_running(cache):
            return
        handle = self._run(panel, work, done)
        if handle is not None:
            self._searches[kind] = handle

    def _find_keys(self, panel: CachePanel, namespace: str, text: str) -> None:
        self._look(
            panel,
            "keys",
            lambda cache: cache.desk.keys(namespace or None, text, KEYS_LIMIT),
            panel.show_keys,
        )

    def _preview(self, panel: CachePanel, key: str) -> None:
        self._look(panel, "preview", lambda cache: cache.desk.preview(key), panel.show_preview)

    def _list_sessions(self, panel: CachePanel) -> None:
        self._look(panel, "sessions", lambda cache: cache.sessions.list(), panel.show_sessions)

    def _remove_keys(self, panel: CachePanel, keys: list[str]) -> None:
        text = f"{counted(len(keys), 'key', 'keys')} removed"
        self._run(panel, lambda cache: cache.desk.remove_keys(keys), partial(_tell, panel, text))

    def _purge(self, panel: CachePanel, namespace: str) -> None:
        text = f"Every value of {namespace} removed"
        self._run(panel, lambda cache: cache.clear(namespace), partial(_tell, panel, text))

    def _undo(self, panel: CachePanel, token: str) -> None:
        def done(count: int) -> None:
            _tell(panel, f"{counted(count, 'value', 'values')} brought back", "")

        self._run(panel, lambda cache: cache.desk.undo(token), done)

    def _remove_session(self, panel: CachePanel, session_id: str) -> None:
        self._run(panel, lambda cache: cache.sessions.remove(session_id), lambda _: panel.refresh())

    def _test(self, panel: CachePanel, url: str, username: str, password: str) -> None:
        def failed(text: str, details: str) -> None:
            panel.show_test(ConnectionTest(False, text))

        self._run(
            panel,
            lambda cache: cache.test_connection(url, username, password),
            panel.show_test,
            failed,
        )


async def _call(
    work: Callable[[RedisService], Coroutine[Any, Any, Any]], cache: RedisService
) -> Any:
    """Return what `work(cache)` finds, asked on the engines' loop, where the cache lives."""
    return await work(cache)


def _is_running(cache: RedisService) -> bool:
    return cache.snapshot().state is not CacheState.STOPPED


def _tell(panel: CachePanel, text: str, token: str) -> None:
    """Say what was done, and show what is there now."""
    panel.show_undo(text, token)
    panel.refresh()
