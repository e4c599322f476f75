"""Reads the cards of one vendor from a thread of its own, and sees when the driver hangs.

Each vendor has its own thread, because a call into a driver that hangs cannot be taken back: then
its cards are said to be silent, and those of the others, and the host, go on. All calls to one
vendor come from one thread, as they would wait for the driver's one lock anyway.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.clock import Clock
from engine.errors import OutsideError
from engine.gpu.cards import Card, CardNow, CardProcess, CardState, Group
from engine.gpu.history import CardHistory, Gauge, Span
from engine.gpu.ports import CardBackend, ProcessBook
from engine.gpu.rates import Pace, Rates, Schedule

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

SILENT_S = 3.0
"""A call that takes longer hangs: the slowest known, process lists of 8 cards, takes 0.1 s."""

LOOK_AGAIN_S = 10.0
"""How often cards, or a driver, that are not there are looked for."""

ATTENTION_S = 5.0
"""How long after it was last asked for the cards somebody is taken to look."""

JUMP_MIB = 64
"""Memory that moves this much between two readings: something loads, or unloads."""

HURRY_S = 2.0
"""How long after a jump memory is read often."""

PROCESSES_S = 1.0
"""Process lists, the dearest of all, are not read oftener for whatever jumps."""

SILENT = (
    "The driver has not answered for {silence_s:.0f} s: what is shown is old. If that stays so, "
    "start the machine anew."
)
GONE = "The card is not there any more: it was pulled out, or its driver was unloaded."


@dataclass(slots=True)
class _Watched:
    """A card, what was last read of it, and when."""

    now: CardNow
    memory_s: float | None = None
    processes_s: float | None = None
    has_jumped: bool = False
    history: CardHistory = field(default_factory=CardHistory)


class Sampler:
    """The cards of one vendor. `run` is the thread's work; all else may be called from any thread.

    took: told the cards after each reading of memory, on the sampler's thread.
    """

    def __init__(
        self,
        *,
        backend: CardBackend,
        book: ProcessBook,
        rates: Rates,
        clock: Clock,
        took: Callable[[tuple[CardNow, ...]], None] = lambda cards: None,
    ) -> None:
        self._backend = backend
        self._book = book
        self._clock = clock
        self._took = took
        self._schedule = Schedule(rates)
        self._watched: dict[str, _Watched] = {}
        self._there: set[str] = set()
        self._is_open = False
        self._next_open_s = clock.now()
        self._called_s: float | None = None
        self._looked_s = clock.now()
        self._hurried_until_s = clock.now()
        self._wake = threading.Event()
        self._is_closing = False
        self._problem: str | None = None
        self.has_looked = False
        """Whether it is known by now which cards there are."""

    # --- what others see and want ---

    def cards(self) -> tuple[CardNow, ...]:
        """Return the cards as last read, with the age of that; from now on somebody looks."""
        is_new, self._looked_s = self._pace() is Pace.RESTING, self._clock.now()
        if is_new:
            self._wake.set()
        return self._seen()

    @property
    def card_ids(self) -> tuple[str, ...]:
        """The cards that were ever seen."""
        return tuple(self._watched)

    @property
    def problem(self) -> str | None:
        """Why there are no readings, and what helps."""
        silence_s = self._silence_s()
        return self._problem if silence_s < SILENT_S else SILENT.format(silence_s=silence_s)

    @property
    def silent_ids(self) -> tuple[str, ...]:
        """The cards, all or none, whose driver does not answer."""
        return () if self._silence_s() < SILENT_S else self.card_ids

    def history(self, card_id: str, gauge: Gauge, span: Span) -> NDArray[np.float64] | None:
        """Return a CardHistory's window of the card; None where it is not of this vendor."""
        watched = self._watched.get(card_id)
        return None if watched is None else watched.history.window(gauge, span, self._clock.now())

    def hurry(self, for_s: float) -> None:
        """Read memory often for some seconds: a model loads, or memory is awaited."""
        self._hurried_until_s = max(self._hurried_until_s, self._clock.now() + for_s)
        self._wake.set()

    def change_rates(self, rates: Rates) -> None:
        """Use `rates` from the next reading on."""
        self._schedule.change(rates)
        self._wake.set()

    def close(self) -> None:
        """Ask the thread to end; it does when the call it is in returns."""
        self._is_closing = True
        self._wake.set()

    def _seen(self) -> tuple[CardNow, ...]:
        now_s, silence_s = self._clock.now(), self._silence_s()
        return tuple(_aged(each, now_s, silence_s) for each in self._watched.values())

    def _silence_s(self) -> float:
        called_s = self._called_s
        return 0.0 if called_s is None else self._clock.now() - called_s

    def _pace(self) -> Pace:
        now_s = self._clock.now()
        if now_s < self._hurried_until_s:
            return Pace.HURRIED
        return Pace.WATCHED if now_s - self._looked_s <= ATTENTION_S else Pace.RESTING

    # --- the thread ---

    def run(self) -> None:
        """Read until closed."""
        while not self._is_closing:
            try:
                wait_s = self.round()
            except Exception as error:  # noqa: BLE001 - a service's outer loop
                _log.exception("the cards could not be read")
                wait_s = self._lose(f"The cards could not be read ({error}).")
            self._wake.wait(wait_s)
            self._wake.clear()
        self._backend.close()

    def round(self) -> float:
        """Read what is due and return the seconds until something is again."""
        try:
            return self._round()
        except OutsideError as error:
            return self._lose(str(error))
        finally:
            self._called_s = None
            self.has_looked = True

    def _round(self) -> float:
        if not self._is_open:
            left_s = self._next_open_s - self._clock.now()
            if left_s > 0:
                return left_s
            self._call(self._backend.open)
            self._is_open, self._problem = True, None
            self._schedule.forget()
        pace = self._pace()
        groups = self._schedule.take(self._clock.now(), pace)
        if Group.HEAT in groups and self._list(self._call(self._backend.cards)):
            self._schedule.forget()
            groups = self._schedule.take(self._clock.now(), pace)
        if not self._watched:
            return self._close()
        for watched in self._watched.values() if groups else ():
            is_worth_it = watched.now.state is CardState.READY or Group.HEAT in groups
            if is_worth_it and watched.now.card.id in self._there:
                self._read(watched, groups)
        if Group.MEMORY in groups:
            self._took(self._seen())
        return self._schedule.wait_s(self._clock.now(), self._pace())

    def _call(self, function: Callable[[], _Result]) -> _Result:
        """Call the vendor's library; the time is noted, so that others see whether it hangs."""
        self._called_s = self._clock.now()
        return function()

    def _list(self, cards: tuple[Card, ...]) -> bool:
        """Take in which cards there are, and tell whether one is new."""
        self._there = {card.id for card in cards}
        fresh = {card.id: _Watched(CardNow(card)) for card in cards if card.id not in self._watched}
        # A new dict: others go through the old one meanwhile.
        self._watched = {**self._watched, **fresh}
        for watched in self._watched.values():
            if watched.now.card.id not in self._there and watched.now.state is not CardState.LOST:
                watched.now = replace(watched.now, state=CardState.LOST, reason=GONE)
        return bool(fresh)

    def _read(self, watched: _Watched, groups: frozenset[Group]) -> None:
        now_s, before = self._clock.now(), watched.now
        if watched.has_jumped and now_s - (watched.processes_s or 0) >= PROCESSES_S:
            groups |= {Group.PROCESSES}
        found = self._call(lambda: self._backend.read(before, groups))
        if found.state is CardState.READY:
            now_s = self._clock.now()
            if Group.PROCESSES in groups:
                watched.processes_s, watched.has_jumped = now_s, False
                found = replace(found, reading=replace(found.reading, processes=self._named(found)))
            if Group.MEMORY in groups:
                watched.memory_s = now_s
                self._notice_jump(watched, found)
            watched.history.add(now_s, found.reading, groups)
        watched.now = found

    def _notice_jump(self, watched: _Watched, found: CardNow) -> None:
        before, after = watched.now.reading.memory_used_mib, found.reading.memory_used_mib
        if before is None or after is None or abs(after - before) < JUMP_MIB:
            return
        watched.has_jumped = True
        self._hurried_until_s = max(self._hurried_until_s, self._clock.now() + HURRY_S)

    def _named(self, found: CardNow) -> tuple[CardProcess, ...] | None:
        processes = found.reading.processes
        return None if processes is None else tuple(self._name(each) for each in processes)

    def _name(self, process: CardProcess) -> CardProcess:
        facts = None if process.name else self._book.facts(process.pid)
        if facts is None:
            return process
        return replace(process, name=facts.name, user=facts.user, started_s=facts.started_s)

    def _lose(self, problem: str) -> float:
        """Show every card as lost, and begin anew after a while."""
        self._problem = problem
        for watched in self._watched.values():
            watched.now = replace(watched.now, state=CardState.LOST, reason=problem)
        wait_s = self._close()
        if self._watched:
            self._took(self._seen())
        return wait_s

    def _close(self) -> float:
        """Let go of the driver for a while, and return how long."""
        self._called_s = self._clock.now()
        self._backend.close()
        self._is_open, self._next_open_s = False, self._clock.now() + LOOK_AGAIN_S
        return LOOK_AGAIN_S


def _aged(watched: _Watched, now_s: float, silence_s: float) -> CardNow:
    """Return the card as others see it, after the driver was silent for so long."""
    age_s = None if watched.memory_s is None else now_s - watched.memory_s
    if silence_s < SILENT_S:
        return replace(watched.now, age_s=age_s)
    reason = SILENT.format(silence_s=silence_s)
    return replace(watched.now, state=CardState.SILENT, reason=reason, age_s=age_s)
