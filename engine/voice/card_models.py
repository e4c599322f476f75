"""Opens speech models, those on graphics cards in room that is asked for."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from engine.clock import Clock
from engine.errors import Refused, TimedOut
from engine.model_room import ModelRoom, OwnStay, RoomWish, Stay, Tenant
from engine.voice.card_decoder import CardDecoder, CardPlan
from engine.voice.model_memory import needed_mib
from engine.voice.ports import DecoderFactory, SpeechDecoder
from engine.voice.settings import VoiceSettings

PATIENCE_S = 15.0
"""Longest wait for room before a model is loaded on the CPU: holders have 10 s to leave, models of
servers are gone within 8."""
SILENCE_S = 30.0
"""Beyond that nobody answers."""
NUMBERS = "int8_float16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a copy of a model is for."""

    label: str = ""
    """Follows the model's name."""
    priority: Literal["normal", "high"] = "normal"
    in_use: Callable[[], bool] = lambda: False
    """Whether it must stay although it does nothing at the moment."""


class CardModels:
    """Opens speech models; knows those that may be on a card. Any thread may use it.

    room: asked on the loop that `bind` names; before that, models are loaded as if alone.
    """

    def __init__(self, decoders: DecoderFactory, room: ModelRoom, *, clock: Clock) -> None:
        self._decoders = decoders
        self._room = room
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: list[CardDecoder] = []
        self._lock = threading.Lock()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ask for room on `loop` from now on."""
        self._loop = loop

    def open(
        self, name: str, folder: Path, settings: VoiceSettings, purpose: Purpose
    ) -> SpeechDecoder:
        """Return the model in `folder`. Blocks for seconds.

        Raises Damaged where its files are, Refused where `settings.compute` cannot be had.
        """

        def load(compute: str, card: str | None) -> SpeechDecoder:
            threads = settings.threads
            return self._decoders.load(name, folder, compute=compute, threads=threads, card=card)

        if not self._decoders.wants_card(settings.compute):
            return load(settings.compute, None)
        plan = CardPlan(
            model=name,
            wish=RoomWish(
                name=f"Whisper {name}{purpose.label}",
                model=f"Whisper {name} {NUMBERS}",
                needs=needed_mib(folder),
                priority=purpose.priority,
                patience_s=PATIENCE_S,
            ),
            load=load,
            ask=self._ask,
            is_card_a_must=settings.compute == "cuda",
            in_use=purpose.in_use,
        )
        decoder = CardDecoder(plan, clock=self._clock)
        decoder.open()
        with self._lock:
            self._open = [*(each for each in self._open if not each.is_closed), decoder]
        return decoder

    def stop_loading(self) -> None:
        """Let what is being loaded end soon, with Refused, and load nothing more."""
        self._decoders.stop()

    def close(self) -> None:
        """Free the memory of all. Blocks until the decodes in hand are done."""
        for decoder in self._open:
            decoder.close()

    def _ask(self, wish: RoomWish, tenant: Tenant, patience_s: float) -> Stay:
        """Return room; blocks. Raises as `ModelRoom.hold`, and TimedOut, Refused."""
        if self._loop is None:
            return OwnStay()
        asking = self._room.hold(replace(wish, patience_s=patience_s), tenant)
        try:
            answer = asyncio.run_coroutine_threadsafe(asking, self._loop)
        except RuntimeError as error:
            asking.close()
            raise Refused("the application is closing") from error
        try:
            return answer.result(patience_s + SILENCE_S)
        except concurrent.futures.CancelledError as error:
            raise Refused("the application is closing") from error
        except TimeoutError as error:
            if not answer.cancel():
                return answer.result()
            raise TimedOut("who gives out graphics memory does not answer") from error
