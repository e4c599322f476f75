"""Sound files that programs send: transcribed aside from those that a person chose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Damaged, Rejected, Unreachable
from engine.model_store.store import ModelStore
from engine.voice.catalogue import ENGLISH
from engine.voice.file_work import FileWork
from engine.voice.files import Manner
from engine.voice.keeper import Keeper
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Segment, Transcript

NO_TRANSLATORS = ("large-v3-turbo",)
"""Models of many languages that were never taught to translate: they write down what is said."""


@dataclass(frozen=True, slots=True)
class UploadOrder:
    """What is wanted of a file."""

    model: str = ""
    """"" for the one of the settings."""
    language: str | None = None
    """Code of the one that is spoken; None as in the settings."""
    manner: Manner = Manner()
    is_kept: bool = False
    """The text goes into the history."""


class Uploads:
    """Transcribes files for programs. For the engines' loop.

    settings: returns what counts now.
    """

    def __init__(
        self,
        work: FileWork,
        keeper: Keeper,
        models: ModelStore,
        settings: Callable[[], VoiceSettings],
    ) -> None:
        self._work = work
        self._keeper = keeper
        self._models = models
        self._settings = settings

    async def transcribe(
        self,
        path: Path,
        *,
        name: str,
        order: UploadOrder,
        heard: Callable[[Segment], None] | None = None,
    ) -> Transcript:
        """Return the text of the file at `path`, which its sender calls `name`.

        heard: told each segment as soon as it is known, on this loop, before this returns.
        Cancelling it cancels the work. Raises Rejected for a model that is not here or cannot do
        it, and for a file that is no sound; Refused, Unreachable, Damaged.
        """
        settings = self._settings()
        model = order.model or settings.model
        await asyncio.to_thread(self._check, model, order.manner)
        language = order.language or settings.language
        loop = asyncio.get_running_loop()

        def tell(segment: Segment) -> None:
            if heard is not None:
                loop.call_soon_threadsafe(heard, segment)

        try:
            transcript = await self._work.transcribe_quietly(
                path,
                model=model,
                language=None if language == "auto" else language,
                manner=order.manner,
                heard=tell,
            )
        except Damaged as error:
            if str(path) not in str(error):
                raise
            # Where it lies on this machine is no business of whoever sent it.
            message = str(error).replace(str(path), name)
            raise Rejected(message, code="invalid_file", param="file") from error
        if order.is_kept:
            await self._keeper.add_file(name, transcript)
        return transcript

    def _check(self, model: str, manner: Manner) -> None:
        """Raise Rejected where `model` is not here or cannot do what is wanted."""
        known = {entry.name: entry for entry in self._models.entries}
        if model not in known:
            raise Rejected(
                f"There is no speech model '{model}'; known are {', '.join(known)}",
                status=404,
                code="model_not_found",
                param="model",
            )
        is_taught = known[model].languages != ENGLISH and model not in NO_TRANSLATORS
        if manner.task == "translate" and not is_taught:
            raise Rejected(
                f"The speech model '{model}' cannot translate: ask for base, small or large-v3",
                param="model",
            )
        try:
            self._models.locate(model)
        except Unreachable as error:
            raise Rejected(str(error), status=404, code="model_not_found", param="model") from error
