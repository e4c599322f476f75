"""A speech model that is on a graphics card while there is room for it, and else on the CPU."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from engine.clock import Clock
from engine.errors import EngineError, Refused
from engine.model_room import RoomWish, Stay, Tenant
from engine.voice.ports import FloatArray, Hypothesis, Passage, SpeechDecoder

WAKING_PATIENCE_S = 3.0
"""Longest wait for room while somebody's words wait to be written down."""
REST_S = 30.0
"""After so long without work a model that had to be loaded on the CPU is tried on a card again."""
RESTING = "not loaded"
NO_ROOM = "; it is tried there again after a pause"
CANNOT = "; or set voice.compute to cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlan:
    """What is loaded, and how.

    load: returns the model, on a card ("cuda", its PCI address or None) or on the CPU ("cpu",
    None); raises Damaged, Refused. ask: returns room; blocks, raises EngineError. in_use: whether
    somebody is being listened to, so that the model is needed although it does nothing.
    """

    model: str
    wish: RoomWish
    load: Callable[[str, str | None], SpeechDecoder]
    ask: Callable[[RoomWish, Tenant, float], Stay]
    is_card_a_must: bool = False
    in_use: Callable[[], bool] = lambda: False


class CardDecoder:
    """A `SpeechDecoder`, and a `Tenant` of graphics memory. Any thread may use it.

    Whoever is asked to leave frees the memory after the decode in hand; the next decode loads the
    model again, on the CPU where there is no room.
    """

    def __init__(self, plan: CardPlan, *, clock: Clock) -> None:
        self.model = plan.model
        self.note: str | None = None
        """Why the model is not on a card, and what helps; None while it is there."""
        self._plan = plan
        self._clock = clock
        self._turn = threading.Lock()
        self._decoder: SpeechDecoder | None = None
        self._stay: Stay | None = None
        self._is_working = False
        self._is_closed = False
        self._used_s = clock.now()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed for good."""
        return self._is_closed

    @property
    def compute(self) -> str:
        """Where it runs and why."""
        decoder, note = self._decoder, self.note
        kind = RESTING if decoder is None else decoder.compute
        return kind if note is None else f"{kind.split(' (')[0]} ({note})"

    def open(self) -> None:
        """Load the model. Blocks until there is room, at most as long as was wished, and longer.

        Raises Damaged, Refused.
        """
        with self._at_work():
            self._move_in(self._plan.wish.patience_s)

    def decode(self, audio: FloatArray, **asked: Any) -> Hypothesis:
        """Return what `SpeechDecoder.decode` returns, loading the model where it rests."""
        with self._at_work():
            return self._awake().decode(audio, **asked)

    def decode_passage(self, audio: FloatArray, **asked: Any) -> Passage:
        """Return what `SpeechDecoder.decode_passage` returns, loading the model where it rests."""
        with self._at_work():
            return self._awake().decode_passage(audio, **asked)

    def rest(self, reason: str) -> None:
        """Free the memory after the decode in hand; the next one loads the model again."""
        with self._turn:
            self._leave_for(reason)

    def close(self) -> None:
        """Free the memory after the decode in hand, for good. May be called twice."""
        with self._turn:
            self._is_closed = True
            self._move_out()

    # --- as a tenant ---

    def idle_s(self) -> float:
        """Return for how long nobody has needed the model; 0 while somebody does."""
        if self._is_working or self._plan.in_use():
            self._used_s = self._clock.now()
            return 0.0
        return self._clock.now() - self._used_s

    async def leave(self, reason: str) -> None:
        """Free the memory after the decode in hand."""
        await asyncio.to_thread(self._leave, reason)

    def _leave(self, reason: str) -> None:
        with self._turn:
            if self._stay is not None:
                self._leave_for(reason)

    # --- inside, in turn ---

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._turn:
            self._is_working = True
            try:
                yield
            finally:
                self._used_s, self._is_working = self._clock.now(), False

    def _awake(self) -> SpeechDecoder:
        has_rested = self._clock.now() - self._used_s >= REST_S
        if self._decoder is None or (self._stay is None and has_rested):
            self._move_in(WAKING_PATIENCE_S)
        assert self._decoder is not None
        return self._decoder

    def _move_in(self, patience_s: float) -> None:
        """Load the model on a card, where that works; else let it be on the CPU."""
        if self._is_closed:
            raise Refused(f"{self._plan.wish.name} was closed: it transcribes no more")
        try:
            self._stay = self._plan.ask(self._plan.wish, self, patience_s)
        except EngineError as error:
            self._stay_on_cpu(f"no room on a graphics card: {_open_ended(error)}{NO_ROOM}")
            return
        card = self._stay.card
        self._drop()
        try:
            with ExitStack() as undo:
                undo.callback(self._move_out)
                self._decoder = self._plan.load("cuda", None if card is None else card.pci_address)
                undo.pop_all()
        except Refused as error:
            if self._plan.is_card_a_must:
                raise
            self._stay_on_cpu(f"{_open_ended(error)}{CANNOT}")
        else:
            self.note = None

    def _stay_on_cpu(self, note: str) -> None:
        self.note = note
        if self._decoder is None:
            self._decoder = self._plan.load("cpu", None)

    def _leave_for(self, reason: str) -> None:
        self._move_out()
        self.note = f"left the graphics card, {reason}; the next sentence brings it back"

    def _move_out(self) -> None:
        self._drop()
        stay, self._stay = self._stay, None
        if stay is not None:
            stay.release()

    def _drop(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            decoder.close()


def _open_ended(error: EngineError) -> str:
    return str(error).rstrip(".")
