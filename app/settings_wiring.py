"""What the user wants of notes, the key for clients, licences and new versions, as calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from app.bridge import Bridge, Handle
from app.notices import Notice, read_notices, text_of
from app.ui.settings_panel import SettingsPanel
from engine.errors import Refused

if TYPE_CHECKING:
    from engine.assembly import Engines
    from engine.router.notes import Notes


class SettingsWiring(QObject):
    """Connects what the settings page offers besides settings.

    engines: returns the engines, or None before there are any; until then the user is told
    `not_ready`.
    """

    def __init__(
        self, bridge: Bridge, *, engines: Callable[[], Engines | None], not_ready: str
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._engines = engines
        self._not_ready = not_ready
        self._search: Handle | None = None

    def connect_panel(self, panel: SettingsPanel) -> None:
        """Send what the user wants on `panel` to the engines."""
        notes, run = panel.notes, partial(self._run, panel)
        notes.notes_wanted.connect(partial(self._find, panel))
        notes.put_wanted.connect(
            lambda id, title, text: run(
                lambda found: found.put(title, text, id=id), notes.show_saved
            )
        )
        notes.delete_wanted.connect(
            lambda ids: run(lambda found: found.delete(ids), lambda _: notes.look())
        )
        notes.undo_wanted.connect(
            lambda ids: run(lambda found: found.restore(ids), lambda _: notes.look())
        )
        panel.key_wanted.connect(partial(self._copy_key, panel))
        panel.notices_wanted.connect(partial(self._list_notices, panel))
        panel.licences.text_wanted.connect(partial(self._read_notice, panel))
        panel.news.look_wanted.connect(partial(self._look_for_news, panel))
        # Whatever a feed says is opened by a person's click only.
        panel.news.page_wanted.connect(lambda page: QDesktopServices.openUrl(QUrl(page)))

    def _run(
        self,
        panel: SettingsPanel,
        work: Callable[[Notes], Coroutine[Any, Any, Any]],
        done: Callable[[Any], None],
    ) -> Handle | None:
        """Run `work(notes)` and show on `panel` what went wrong."""
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return None
        return self._bridge.run(_call(work, engines.router.notes), done, panel.show_problem)

    def _find(self, panel: SettingsPanel, text: str) -> None:
        if self._search is not None:
            self._search.cancel()
        self._search = self._run(panel, lambda notes: notes.search(text), panel.notes.show_notes)

    def _list_notices(self, panel: SettingsPanel) -> None:
        work = asyncio.to_thread(read_notices)
        self._bridge.run(work, panel.licences.show_notices, panel.show_problem)

    def _read_notice(self, panel: SettingsPanel, notice: Notice) -> None:
        work = asyncio.to_thread(text_of, notice)
        show = partial(panel.licences.show_text, notice)
        self._bridge.run(work, show, panel.show_problem)

    def _look_for_news(self, panel: SettingsPanel) -> None:
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return
        self._bridge.run(_look(engines), None, panel.show_problem)

    def _copy_key(self, panel: SettingsPanel) -> None:
        engines = self._engines()
        path = engines.gateway.snapshot().key_file if engines is not None else None
        if path is None:
            panel.show_problem(self._not_ready)
            return
        self._bridge.run(_read(path), QGuiApplication.clipboard().setText, panel.show_problem)


async def _call(work: Callable[[Notes], Coroutine[Any, Any, Any]], notes: Notes) -> Any:
    """Return what `work(notes)` finds, asked on the engines' loop."""
    return await work(notes)


async def _look(engines: Engines) -> None:
    """Ask for news on the engines' loop. Raises Refused where nobody may be asked."""
    engines.updates.look_now()


async def _read(path: Path) -> str:
    """Return the key in the file at `path`. Raises Refused where it cannot be read."""
    try:
        text = await asyncio.to_thread(path.read_text, "utf-8")
    except OSError as error:
        why = error.strerror or str(error)
        raise Refused(f"{path} cannot be read ({why}): check who owns it") from error
    return text.strip()
