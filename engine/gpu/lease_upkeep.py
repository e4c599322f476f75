"""What has to be looked at from time to time: processes, idle models, and who keeps silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from engine.gpu.holders import DEAF_S
from engine.gpu.lease_holding import Holding
from engine.gpu.lease_processes import kinship
from engine.gpu.lease_rounds import LeaseRounds
from engine.gpu.leases import Ending, IdleModel
from engine.gpu.loaded_models import hold_models
from engine.gpu.ports import ProcessBook

_log = logging.getLogger(__name__)

LOOK_S = 2.0
"""How often processes are looked at, and model servers while somebody waits."""
QUIET_LOOK_S = 10.0
"""The same while nobody waits and a model server uses a card: what rests must be known before
somebody asks, who would else wait for as long as a model must have rested."""
SILENT_ASKER_S = 60.0
"""Whoever waits in the queue and has not asked for so long has gone."""
OVERUSE_SHARE, OVERUSE_MIB = 0.05, 256
"""Estimates are off by that much: below both nobody is blamed."""


class LeaseUpkeep:
    """Gives signs of life for those that live, and ends the leases of those that do not.

    handles: whether a lease of this process is still in somebody's hands.
    """

    def __init__(
        self, *, rounds: LeaseRounds, processes: ProcessBook, handles: Callable[[str], bool]
    ) -> None:
        self._rounds = rounds
        self._processes = processes
        self._handles = handles
        self._knows_idle = False
        self._looked_at_models_s = float("-inf")
        self._looked_s = rounds.clock.now()

    async def run(self) -> None:
        """Look from time to time until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - a service's outer loop
                _log.exception("the holders of leases could not be looked at")

    async def look(self) -> None:
        """Look once."""
        if len(self._rounds.book):
            await self._look_at_processes()
            self._beat()
        self._end_silent_askers()
        await self._look_at_models()
        exceeding = self._exceeding()
        unloading = self._rounds.unloading
        refused = unloading.problems() if unloading is not None else ()
        self._rounds.problems = (*exceeding, *refused)
        self._rounds.wake()

    async def _look_at_processes(self) -> None:
        rounds = self._rounds
        holdings = [each for each in rounds.book if each.root is not None]
        roots = {each.root for each in holdings if each.root is not None}
        pids = rounds.feed.pids() if roots else set()
        found = await asyncio.to_thread(kinship, self._processes, roots, pids)
        rounds.feed.know(found)
        for holding in holdings:
            if holding.root not in found.living and holding.ending is None:
                ending = Ending.LOST if holding.is_held else Ending.CANCELLED
                rounds.end(holding, ending, f"{holding.request.name}: its process has ended")

    def _beat(self) -> None:
        """Give a sign of life for those whose process lives, or whose handle is held here."""
        rounds, now_s = self._rounds, self._rounds.clock.now()
        for holding in rounds.book:
            if self._is_alive(holding):
                holding.heard_s = now_s
                rounds.allocator.heartbeat(holding.request.id, now_s)

    def _is_alive(self, holding: Holding) -> bool:
        if holding.is_ours:
            return self._handles(holding.request.id)
        return holding.root is not None and holding.root in self._rounds.feed.kin.living

    def _end_silent_askers(self) -> None:
        now_s = self._rounds.clock.now()
        slept, self._looked_s = now_s - self._looked_s > DEAF_S, now_s
        for holding in self._rounds.book:
            if holding.is_held or holding.is_ours or holding.waiters:
                continue
            if slept:
                holding.heard_s = now_s
            if now_s - (holding.heard_s or now_s) >= SILENT_ASKER_S:
                reason = f"{holding.request.name}: nobody has asked for it for a while"
                self._rounds.end(holding, Ending.CANCELLED, reason)

    async def _look_at_models(self) -> None:
        rounds = self._rounds
        unloading, now_s = rounds.unloading, rounds.clock.now()
        somebody_waits = any(not each.settled.is_set() for each in rounds.book)
        may_hold = hold_models(rounds.feed.cards)
        is_due = may_hold and now_s - self._looked_at_models_s >= QUIET_LOOK_S
        if unloading is None or not rounds.settings().unload_idle_models:
            models: tuple[IdleModel, ...] = ()
        elif somebody_waits or is_due:
            self._looked_at_models_s = now_s
            models = await unloading.idle(rounds.feed.cards)
        elif may_hold:
            return
        else:
            models = ()
        if not models and not self._knows_idle and not somebody_waits:
            return
        self._knows_idle = bool(models)
        rounds.allocator.idle_models(models)
        rounds.feed.see_again(rounds.clock.now())

    def _exceeding(self) -> list[str]:
        """Return who uses more than promised; where the user wants it, they are asked to leave."""
        found = []
        for holding in self._rounds.book:
            promised_mib, over_mib = holding.request.vram_mib, holding.overuse_mib
            if not holding.is_held or over_mib <= max(OVERUSE_MIB, OVERUSE_SHARE * promised_mib):
                continue
            words = f"uses {over_mib} MiB more than the {promised_mib} MiB of its lease"
            found.append(f"{holding.request.name} {words}: ask for more, or end it")
            if self._rounds.settings().ask_to_leave_if_exceeding:
                self._rounds.ask_to_leave(holding, f"it {words}")
        return found
