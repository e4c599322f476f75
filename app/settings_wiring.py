"""What the user wants of notes and of the key for clients, as calls to the engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from app.bridge import Bridge, Handle
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


async def _read(path: Path) -> str:
    """Return the key in the file at `path`. Raises Refused where it cannot be read."""
    try:
        text = await asyncio.to_thread(path.read_text, "utf-8")
    except OSError as error:
        why = error.strerror or str(error)
        raise Refused(f"{path} cannot be read ({why}): check who owns it") from error
    return text.strip()
