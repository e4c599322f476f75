"""Cards that several hosts see: nobody is given memory of one before the others know of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from engine.clock import Clock
from engine.errors import Damaged, EngineError, OutsideError, Overloaded
from engine.gpu.allocator import Allocator
from engine.gpu.claims import Claims, ends_of
from engine.gpu.host_promises import HostPromises
from engine.gpu.hosts import CardTold, HostPromise, Shared
from engine.gpu.leases import Grant, LeaseRequest
from engine.gpu.ports import CardTurn, LeaseShare

_log = logging.getLogger(__name__)

RENEW_S = 2.0
"""How often a host shows itself and what it has promised: within every pause that counts as one."""
PROMISE_S = 15.0
"""What a host has promised is forgotten so long after it fell silent."""
SETTLE_S = 6.0
"""After a pause all hosts have so long to show themselves before anything is granted."""
SHORTEST_PAUSE_S = 0.01
SOON_S = 0.05
"""Between two times that a host shows itself because something has changed."""
GOODBYE_S = 1.0

NOBODY_KNOWS = "waits: Redis is away, and another host may share this card"
IS_AWAY = "waits: Redis is away, and another host shares this card"
IS_NEW = "waits a few seconds: hosts that share this card tell what they hold"


@dataclass(slots=True)
class _Standing:
    """What is known of one card."""

    others: tuple[HostPromise, ...] = ()
    shared: Shared = Shared()
    """What those have promised together."""
    steady_since_s: float | None = None
    """None: nothing was ever heard."""
    is_settled: bool = False
    """All hosts had shown themselves when something was last heard."""


class LeaseSharing:
    """Asks the other hosts before a grant is carried out, and tells them what is held.

    cards: those that are given out. promised: what this host has given out of a card, and how
    much of that is in use. carry_out: is called with a grant that all may know of.
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
        promised: Callable[[str], Shared],
        carry_out: Callable[[Grant], None],
        changed: Callable[[], None],
    ) -> None:
        self._share = share
        self._is_wanted = is_wanted
        self._allocator = allocator
        self._clock = clock
        self._cards = cards
        self._carry_out = carry_out
        self._changed = changed
        self._standings: dict[str, _Standing] = {}
        self._asked: dict[str, Grant] = {}
        self._is_away = False
        self._is_in_force = False
        self._claims = Claims()
        self._promises = HostPromises(
            allocator=allocator, clock=clock, promised=promised, asked=lambda: self._asked
        )
        self._must_call = False
        self._shown_s = float("-inf")
        self._renew_s = float("-inf")
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
            is_shut = self.why_shut(card_id) is not None
            self._allocator.share(card_id, known.shared if known else Shared(), is_shut=is_shut)
        self._allocator.guests(self._claims.guests(self._clock.now()) if self.is_on else ())

    def notice(self) -> None:
        """Tell the other hosts soon where that matters to them: who waits here, or what is free."""
        if not self.is_on or self._is_away:
            return
        others_wait = bool(self._claims.guests(self._clock.now()))
        has_less = others_wait and self._promises.has_less()
        self._must_call = self._must_call or has_less
        if has_less or self._promises.has_another_claim():
            self._look_soon()

    async def run(self) -> None:
        """Ask and tell until cancelled."""
        while True:
            try:
                is_new = bool(self._asked)
                await self._ask_all()
                if self._clock.now() >= self._renew_s:
                    is_new = True
                    self._shown_s = self._clock.now()
                    self._renew_s = self._shown_s + RENEW_S
                    await self._renew()
            except Exception:  # noqa: BLE001 - a service's outer loop
                _log.exception("what other hosts hold could not be read")
                self._is_away = True
            if is_new:
                self._changed()
            await self._pause()

    async def listen(self) -> None:
        """Look when another host calls, until cancelled."""
        while True:
            try:
                if self._share is not None and self.is_on:
                    await self._share.hear_calls(self._look_soon)
            except Exception:  # noqa: BLE001 - a service's outer loop
                _log.exception("the calls of other hosts could not be heard")
            await asyncio.sleep(RENEW_S)

    async def aclose(self) -> None:
        """Tell the other hosts what is still held. Never raises; may be called twice."""
        if self._share is None or not self.is_on or self._is_away:
            return
        try:
            async with asyncio.timeout(GOODBYE_S):
                for card_id in self._standings:
                    async with self._share.turn(card_id) as turn:
                        promise = self._promises.of(self._share, card_id)
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
                self._promises.grants += 1
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
                if self._allocator.gives_way(grant.request_id, self._clock.now()):
                    return False
                return all(self._has_room(card_id, grant) for card_id in turns) and all(
                    [await self._tell(share, turns[card_id], card_id, grant) for card_id in turns]
                )
        except Damaged:  # there is somebody, of whom nothing is known
            for card_id in grant.card_ids:
                self._standings.pop(card_id, None)
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
                later_mib += _mib(self._allocator.granted(each.request_id))
            is_later = is_later or each is grant
        return self._allocator.spare_mib(card_id) + later_mib >= 0

    async def _tell(self, share: LeaseShare, turn: CardTurn, card_id: str, grant: Grant) -> bool:
        promise = self._promises.of(share, card_id, grant.request_id)
        if not await turn.write(promise, PROMISE_S) or not turn.is_held:
            return False
        self._promises.keep(card_id, promise)
        return True

    async def _renew(self) -> None:
        """Show the other hosts what is held here, and hear what they hold."""
        share = self._share
        if share is None or not self.is_on:
            self._standings.clear()
            self._promises.keep_only(())
            self._claims.clear()
            return
        must_call, self._must_call = self._must_call, False
        try:
            card_ids = list(self._cards())
            self._promises.keep_only(card_ids)
            for card_id in card_ids:
                promise = self._promises.of(share, card_id)
                try:
                    self._hear(share, card_id, await share.show(card_id, promise, PROMISE_S))
                except Damaged as error:  # others must hear of the cards after it all the same
                    if self._standings.pop(card_id, None):  # now it is shut
                        _log.warning("%s", error)
                self._promises.keep(card_id, promise)
            self._is_away = False
            if must_call:
                await share.call()
        except OutsideError:
            self._is_away = True

    def _hear(self, share: LeaseShare, card_id: str, told: CardTold) -> None:
        standing = self._standings.setdefault(card_id, _Standing())
        now_s = self._clock.now()
        others = tuple(each for each in told.promises if each.host_id != share.host_id)
        standing.others = others
        standing.shared = Shared(
            sum(each.promised_mib for each in others),
            sum(each.seen_mib for each in others),
            tuple(end for each in others for end in ends_of(each, now_s)),
        )
        self._claims.hear(card_id, others, now_s)
        standing.steady_since_s = now_s - told.steady_s
        standing.is_settled = told.steady_s >= SETTLE_S

    def _look_soon(self) -> None:
        soon_s = self._shown_s + SOON_S
        if soon_s < self._renew_s:
            self._renew_s = soon_s
            self._wake.set()

    async def _pause(self) -> None:
        wait_s = max(SHORTEST_PAUSE_S, self._renew_s - self._clock.now())
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        self._wake.clear()


def _mib(request: LeaseRequest | None) -> int:
    return 0 if request is None else request.vram_mib
