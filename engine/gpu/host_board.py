"""What this host tells the others of its cards and leases, and what they told it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import msgspec

from engine.clock import Clock
from engine.gpu.cards import CardNow
from engine.gpu.hosts import HostCard, HostLease, HostLeases
from engine.gpu.lease_views import LeasesSnapshot, LeaseView
from engine.gpu.ports import LeaseShare

_log = logging.getLogger(__name__)

TELL_S = 2.0
FORGET_S = 10.0
"""A host that has told nothing for so long is not shown any more."""
MOST_HOSTS = 100
MOST_LEASES = 50
"""Of a host, as many that hold and as many that wait."""


class HostBoard:
    """Shows hosts to each other. look: returns what is to be told of this one."""

    def __init__(
        self,
        *,
        share: LeaseShare,
        is_on: Callable[[], bool],
        clock: Clock,
        look: Callable[[], tuple[Iterable[CardNow], LeasesSnapshot]],
        changed: Callable[[], None],
    ) -> None:
        self._share = share
        self._is_on = is_on
        self._clock = clock
        self._look = look
        self._changed = changed
        self._heard: dict[str, HostLeases] = {}

    def others(self) -> tuple[HostLeases, ...]:
        """Return the other hosts that told of themselves lately, by name."""
        oldest_s = self._clock.now() - FORGET_S
        alive = {key: each for key, each in self._heard.items() if each.heard_s > oldest_s}
        self._heard = alive if self._is_on() else {}
        return tuple(sorted(self._heard.values(), key=lambda each: (each.name, each.id)))

    async def tell(self) -> None:
        """Tell of this host from time to time until cancelled."""
        while True:
            try:
                if self._is_on():
                    await self._share.tell(self._message())
                    self._changed()
            except Exception:  # noqa: BLE001 - a service's outer loop
                _log.exception("other hosts could not be told of leases")
            await asyncio.sleep(TELL_S)

    async def listen(self) -> None:
        """Hear the others until cancelled."""
        while True:
            try:
                if self._is_on():
                    await self._share.listen(self._hear)
            except Exception:  # noqa: BLE001 - a service's outer loop
                _log.exception("other hosts could not be heard")
            await asyncio.sleep(TELL_S)

    def _message(self) -> dict[str, Any]:
        cards, shown = self._look()
        told = HostLeases(
            id=self._share.host_id,
            name=self._share.host_name,
            cards=tuple(_card(each, shown) for each in cards),
            leases=tuple(_lease(each) for each in shown.held[:MOST_LEASES]),
            queue=tuple(_lease(each) for each in shown.queue[:MOST_LEASES]),
        )
        message: dict[str, Any] = msgspec.to_builtins(told)
        return message

    def _hear(self, message: dict[str, Any]) -> None:
        try:
            told = msgspec.convert(message, HostLeases)
        except msgspec.ValidationError as error:
            _log.warning("another host told what cannot be read: %s", error)
            return
        if told.id == self._share.host_id or not self._is_on():
            return
        if told.id in self._heard or len(self._heard) < MOST_HOSTS:
            self._heard[told.id] = replace(told, heard_s=self._clock.now())
            self._changed()


def _card(now: CardNow, shown: LeasesSnapshot) -> HostCard:
    room = shown.rooms.get(now.card.id)
    return HostCard(
        id=now.card.id,
        name=now.card.name,
        total_mib=now.card.memory_total_mib,
        used_mib=now.reading.memory_used_mib,
        leased_mib=0 if room is None else room.leased_mib,
    )


def _lease(view: LeaseView) -> HostLease:
    return HostLease(
        name=view.name,
        state=str(view.state),
        vram_mib=view.vram_mib,
        cards=view.cards,
        card_ids=view.card_ids,
        used_mib=view.used_mib,
        reason=view.reason,
    )
