"""What the user wants, as calls to the engines: every page's signals end here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from app.activity_wiring import ActivityWiring
from app.bridge import Bridge
from app.cache_wiring import CacheWiring
from app.chat_turns import ChatTurns
from app.gpu_wiring import GpuWiring
from app.models_wiring import ModelsWiring
from app.parameters_wiring import ParametersWiring
from app.playground_memory import PlaygroundMemory
from app.playground_wiring import PlaygroundWiring
from app.record_presses import RecordPresses
from app.saving import save_text
from app.settings_wiring import SettingsWiring
from app.theme import Theme
from app.ui.activity_panel import ActivityPanel
from app.ui.cache_panel import CachePanel
from app.ui.gpu_panel import GpuPanel
from app.ui.main_window import MainWindow
from app.ui.models_panel import ModelsPanel
from app.ui.overview_panel import OverviewPanel
from app.ui.panel import Panel
from app.ui.parameters_panel import ParametersPanel
from app.ui.playground_panel import PlaygroundPanel
from app.ui.settings_panel import SettingsPanel
from app.ui.voice_panel import VoicePanel

if TYPE_CHECKING:
    from engine.assembly import Engines, Settings
    from engine.cache.service import RedisService
    from engine.voice.service import VoiceProcessingService
    from engine.voice.snapshot import Utterance

HISTORY_LIMIT = 1000
"""Sentences of the history that can be exported at once."""
NOT_READY = "The engines are still starting: try again in a moment"


class Wiring(QObject):
    """Connects pages as they are built; before `use()` it tells the user to wait."""

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        bridge: Bridge,
        turns: ChatTurns | None = None,
        memory: PlaygroundMemory | None = None,
    ) -> None:
        super().__init__()
        self._window, self._theme, self._bridge = window, theme, bridge
        self._engines: Engines | None = None
        self._panels: list[Panel] = []
        self._search: Any = None
        self._is_started = False
        self._presses = RecordPresses(bridge, voice=self._known_voice, not_ready=NOT_READY)
        self._cache = CacheWiring(bridge, cache=self._known_cache, not_ready=NOT_READY)
        self._playground = PlaygroundWiring(
            bridge,
            turns or ChatTurns(),
            router=lambda: engines.router if (engines := self._started_engines()) else None,
            not_ready=NOT_READY,
            memory=memory,
            rater=lambda: engines.analytics if (engines := self._started_engines()) else None,
        )
        started = self._started_engines
        self._models = ModelsWiring(bridge, engines=started, not_ready=NOT_READY)
        self._gpu = GpuWiring(bridge, engines=started, not_ready=NOT_READY)
        self._parameters = ParametersWiring(
            bridge, engines=started, change=self._change, not_ready=NOT_READY
        )
        self._notes = SettingsWiring(bridge, engines=started, not_ready=NOT_READY)
        self._activity = ActivityWiring(
            bridge, engines=started, ask=self._send_to_playground, not_ready=NOT_READY
        )

    def _known_voice(self) -> VoiceProcessingService | None:
        return self._engines.voice if self._engines else None

    def _known_cache(self) -> RedisService | None:
        return self._engines.cache if self._engines else None

    def _started_engines(self) -> Engines | None:
        return self._engines if self._is_started else None

    def use(self, engines: Engines) -> None:
        """Send what the user wants to `engines` from now on."""
        self._engines = engines
        self._tell_settings()

    def started(self) -> None:
        """The engines work now: what has no use before may be asked for."""
        self._is_started = True

    def add(self, panel: Panel) -> None:
        """Connect the signals of a page that was just built."""
        self._panels.append(panel)
        if isinstance(panel, OverviewPanel):
            panel.record_toggled.connect(lambda: self._presses.toggle(panel))
        elif isinstance(panel, VoicePanel):
            self._connect_voice(panel)
        elif isinstance(panel, SettingsPanel):
            self._connect_settings(panel)
        else:
            self._connect_own(panel)
        self._tell_settings()

    def take_files(self, files: list[Path]) -> None:
        """Transcribe files that were dropped on the window, and show the page they are on."""
        self._window.open_title(VoicePanel.title)
        for panel in self._panels:
            if isinstance(panel, VoicePanel):
                panel.library.show_files()
                self._transcribe(panel, files)

    def _connect_own(self, panel: Panel) -> None:
        """Connect a page that has a wiring of its own."""
        if isinstance(panel, CachePanel):
            self._cache.connect_panel(panel)
            panel.setting_changed.connect(lambda key, value: self._change(panel, key, value))
        elif isinstance(panel, PlaygroundPanel):
            self._playground.connect_panel(panel)
            panel.similar_wanted.connect(self._open_request)
        elif isinstance(panel, ActivityPanel):
            self._activity.connect_panel(panel)
        elif isinstance(panel, ModelsPanel):
            self._models.connect_panel(panel)
        elif isinstance(panel, GpuPanel):
            self._gpu.connect_panel(panel)
        elif isinstance(panel, ParametersPanel):
            self._parameters.connect_panel(panel)

    def _connect_voice(self, panel: VoicePanel) -> None:
        panel.record_toggled.connect(lambda: self._presses.toggle(panel))
        panel.push_to_talk.connect(lambda on: self._presses.record(panel, on=on))
        panel.device_chosen.connect(lambda name: self._change(panel, "voice.device", name))
        panel.stage_toggled.connect(
            lambda name, on: self._change(panel, f"voice.stages.{name}", on)
        )
        panel.search_changed.connect(lambda query: self._find(panel, query))
        panel.send_requested.connect(self._send_to_playground)
        panel.delete_requested.connect(
            lambda ids: self._run(panel, lambda voice: voice.delete_history(ids))
        )
        panel.undo_delete_requested.connect(
            lambda ids: self._run(panel, lambda voice: voice.restore_history(ids))
        )
        panel.export_requested.connect(lambda kind, ids: self._export(panel, kind, ids))
        panel.export_file_requested.connect(lambda kind, job: self._export_job(panel, kind, job))
        panel.files_chosen.connect(lambda files: self._transcribe(panel, files))
        panel.cancel_file.connect(
            lambda job: self._run(panel, lambda voice: _soon(voice.cancel_file, job))
        )
        panel.dismiss_file.connect(
            lambda job: self._run(panel, lambda voice: _soon(voice.dismiss_file, job))
        )
        panel.transcribe_recovered.connect(
            lambda name: self._run(panel, lambda voice: voice.transcribe_recovered(name))
        )
        panel.discard_recovered.connect(
            lambda name: self._run(panel, lambda voice: voice.discard_recovered(name))
        )

    def _send_to_playground(self, text: str) -> None:
        self._window.open_title(PlaygroundPanel.title)
        for panel in self._panels:
            if isinstance(panel, PlaygroundPanel):
                panel.take_text(text)

    def _open_request(self, id: str) -> None:
        self._window.open_title(ActivityPanel.title)
        for panel in self._panels:
            if isinstance(panel, ActivityPanel):
                panel.open_request(id)

    def _connect_settings(self, panel: SettingsPanel) -> None:
        self._notes.connect_panel(panel)
        panel.setting_changed.connect(lambda key, value: self._change(panel, key, value))
        panel.fetch_model.connect(
            lambda name: self._run(panel, lambda voice: voice.fetch_model(name))
        )
        panel.cancel_fetch.connect(
            lambda name: self._run(panel, lambda voice: _soon(voice.cancel_fetch, name))
        )
        panel.remove_model.connect(
            lambda name: self._run(panel, lambda voice: voice.remove_model(name))
        )
        panel.theme_chosen.connect(self._theme.choose)
        panel.folder_wanted.connect(_open_folder)

    def _run(
        self,
        panel: Panel,
        work: Callable[[VoiceProcessingService], Coroutine[Any, Any, Any]],
        done: Callable[[Any], None] | None = None,
    ) -> Any:
        """Run `work(voice)` and show on `panel` what went wrong; return its handle."""
        if self._engines is None:
            panel.show_problem(NOT_READY)
            return None
        return self._bridge.run(work(self._engines.voice), done, panel.show_problem)

    def _transcribe(self, panel: Panel, files: list[Path]) -> None:
        if self._engines is None:
            panel.show_problem(NOT_READY)
            return
        for file in files:
            self._bridge.run(self._engines.voice.transcribe_file(file), None, _told_by_its_row)

    def _find(self, panel: VoicePanel, query: str) -> None:
        if self._search is not None:
            self._search.cancel()
        if self._engines is not None:
            self._search = self._run(
                panel, lambda voice: voice.search_history(query), panel.show_history
            )

    def _change(self, panel: Panel, key: str, value: Any) -> None:
        if self._engines is None:
            panel.show_problem(NOT_READY)
            return

        def failed(text: str, details: str) -> None:
            if isinstance(panel, SettingsPanel | ParametersPanel):
                panel.show_setting_problem(key, text)
            else:
                panel.show_problem(text, details)

        self._bridge.run(self._engines.change_setting(key, value), self._changed, failed)

    def _changed(self, settings: Settings) -> None:
        self._tell_settings()

    def _tell_settings(self) -> None:
        if self._engines is None:
            return
        for panel in self._panels:
            if isinstance(panel, VoicePanel):
                panel.show_settings(self._engines.settings.voice)
                # What was asked for before the engines were there.
                self._find(panel, panel.library.history.query)
            elif isinstance(panel, CachePanel):
                panel.show_settings(self._engines.settings.cache)

    def _export(self, panel: VoicePanel, kind: str, ids: list[int]) -> None:
        from engine.voice.exports import HISTORY_EXPORTS

        def save(found: tuple[Utterance, ...]) -> None:
            wanted = [one for one in found if one.id in ids]
            save_text(panel, f"transcript.{kind}", HISTORY_EXPORTS[kind](wanted))

        query = panel.library.history.query
        self._run(panel, lambda voice: voice.search_history(query, limit=HISTORY_LIMIT), save)

    def _export_job(self, panel: VoicePanel, kind: str, job_id: int) -> None:
        from engine.voice.exports import EXPORTS

        if self._engines is None:
            return
        for job in self._engines.voice.snapshot().jobs:
            if job.id == job_id and job.transcript is not None:
                text = EXPORTS[kind](job.transcript)
                save_text(panel, f"{Path(job.name).stem}.{kind}", text)


def _told_by_its_row(text: str, details: str) -> None:
    """Leave what went wrong with a file, or that it was cancelled, to its row in the list."""


async def _soon(call: Callable[[Any], Any], value: Any) -> None:
    """Make `call(value)` on the engines' loop, where the engines' own state lives."""
    found = call(value)
    if isinstance(found, Awaitable):
        await found


def _open_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
