"""Other hosts, as those see them who give out leases here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from engine.gpu.allocator import Allocator
from engine.gpu.card_feed import CardFeed
from engine.gpu.host_board import HostBoard
from engine.gpu.hosts import HostLeases, Shared
from engine.gpu.lease_book import LeaseBook
from engine.gpu.lease_sharing import LeaseSharing
from engine.gpu.leases import Grant, Lease, LeaseState, Waiting
from engine.gpu.outside import LeaseOutside
from engine.gpu.room import LOADING_S


class Neighbours:
    """Asks other hosts before grants, and shows them. Nothing is asked where there are none."""

    def __init__(
        self,
        *,
        outside: LeaseOutside,
        is_wanted: Callable[[], bool],
        allocator: Allocator,
        book: LeaseBook,
        feed: CardFeed,
        carry_out: Callable[[Grant], None],
        changed: Callable[[], None],
    ) -> None:
        self._clock, share = outside.clock, outside.lending.share
        self._allocator, self._book, self._feed = allocator, book, feed
        self.sharing = LeaseSharing(
            share=share,
            is_wanted=is_wanted,
            allocator=allocator,
            clock=outside.clock,
            cards=lambda: feed.usable_mib,
            promised=self._promised,
            carry_out=carry_out,
            changed=changed,
        )
        self._board: HostBoard | None = None
        if share is not None:
            self._board = HostBoard(
                share=share,
                is_on=lambda: self.sharing.is_on,
                clock=outside.clock,
                look=lambda: (feed.cards, book.shown),
                changed=changed,
            )

    def works(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what is to run for as long as leases are given out."""
        if self._board is None:
            return ()
        sharing, board = self.sharing, self._board
        return sharing.run(), sharing.listen(), board.tell(), board.listen()

    def others(self) -> tuple[HostLeases, ...]:
        """Return the other hosts that told of themselves lately."""
        return () if self._board is None else self._board.others()

    def seen_leases(self, leases: Iterable[Lease]) -> Iterable[Lease]:
        """Return the allocator's leases as the world sees them: pending until hosts have agreed."""
        for each in leases:
            is_asked = self.sharing.is_asked(each.request.id)
            yield replace(each, state=LeaseState.PENDING) if is_asked else each

    def seen_queue(self, queue: tuple[Waiting, ...]) -> tuple[Waiting, ...]:
        """Return the queue; where other hosts are what is waited for, that is the reason."""
        reasons = [self.sharing.why_shut(card_id) for card_id in self._feed.usable_mib]
        reason = next(filter(None, reasons), None)
        if reason is None:
            return queue
        return tuple(replace(each, why=reason, wait_s=None) for each in queue)

    def _promised(self, card_id: str) -> Shared:
        """Return what is given out of a card, as other hosts are to know it."""
        now_s, promised_mib, seen_mib = self._clock.now(), 0, 0
        ends: list[tuple[float, int]] = []
        for holding in self._book:
            if not holding.is_held or card_id not in holding.card_ids:
                continue
            vram_mib = holding.request.vram_mib
            is_loading = now_s - (holding.granted_s or 0.0) < LOADING_S
            unseen_mib = 0 if is_loading else vram_mib  # who cannot be seen is taken at his word
            promised_mib += vram_mib
            ends.append((holding.expires_s or now_s, vram_mib))
            seen_mib += min(vram_mib, holding.used_mib.get(card_id, unseen_mib))
        if card_id in self._feed.usable_mib:
            returning_mib = self._allocator.room(card_id, now_s).returning_mib
            promised_mib, seen_mib = promised_mib + returning_mib, seen_mib + returning_mib
        return Shared(promised_mib, seen_mib, tuple(ends))
