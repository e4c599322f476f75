"""Who holds a lease, and whose time is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.gpu.leases import Ending, Lease, LeaseState

SILENCE_LIMIT_S = 20.0
"""Four heartbeats of 5 s: a holder that is silent for longer is taken for dead, unless the user
chose another time."""

DEAF_S = 10.0
"""If nobody looked for so long, the machine slept or was stopped: nobody could be heard."""

FOREVER_S = float("inf")


class Holders:
    """The leases that hold memory: active ones, and those asked to leave."""

    def __init__(self, *, silence_limit_s: float = SILENCE_LIMIT_S) -> None:
        self._silence_limit_s = silence_limit_s
        self._leases: dict[str, Lease] = {}
        self._heard_s: dict[str, float] = {}
        self._on_card: dict[str, dict[str, Lease]] = {}
        self._looked_s: float | None = None
        self._awake_s = -FOREVER_S
        self._next_end_s = FOREVER_S

    def __iter__(self) -> Iterator[Lease]:
        return iter(self._leases.values())

    def __len__(self) -> int:
        return len(self._leases)

    def __contains__(self, request_id: object) -> bool:
        return request_id in self._leases

    def get(self, request_id: str) -> Lease | None:
        """Return the lease; None where nobody holds one by this id."""
        return self._leases.get(request_id)

    def on(self, card_id: str) -> Sequence[Lease]:
        """Return the leases on a card."""
        return list(self._on_card.get(card_id, {}).values())

    def beyond_promise(self, used_mib: Mapping[str, int]) -> list[int]:
        """Return what leases use beyond what they were promised, below 0 for less.

        used_mib: what each uses on one card, by id; those without a lease are passed over.
        """
        return [
            mib - self._leases[request_id].request.vram_mib
            for request_id, mib in used_mib.items()
            if request_id in self._leases
        ]

    def put(self, lease: Lease, now_s: float) -> None:
        """Add a lease that begins, or that was held before a restart: heard of just now."""
        self._heard_s[lease.request.id] = now_s
        self._store(lease)
        self._next_end_s = min(self._next_end_s, self._ends_s(lease))

    def remove(self, request_id: str) -> Lease | None:
        """Take a lease out and return it; None where there is none."""
        lease = self._leases.pop(request_id, None)
        if lease is None:
            return None
        del self._heard_s[request_id]
        for card_id in lease.card_ids:
            del self._on_card[card_id][request_id]
        return lease

    def hear(self, request_id: str, now_s: float) -> bool:
        """Take a sign of life; tell whether there is such a lease."""
        if request_id not in self._leases:
            return False
        self._heard_s[request_id] = max(now_s, self._heard_s[request_id])
        return True

    def renew(self, request_id: str, expires_s: float) -> bool:
        """Let a lease end then; tell whether there is one that was not asked to leave."""
        lease = self._leases.get(request_id)
        if lease is None or lease.state is not LeaseState.ACTIVE:
            return False
        self._store(replace(lease, expires_s=expires_s))
        self._next_end_s = min(self._next_end_s, expires_s)
        return True

    def ask_to_leave(self, request_id: str, reason: str) -> Lease:
        """Mark the lease as leaving; return it as it is now."""
        lease = replace(self._leases[request_id], state=LeaseState.DRAINING, reason=reason)
        self._store(lease)
        return lease

    def seen(self, lease: Lease) -> Lease:
        """Return `lease` with the last sign of life."""
        return replace(lease, heard_s=self._heard_s.get(lease.request.id, lease.heard_s))

    def over(self, now_s: float) -> list[tuple[Lease, Ending, str]]:
        """Return the leases whose time is over, why, and in words."""
        if self._looked_s is not None and now_s - self._looked_s > DEAF_S:
            self._awake_s = now_s
            self._next_end_s = min(self._next_end_s, now_s + self._silence_limit_s)
        self._looked_s = now_s
        if now_s < self._next_end_s:
            return []
        ended = [each for each in map(self._ending, self._leases.values()) if each[3] <= now_s]
        gone = {lease.request.id for lease, *_ in ended}
        left = [lease for lease in self._leases.values() if lease.request.id not in gone]
        self._next_end_s = min(map(self._ends_s, left), default=FOREVER_S)
        return [(lease, ending, reason) for lease, ending, reason, _ in ended]

    def next_look_s(self, now_s: float) -> float:
        """Return when to look again: no lease is over before, and a longer gap means sleep."""
        return min(self._next_end_s, now_s + DEAF_S / 2) if self._leases else FOREVER_S

    def _store(self, lease: Lease) -> None:
        self._leases[lease.request.id] = lease
        for card_id in lease.card_ids:
            self._on_card.setdefault(card_id, {})[lease.request.id] = lease

    def _ends_s(self, lease: Lease) -> float:
        return self._ending(lease)[3]

    def _ending(self, lease: Lease) -> tuple[Lease, Ending, str, float]:
        """Return how a lease ends if nothing more is heard of it, and when."""
        name = lease.request.name
        heard_s = max(self._heard_s[lease.request.id], self._awake_s)
        lost_s = heard_s + self._silence_limit_s
        expires_s = FOREVER_S if lease.expires_s is None else lease.expires_s
        if self._awake_s > -FOREVER_S:
            expires_s = max(expires_s, self._awake_s + self._silence_limit_s)
        if expires_s <= lost_s:
            return lease, Ending.EXPIRED, f"{name}: its time ran out and was not renewed", expires_s
        reason = f"{name}: no sign of life for {self._silence_limit_s:.0f} s"
        return lease, Ending.LOST, reason, lost_s
