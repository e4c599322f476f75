"""Speech models being fetched, and what of them the world may see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.errors import EngineError
from engine.model_store.ports import ModelEntry
from engine.model_store.store import ModelStore
from engine.voice.card_decoder import CardDecoder
from engine.voice.card_models import CardModels, Purpose
from engine.voice.ports import SpeechDecoder
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import ModelView


class ModelWork:
    """Fetches, removes and loads models. All but loading is called from the engines' loop.

    changed: called with a model's name once its files are here or gone.
    """

    def __init__(
        self,
        store: ModelStore,
        cards: CardModels,
        *,
        changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._cards = cards
        self._live = Purpose(priority="high", in_use=self._hears)
        self.is_listening: Callable[[], bool] = lambda: False
        """Whether speech is heard now, so that the model for it must stay where it is."""
        self._live_decoder: SpeechDecoder | None = None
        self._changed = changed
        self._installed_bytes: dict[str, int] = {}
        self._progress: dict[str, float] = {}
        self._problems: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def load(self, settings: VoiceSettings, label: str = "") -> SpeechDecoder:
        """Return a copy of the model that `settings` name; blocks for seconds, from any thread.

        label: what it is for, as it is shown with its name. Raises SettingsError, Unreachable,
        Damaged, Refused.
        """
        return self._opened(settings, Purpose(label=label))

    def load_live(self, settings: VoiceSettings) -> SpeechDecoder:
        """Return the model for live speech. The one before frees its room on a graphics card, and
        comes back there if it is used again. Raises as `load`.
        """
        before = self._live_decoder
        if isinstance(before, CardDecoder):
            before.rest("another model is loaded")
        self._live_decoder = self._opened(settings, self._live)
        return self._live_decoder

    @property
    def note(self) -> str | None:
        """Why the model for live speech is not on a graphics card where it should be."""
        live = self._live_decoder
        return live.note if isinstance(live, CardDecoder) else None

    def _hears(self) -> bool:
        return self.is_listening()

    def _opened(self, settings: VoiceSettings, purpose: Purpose) -> SpeechDecoder:
        folder = self._store.locate(settings.model)
        return self._cards.open(settings.model, folder, settings, purpose)

    async def refresh(self) -> None:
        """Look again which models are here; room for them is asked for on this loop from now on."""
        self._cards.bind(asyncio.get_running_loop())
        self._installed_bytes = await asyncio.to_thread(self._look)

    async def fetch(self, name: str) -> None:
        """Bring `name` here; a second call waits for the first. Raises as ModelStore.fetch.

        Who is cancelled waits no longer; the fetch goes on until `cancel`, for others wait too.
        """
        if name not in self._tasks:
            self._tasks[name] = asyncio.ensure_future(self._fetch(name))
        await asyncio.shield(self._tasks[name])

    def cancel(self, name: str) -> None:
        """Stop fetching `name`; the next fetch goes on where this one stopped."""
        if name in self._tasks:
            self._tasks[name].cancel()

    async def remove(self, name: str) -> None:
        """Delete the user's copy of `name`. Raises as ModelStore.remove."""
        await asyncio.to_thread(self._store.remove, name)
        await self.refresh()
        self._changed(name)

    def stop_loading(self) -> None:
        """Load no model any more; who waits for one hears so soon. From any thread."""
        self._cards.stop_loading()

    async def aclose(self) -> None:
        """Stop what is being fetched, and free what is loaded, once nobody decodes any more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._cards.close)

    def views(self, in_use: str | None) -> tuple[ModelView, ...]:
        """Return every model; `in_use` is the name of the loaded one."""
        return tuple(self._view(entry, in_use) for entry in self._store.entries)

    def _view(self, entry: ModelEntry, in_use: str | None) -> ModelView:
        return ModelView(
            name=entry.name,
            label=entry.label,
            size_mib=self._installed_bytes.get(entry.name, entry.size_bytes) >> 20,
            languages=entry.languages,
            is_installed=entry.name in self._installed_bytes,
            is_in_use=entry.name == in_use,
            progress=self._progress.get(entry.name),
            problem=self._problems.get(entry.name),
        )

    async def _fetch(self, name: str) -> None:
        self._problems.pop(name, None)
        self._progress[name] = 0.0
        try:
            await self._store.fetch(name, lambda share: self._progress.update({name: share}))
        except EngineError as error:
            self._problems[name] = str(error)
            raise
        finally:
            self._progress.pop(name, None)
            self._tasks.pop(name, None)
            await self.refresh()
        self._changed(name)

    def _look(self) -> dict[str, int]:
        store, names = self._store, (entry.name for entry in self._store.entries)
        return {name: store.size_bytes(name) for name in names if store.is_installed(name)}
