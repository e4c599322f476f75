"""Cards that several hosts see: nobody is given memory of one before the others know of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from engine.clock import Clock
from engine.errors import EngineError, OutsideError, Overloaded
from engine.gpu.allocator import Allocator
from engine.gpu.hosts import CardTold, HostPromise
from engine.gpu.leases import Grant
from engine.gpu.ports import CardTurn, LeaseShare

_log = logging.getLogger(__name__)

RENEW_S = 2.0
"""How often a host shows itself and what it has promised: within every pause that counts as one."""
PROMISE_S = 15.0
"""What a host has promised is forgotten so long after it fell silent."""
SETTLE_S = 6.0
"""After a pause all hosts have so long to show themselves before anything is granted."""
SHORTEST_PAUSE_S = 0.01
GOODBYE_S = 1.0

NOBODY_KNOWS = "waits: Redis is away, and another host may share this card"
IS_AWAY = "waits: Redis is away, and another host shares this card"
IS_NEW = "waits a few seconds: hosts that share this card tell what they hold"


@dataclass(slots=True)
class _Standing:
    """What is known of one card."""

    others: tuple[HostPromise, ...] = ()
    steady_since_s: float | None = None
    """None: nothing was ever heard."""
    is_settled: bool = False
    """All hosts had shown themselves when something was last heard."""


class LeaseSharing:
    """Asks the other hosts before a grant is carried out, and tells them what is held.

    cards: those that are given out. promised: what this host has given out of a card, and how
    much of that is in use, in MiB. carry_out: is called with a grant that all may know of.
    changed: is called when there may be other room than before. share: None for no other hosts.
    """

    def __init__(
        self,
        *,
        share: LeaseShare | None,
        is_wanted: Callable[[], bool],
        allocator: Allocator,
        clock: Clock,
        cards: Callable[[], Iterable[str]],
        promised: Callable[[str], tuple[int, int]],
        carry_out: Callable[[Grant], None],
        changed: Callable[[], None],
    ) -> None:
        self._share = share
        self._is_wanted = is_wanted
        self._allocator = allocator
        self._clock = clock
        self._cards = cards
        self._promised = promised
        self._carry_out = carry_out
        self._changed = changed
        self._standings: dict[str, _Standing] = {}
        self._asked: dict[str, Grant] = {}
        self._is_away = False
        self._is_in_force = False
        self._wake = asyncio.Event()

    @property
    def is_on(self) -> bool:
        """Whether there may be other hosts."""
        return self._share is not None and self._share.is_there and self._is_wanted()

    def is_asked(self, request_id: str) -> bool:
        """Tell whether a grant waits for the other hosts."""
        return request_id in self._asked

    def forget(self, request_id: str) -> bool:
        """Ask for a grant no more; tell whether it was asked for."""
        return self._asked.pop(request_id, None) is not None

    def takes(self, grant: Grant) -> bool:
        """Tell whether a grant waits for the other hosts; else it may be carried out at once."""
        if not self.is_on or (self._is_away and not any(map(self.why_shut, grant.card_ids))):
            return False
        self._asked[grant.request_id] = grant
        self._wake.set()
        return True

    def why_shut(self, card_id: str) -> str | None:
        """Return why nothing more of a card may be given out now; None where it may."""
        known = self._standings.get(card_id)
        if not self.is_on:
            return None
        if known is None or known.steady_since_s is None:
            return NOBODY_KNOWS
        if self._is_away:
            if known.others:
                return IS_AWAY
            return None if known.is_settled else NOBODY_KNOWS
        return IS_NEW if self._clock.now() - known.steady_since_s < SETTLE_S else None

    def prepare(self) -> None:
        """Let the allocator know, before it decides, what others have promised."""
        if not self.is_on and not self._is_in_force:
            return
        self._is_in_force = self.is_on
        for card_id in self._cards():
            known = self._standings.get(card_id) if self.is_on else None
            others = known.others if known else ()
            self._allocator.share(
                card_id,
                sum(each.promised_mib for each in others),
                sum(each.seen_mib for each in others),
                is_shut=self.why_shut(card_id) is not None,
            )

    async def run(self) -> None:
        """Ask and tell until cancelled."""
        renew_s = float("-inf")
        while True:
            try:
                await self._ask_all()
                if self._clock.now() >= renew_s:
                    renew_s = self._clock.now() + RENEW_S
                    await self._renew()
            except Exception:  # noqa: BLE001 - a service's outer loop
                _log.exception("what other hosts hold could not be read")
                self._is_away = True
            self._changed()
            await self._pause(renew_s - self._clock.now())

    async def aclose(self) -> None:
        """Tell the other hosts what is still held. Never raises; may be called twice."""
        if self._share is None or not self.is_on or self._is_away:
            return
        try:
            async with asyncio.timeout(GOODBYE_S):
                for card_id in self._standings:
                    async with self._share.turn(card_id) as turn:
                        promise = self._promise(self._share, card_id)
                        await turn.write(promise if promise.promised_mib else None, PROMISE_S)
        except (EngineError, TimeoutError):
            return  # what was promised ends by itself

    # --- inside ---

    async def _ask_all(self) -> None:
        for grant in list(self._asked.values()):
            if self._share is None or not self.is_on:
                agreed = True
            else:
                agreed = await self._agreed(self._share, grant)
            if not self.forget(grant.request_id):
                continue  # it was given up meanwhile; what was told is corrected by a renewal
            if agreed:
                self._carry_out(grant)
            else:
                self._allocator.take_back(grant.request_id)

    async def _agreed(self, share: LeaseShare, grant: Grant) -> bool:
        """Return whether all hosts know of the grant, and there is room for it."""
        try:
            async with AsyncExitStack() as stack:
                turns: dict[str, CardTurn] = {}
                for card_id in sorted(grant.card_ids):  # the same order everywhere: no deadlock
                    turns[card_id] = await stack.enter_async_context(share.turn(card_id))
                    self._hear(share, card_id, await turns[card_id].read())
                self._is_away = False
                self.prepare()
                return all(self._has_room(card_id, grant) for card_id in turns) and all(
                    [await self._told(share, turns[card_id], card_id, grant) for card_id in turns]
                )
        except OutsideError:
            self._is_away = True
        except Overloaded:
            pass
        return False

    def _has_room(self, card_id: str, grant: Grant) -> bool:
        """Tell whether the grant fits beside all that others hold, later grants not counted."""
        if self.why_shut(card_id) is not None or grant.request_id not in self._asked:
            return False
        later_mib, is_later = 0, False
        for each in self._asked.values():
            if is_later and card_id in each.card_ids:
                later_mib += self._allocator.granted_mib(each.request_id)
            is_later = is_later or each is grant
        return self._allocator.spare_mib(card_id) + later_mib >= 0

    async def _told(self, share: LeaseShare, turn: CardTurn, card_id: str, grant: Grant) -> bool:
        mib = self._allocator.granted_mib(grant.request_id)
        return await turn.write(self._promise(share, card_id, mib), PROMISE_S) and turn.is_held

    async def _renew(self) -> None:
        """Show the other hosts what is held here, and hear what they hold."""
        share = self._share
        if share is None or not self.is_on:
            self._standings.clear()
            return
        try:
            for card_id in list(self._cards()):
                promise = self._promise(share, card_id)
                self._hear(share, card_id, await share.show(card_id, promise, PROMISE_S))
            self._is_away = False
        except OutsideError:
            self._is_away = True

    def _hear(self, share: LeaseShare, card_id: str, told: CardTold) -> None:
        standing = self._standings.setdefault(card_id, _Standing())
        standing.others = tuple(each for each in told.promises if each.host_id != share.host_id)
        standing.steady_since_s = self._clock.now() - told.steady_s
        standing.is_settled = told.steady_s >= SETTLE_S

    def _promise(self, share: LeaseShare, card_id: str, more_mib: int = 0) -> HostPromise:
        promised_mib, seen_mib = self._promised(card_id)
        return HostPromise(share.host_id, share.host_name, promised_mib + more_mib, seen_mib)

    async def _pause(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(max(SHORTEST_PAUSE_S, wait_s)):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
