"""The account of one card's memory: who was promised what, and what is really empty.

Room is capacity − margin − foreign use − leases − pending. Idle models, and memory on its way
back, count as room; a grant waits until they are seen to be gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from engine.gpu.foreign_use import ForeignUse
from engine.gpu.hosts import Shared
from engine.gpu.leases import IdleModel, Lease

RETURN_LIMIT_S = 2.0
"""Memory comes back 0.5 to 1.5 s after an unload; what is still there then counts as foreign."""

STALE_READING_S = 5.0
"""A card whose last reading is older than this is not waited for: it does not tell."""

BLIND_RETURN_S = 1.5
"""The same where the card does not tell what is used."""

FOREVER_S = float("inf")

LOADING_S = 2.0
"""How long after a grant a low reading may only mean that nothing is loaded yet."""


@dataclass(frozen=True, slots=True)
class Room:
    """A card's memory at one moment, in MiB."""

    capacity_mib: int
    margin_mib: int
    foreign_mib: int
    leased_mib: int
    """Promised to holders, those included who were asked to leave."""
    pending_mib: int
    idle_mib: int
    returning_mib: int
    """Was given up and is not seen free yet."""
    reserve_mib: int
    """Kept empty for foreign use that may come back."""
    elsewhere_mib: int = 0
    """Promised by other hosts that share the card, beyond what of it shows as foreign use."""
    elsewhere_seen_mib: int = 0
    """Of the foreign use, what is promised by other hosts."""

    @property
    def elsewhere_whole_mib(self) -> int:
        """All that other hosts have promised of the card."""
        return self.elsewhere_mib + self.elsewhere_seen_mib

    @property
    def free_mib(self) -> int:
        """What is neither used nor promised, the margin aside; never below 0."""
        taken = self.foreign_mib + self.leased_mib + self.pending_mib + self.idle_mib
        taken += self.returning_mib + self.elsewhere_mib
        return max(0, self.capacity_mib - self.margin_mib - taken)


@dataclass(frozen=True, slots=True)
class Returning:
    """Memory that was given up, and by whom."""

    mib: int
    since_s: float
    source: Lease | IdleModel


