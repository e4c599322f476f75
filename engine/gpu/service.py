"""Watches the machine and its graphics cards from threads of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from engine.clock import Clock
from engine.errors import OutsideError
from engine.gpu.cards import CardNow
from engine.gpu.history import Gauge, Span
from engine.gpu.lease_desk import LeaseDesk
from engine.gpu.lease_handle import Allocation, LeaseHandle
from engine.gpu.lease_orders import USUAL_DURATION_MS, Wishes, order_of
from engine.gpu.leases import Priority
from engine.gpu.outside import LeaseOutside, Lending
from engine.gpu.ports import CardBackend, HostProbe, ProcessBook
from engine.gpu.rates import Rates
from engine.gpu.settings import ResourceSettings
from engine.gpu.snapshot import HostReading, ResourceSnapshot
from engine.gpu.watch import CardWatch
from engine.lifecycle import Service
from engine.telemetry import Series

_log = logging.getLogger(__name__)

STALE_PERIODS = 3
"""A reading older than this many periods is said to be stale: two may be late, not three."""

STALE_GRACE_S = 1.0
"""What a busy machine may delay a reading beyond that."""

USUAL_LENDING = Lending()
"""A value without memory: all may share it."""

LONGEST_GOODBYE_S = 2.0
"""How long closing waits for a probe that hangs; its thread is a daemon and dies with us."""


@dataclass(frozen=True, slots=True)
class _Latest:
    """What the sampler last saw."""

    host: HostReading | None
    taken_s: float
    problem: str | None


class VisionResourceManager(Service[ResourceSnapshot]):
    """The machine's resources.

    One thread makes every call to the probe, because such calls block and can hang. Whoever
    reads a snapshot meanwhile sees how old the last reading is. The cards have threads of their
    own: a driver that hangs must not stop the host's charts. Their memory is given out by leases.

    lending: how that is done; by itself, no model leaves and no lease outlives the application.
    """

    def __init__(
        self,
        *,
        settings: ResourceSettings,
        probe: HostProbe,
        backends: Sequence[CardBackend] = (),
        book: ProcessBook,
        clock: Clock,
        lending: Lending = USUAL_LENDING,
    ) -> None:
        self._settings = settings
        self._book = book
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch = CardWatch(
            backends=backends, book=book, rates=_rates(settings), clock=clock, took=self._took
        )
        outside = LeaseOutside(source=self._watch, processes=book, clock=clock, lending=lending)
        self.leases = LeaseDesk(settings=lambda: self._settings, outside=outside)
        self._probe = probe
        self._clock = clock
        self._cpu_percent = Series("cpu", "%")
        self._memory_percent = Series("memory", "%")
        self._latest = _Latest(None, clock.now(), None)
        self._wake = threading.Event()
        self._is_closing = False
        self._sampler = threading.Thread(target=self._sample_until_closed, name="gpu", daemon=True)

    async def start(self) -> None:
        """Begin to read; the first reading arrives within milliseconds."""
        self._latest = _Latest(None, self._clock.now(), None)
        self._loop = asyncio.get_running_loop()
        await self.leases.open()
        self._sampler.start()
        self._watch.start()

    async def aclose(self) -> None:
        """End the sampler. Never raises; may be called twice."""
        self._is_closing = True
        self._wake.set()
        await self.leases.aclose()
        if self._sampler.ident is not None:
            await asyncio.to_thread(self._sampler.join, LONGEST_GOODBYE_S)
            if self._sampler.is_alive():
                _log.warning("the probe hangs: its thread is left behind")
        await asyncio.to_thread(self._watch.close, LONGEST_GOODBYE_S)

    async def change_settings(self, settings: ResourceSettings) -> None:
        """Use `settings` from the next reading on, which is taken now."""
        self._settings = settings
        self._watch.change_rates(_rates(settings))
        self._wake.set()

    def snapshot(self) -> ResourceSnapshot:
        """Return the newest reading, its age and what was read before."""
        latest, now_s, leases = self._latest, self._clock.now(), self.leases.snapshot()
        return ResourceSnapshot(
            taken_s=now_s,
            host=latest.host,
            age_s=None if latest.host is None else now_s - latest.taken_s,
            problem=latest.problem or self._lateness(now_s - latest.taken_s),
            cpu_percent=self._cpu_percent.latest(),
            memory_percent=self._memory_percent.latest(),
            cards=_with_leases(self._watch.cards(), leases.lease_of_pid),
            cards_problem=self._watch.problem(),
            leases=leases,
        )

    def allocate_resources(
        self,
        vram_required: int,
        priority: str | Priority = "normal",
        duration: float = USUAL_DURATION_MS,
        **wishes: Unpack[Wishes],
    ) -> Allocation:
        """Return a lease to be awaited, or entered by `async with`; on the engines' loop.

        vram_required: MiB on each card. priority: low, normal, high or urgent. duration: ms after
        which it ends unless it is renewed. Awaiting it raises Rejected where it can never be,
        Overloaded where too many wait, Refused where the application closes meanwhile.
        """

        async def ask() -> LeaseHandle:
            return await self.leases.allocate(order_of(vram_required, priority, duration, wishes))

        return Allocation(ask)

    async def end_process(self, pid: int, started_s: float) -> None:
        """Ask a process of this user to end; `started_s`, wall time, says which it is for good.

        Raises Unreachable where it has ended, Refused where it may not be ended.
        """
        await asyncio.to_thread(self._book.end, pid, started_s)

    def history(self, card_id: str, gauge: Gauge, span: Span) -> NDArray[np.float64]:
        """Return the last `span` of a card's gauge, oldest first; no rows for an unknown card.

        Shape (n, 4): seconds of the engine's clock, lowest value, mean, highest value; from any
        thread.
        """
        return self._watch.history(card_id, gauge, span)

    def hurry(self, for_s: float) -> None:
        """Read the cards' memory often for some seconds: a model loads, or memory is awaited."""
        self._watch.hurry(for_s)

    def _took(self, cards: tuple[CardNow, ...]) -> None:
        """Hand readings to the engines' loop; called on a sampler's thread."""
        if self._loop is not None and not self._is_closing:
            with contextlib.suppress(RuntimeError):  # the loop has just been closed
                self._loop.call_soon_threadsafe(self.leases.see, cards)

    def _lateness(self, age_s: float) -> str | None:
        is_watching = self._sampler.is_alive() and not self._is_closing
        limit_s = STALE_PERIODS * self._settings.sample_period_s + STALE_GRACE_S
        if not is_watching or age_s <= limit_s:
            return None
        return f"The system has not answered for {age_s:.0f} s: what is shown is old."

    def _sample_until_closed(self) -> None:
        while not self._is_closing:
            try:
                self._sample()
            except OutsideError as error:
                self._keep_problem(str(error))
            except Exception as error:  # noqa: BLE001  a service's outer loop
                _log.exception("the machine could not be read")
                self._keep_problem(f"The machine could not be read ({error}).")
            self._wake.wait(self._settings.sample_period_s)
            self._wake.clear()

    def _sample(self) -> None:
        host, now_s = self._probe.read(), self._clock.now()
        if host.cpu_percent is not None:
            self._cpu_percent.append(now_s, host.cpu_percent)
        if host.memory_used_mib is not None and host.memory_total_mib:
            share = 100 * host.memory_used_mib / host.memory_total_mib
            self._memory_percent.append(now_s, share)
        self._latest = _Latest(host, now_s, None)

    def _keep_problem(self, problem: str) -> None:
        self._latest = _Latest(self._latest.host, self._latest.taken_s, problem)


def _rates(settings: ResourceSettings) -> Rates:
    return Rates(
        memory_s=settings.card_memory_period_s,
        load_s=settings.card_load_period_s,
        heat_s=settings.card_heat_period_s,
        link_s=settings.card_link_period_s,
        processes_s=settings.card_process_period_s,
    )


def _with_leases(
    cards: tuple[CardNow, ...], lease_of_pid: Mapping[int, str]
) -> tuple[CardNow, ...]:
    """Return `cards` with the lease that each process belongs to."""
    return tuple(_with_lease(card, lease_of_pid) for card in cards) if lease_of_pid else cards


def _with_lease(card: CardNow, lease_of_pid: Mapping[int, str]) -> CardNow:
    processes = card.reading.processes
    if not processes:
        return card
    told = tuple(replace(each, lease=lease_of_pid.get(each.pid)) for each in processes)
    return replace(card, reading=replace(card.reading, processes=told))
