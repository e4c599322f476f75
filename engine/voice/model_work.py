"""Speech models being fetched, and what of them the world may see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.errors import EngineError
from engine.model_store.ports import ModelEntry
from engine.model_store.store import ModelStore
from engine.voice.ports import DecoderFactory, SpeechDecoder
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import ModelView


class ModelWork:
    """Fetches, removes and loads models. All but `load` is called from the engines' loop.

    changed: called with a model's name once its files are here or gone.
    """

    def __init__(
        self, store: ModelStore, decoders: DecoderFactory, *, changed: Callable[[str], None]
    ) -> None:
        self._store = store
        self._decoders = decoders
        self._changed = changed
        self._installed: frozenset[str] = frozenset()
        self._progress: dict[str, float] = {}
        self._problems: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def load(self, settings: VoiceSettings) -> SpeechDecoder:
        """Return the model that `settings` name; blocks for a second, from any thread.

        Raises SettingsError, Unreachable, Damaged, Refused.
        """
        folder = self._store.locate(settings.model)
        return self._decoders.load(
            settings.model, folder, compute=settings.compute, threads=settings.threads
        )

    async def refresh(self) -> None:
        """Look again which models are here."""
        self._installed = await asyncio.to_thread(self._look)

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

    async def aclose(self) -> None:
        """Stop what is being fetched."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def views(self, in_use: str | None) -> tuple[ModelView, ...]:
        """Return every model; `in_use` is the name of the loaded one."""
        return tuple(self._view(entry, in_use) for entry in self._store.entries)

    def _view(self, entry: ModelEntry, in_use: str | None) -> ModelView:
        return ModelView(
            name=entry.name,
            label=entry.label,
            size_mib=entry.size_bytes >> 20,
            languages=entry.languages,
            is_installed=entry.name in self._installed,
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

    def _look(self) -> frozenset[str]:
        names = (entry.name for entry in self._store.entries)
        return frozenset(name for name in names if self._store.is_installed(name))
