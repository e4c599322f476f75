"""All graphics cards of this machine: a sampler and a thread for each vendor."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.clock import Clock
from engine.gpu.cards import CardNow
from engine.gpu.history import Gauge, Span
from engine.gpu.ports import CardBackend, ProcessBook
from engine.gpu.rates import Rates
from engine.gpu.sampler import Sampler

_log = logging.getLogger(__name__)

NO_CARDS = (
    "No graphics card of NVIDIA, AMD or Intel that can be read was found: models run on the "
    "processor."
)


class CardWatch:
    """Reads the cards until closed; may be asked from any thread.

    took: told the cards of one vendor after each reading of their memory, on that vendor's thread.
    """

    def __init__(
        self,
        *,
        backends: Sequence[CardBackend],
        book: ProcessBook,
        rates: Rates,
        clock: Clock,
        took: Callable[[tuple[CardNow, ...]], None] = lambda cards: None,
    ) -> None:
        self._samplers = {
            str(backend.vendor): Sampler(
                backend=backend, book=book, rates=rates, clock=clock, took=took
            )
            for backend in backends
        }
        self._threads = [
            threading.Thread(target=sampler.run, name=f"gpu {vendor}", daemon=True)
            for vendor, sampler in self._samplers.items()
        ]

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def close(self, patience_s: float) -> None:
        """End the threads; one whose driver hangs is left behind after `patience_s`."""
        for sampler in self._samplers.values():
            sampler.close()
        for thread in self._threads:
            if thread.ident is None:
                continue
            thread.join(patience_s)
            if thread.is_alive():
                _log.warning("the driver behind %r hangs: its thread is left behind", thread.name)

    def cards(self) -> tuple[CardNow, ...]:
        """Return every card as last read; being asked counts as somebody looking."""
        return tuple(card for each in self._samplers.values() for card in each.cards())

    @property
    def has_looked(self) -> bool:
        """Whether it is known by now which cards there are."""
        return all(each.has_looked for each in self._samplers.values())

    def problem(self) -> str | None:
        """Return what is missing and what helps; None where cards are read, or not yet looked for.

        What is wrong with a card that is shown stands at the card.
        """
        samplers = self._samplers.values()
        problems = [each.problem for each in samplers if each.problem and not each.card_ids]
        if problems:
            return " ".join(problems)
        if samplers and all(each.has_looked and not each.card_ids for each in samplers):
            return NO_CARDS
        return None

    def silent_ids(self) -> frozenset[str]:
        """Return the cards whose driver does not answer."""
        return frozenset().union(*(each.silent_ids for each in self._samplers.values()))

    def history(self, card_id: str, gauge: Gauge, span: Span) -> NDArray[np.float64]:
        """Return a CardHistory's window of a card; no rows where there is no such card."""
        for sampler in self._samplers.values():
            found = sampler.history(card_id, gauge, span)
            if found is not None:
                return found
        return np.zeros((0, 4))

    def hurry(self, for_s: float) -> None:
        """Read memory often for some seconds: a model loads, or memory is awaited."""
        for sampler in self._samplers.values():
            sampler.hurry(for_s)

    def change_rates(self, rates: Rates) -> None:
        """Use `rates` from the next reading on."""
        for sampler in self._samplers.values():
            sampler.change_rates(rates)