class CardRoom:
    """One card's account. Sums are kept, not counted: grants must cost microseconds."""

    def __init__(self, *, card_id: str, capacity_mib: int, margin_share: float) -> None:
        self.card_id = card_id
        self.capacity_mib = capacity_mib
        self.margin_mib = int(capacity_mib * margin_share)
        self.foreign = ForeignUse(capacity_mib=capacity_mib)
        self.leased_mib = 0
        self.leaving_mib = 0
        """Of holders that were asked to leave: promised to others, still in use."""
        self.pending_mib = 0
        self.idle_mib = 0
        self.idle: list[IdleModel] = []
        self.kept_mib = 0
        self.kept: list[IdleModel] = []
        """Idle models that wait for a pending request to take them over."""
        self.returning: list[Returning] = []
        self.returning_mib = 0
        self.used_mib: int | None = None
        self.is_shut = False
        """Nothing more is promised now: nobody can tell what other hosts have promised."""
        self.elsewhere_ends: Sequence[tuple[float, int]] = ()
        """When what other hosts have promised comes free, and how much."""
        self._elsewhere = 0, 0
        self._read_s: float | None = None
        self._loading_until_s = 0.0
        self._overuse_mib = 0
        self._is_unsure = False

    @property
    def largest_mib(self) -> int:
        """The largest lease that could ever fit."""
        return self.capacity_mib - self.margin_mib

    @property
    def available_mib(self) -> int:
        """What can be promised, the reserve aside; below 0 where too much is promised already."""
        promised = self.leased_mib + self.pending_mib + self._overuse_mib
        return self._left_by_others_mib - promised

    @property
    def empty_mib(self) -> int:
        """What is really empty now: idle models, who leaves and what returns are still there."""
        held = self.leased_mib + self.leaving_mib + self.idle_mib + self.returning_mib
        held += self.kept_mib + self._overuse_mib
        return self._left_by_others_mib - held

    @property
    def elsewhere_mib(self) -> int:
        """What other hosts have promised, beyond what of it shows here as foreign use."""
        return self._elsewhere[0] - self._elsewhere_seen_mib

    @property
    def _elsewhere_seen_mib(self) -> int:
        return min(self._elsewhere[1], self.foreign.now_mib)

    @property
    def promised_elsewhere_mib(self) -> int:
        """What other hosts have promised, be it in use or not."""
        return self._elsewhere[0]

    @property
    def _left_by_others_mib(self) -> int:
        others_mib = self.foreign.now_mib + self.elsewhere_mib
        return self.capacity_mib - self.margin_mib - others_mib

    @property
    def overfull_mib(self) -> int:
        """How much more is used than the margin leaves, going by the reading; 0 if none.

        What is about to come free does not count: nobody else need leave for that.
        """
        if self.used_mib is None or not self.foreign.now_mib:
            return 0
        soon_free_mib = self.leaving_mib + self.returning_mib + self.idle_mib
        return max(0, self.used_mib - soon_free_mib - self.capacity_mib + self.margin_mib // 2)

    def available_to(self, vram_mib: int, now_s: float) -> int:
        """Return what can be promised to a request of this size.

        The reserve for foreign use is not touched, save by who would not fit beside it at all.
        """
        reserve_mib = self.foreign.reserve_mib(now_s)
        return self.available_mib - self.reserve_for(vram_mib, reserve_mib)

    def reserve_for(self, vram_mib: int, reserve_mib: int) -> int:
        """Return how much of the reserve a request of this size must leave alone."""
        fits_beside = vram_mib + reserve_mib + self.foreign.now_mib <= self.largest_mib
        return reserve_mib if fits_beside else 0

    def grant(self, vram_mib: int, now_s: float) -> None:
        """Count a lease from now on."""
        self.leased_mib += vram_mib
        self._loading_until_s = now_s + LOADING_S

    def share(self, shared: Shared, *, is_shut: bool) -> bool:
        """Know what other hosts have promised of the card; tell whether that changes the room."""
        before = self._elsewhere, self.is_shut
        promised_mib = shared.promised_mib
        self._elsewhere, self.is_shut = (promised_mib, min(shared.seen_mib, promised_mib)), is_shut
        self.elsewhere_ends = shared.ends
        return before != (self._elsewhere, self.is_shut)

    def give_back(self, returning: Returning) -> None:
        """Count memory as returning until it is seen free; its lease is not counted any more."""
        self.returning.append(returning)
        self.returning_mib += returning.mib

    def add_idle(self, model: IdleModel) -> None:
        """Know of an idle model."""
        self.idle.append(model)
        self.idle_mib += model.used_mib

    def take_idle(self, model: IdleModel) -> None:
        """Count an idle model no more: it was taken over, or is asked to unload."""
        self.idle.remove(model)
        self.idle_mib -= model.used_mib

    def keep(self, model: IdleModel) -> None:
        """Keep an idle model for a pending request."""
        self.take_idle(model)
        self.kept.append(model)
        self.kept_mib += model.used_mib

    def stop_keeping(self, model: IdleModel) -> None:
        """Let a model that was kept be idle again."""
        self.kept.remove(model)
        self.kept_mib -= model.used_mib
        self.add_idle(model)

    def set_idle(self, models: Iterable[IdleModel]) -> None:
        """Know these idle models, those aside that are kept."""
        spoken_for = Counter(model.key for model in self.kept)
        known = {model.key for model in self.idle} | spoken_for.keys()
        self.idle.clear()
        self.idle_mib = 0
        for model in models:
            if spoken_for[model.key] > 0:
                spoken_for[model.key] -= 1
            else:
                self.add_idle(model)
                if model.key not in known:
                    self.foreign.disown(model.used_mib)

    def warm(self, name: str | None) -> IdleModel | None:
        """Return the idle instance of the model `name` that was used last."""
        if name is None or not self.idle:
            return None
        return next((model for model in reversed(self.idle) if model.name == name), None)

    def see(self, used_mib: int, now_s: float, beyond_promise: Sequence[int] = ()) -> None:
        """Take a reading of all memory in use on the card.

        beyond_promise: of leases whose use is known, use minus promise; what is above 0 is held
        beside the promise, what is below shows how much of the reading is foreign.
        """
        self.used_mib, self._read_s = used_mib, now_s
        self._overuse_mib = sum(mib for mib in beyond_promise if mib > 0)
        own_mib = self.leased_mib + self.leaving_mib + self.idle_mib + self.kept_mib
        own_mib += sum(beyond_promise)
        self._is_unsure = False
        unknown_mib = used_mib - own_mib - self.foreign.now_mib
        self._see_returned(self.returning_mib - max(0, unknown_mib), now_s)
        self.settle(now_s)
        # While it is not clear whose memory is going, a low reading proves nothing.
        may_fall = now_s >= self._loading_until_s and not self.returning
        beyond_mib = used_mib - own_mib - self.returning_mib
        self.foreign.see(beyond_mib, now_s, may_fall=may_fall)

    def settle(self, now_s: float) -> bool:
        """Stop to wait for memory that does not come back; tell whether anything changed."""
        is_blind = self._is_blind(now_s)
        limit_s = BLIND_RETURN_S if is_blind else RETURN_LIMIT_S
        had = len(self.returning)
        while self.returning and now_s - self.returning[0].since_s >= limit_s:
            mib = self._forget_oldest().mib
            if not is_blind:
                self.foreign.see(self.foreign.now_mib + mib, now_s)
        return len(self.returning) < had

    def next_return_s(self) -> float:
        """Return when `settle` has something to do, even if no reading comes."""
        return self.returning[0].since_s + RETURN_LIMIT_S if self.returning else FOREVER_S

    def doubt(self) -> None:
        """Grant nothing until the next reading: a holder ended, and nobody had asked it to.

        Programs that die often do so because another one took the memory.
        """
        self._is_unsure = True

    def is_unsure(self, now_s: float) -> bool:
        """Tell whether a reading must come first."""
        return self._is_unsure and not self._is_blind(now_s)

    def snapshot(self, now_s: float) -> Room:
        """Return the account."""
        return Room(
            capacity_mib=self.capacity_mib,
            margin_mib=self.margin_mib,
            foreign_mib=self.foreign.now_mib,
            leased_mib=self.leased_mib + self.leaving_mib,
            pending_mib=self.pending_mib,
            idle_mib=self.idle_mib + self.kept_mib,
            returning_mib=self.returning_mib,
            reserve_mib=self.foreign.reserve_mib(now_s),
            elsewhere_mib=self.elsewhere_mib,
            elsewhere_seen_mib=self._elsewhere_seen_mib,
        )

    def _see_returned(self, mib: int, now_s: float) -> None:
        """Stop to count so much of what was given up before the reading, the oldest first."""
        while mib > 0 and self.returning and self.returning[0].since_s <= now_s:
            oldest = self._forget_oldest()
            if oldest.mib > mib:
                self.returning.insert(0, replace(oldest, mib=oldest.mib - mib))
                self.returning_mib += oldest.mib - mib
            mib -= oldest.mib

    def _is_blind(self, now_s: float) -> bool:
        return self._read_s is None or now_s - self._read_s > STALE_READING_S

    def _forget_oldest(self) -> Returning:
        oldest = self.returning.pop(0)
        self.returning_mib -= oldest.mib
        return oldest
