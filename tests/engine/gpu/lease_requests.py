"""Requests, cards and models as the tests of the allocator want them."""

from __future__ import annotations

from typing import Any

from engine.gpu.allocator import Allocator
from engine.gpu.leases import IdleModel, Lease, LeaseRequest, LeaseState, Priority
from engine.gpu.policy import FairPolicy


def request(name: str, vram_mib: int = 1000, **changes: Any) -> LeaseRequest:
    """Return a request for one card, for 100 s, of normal priority, asked at 0."""
    given: dict[str, Any] = {
        "priority": Priority.NORMAL,
        "duration_s": 100.0,
        "asked_s": 0.0,
        **changes,
    }
    return LeaseRequest(id=name, name=name, vram_mib=vram_mib, **given)


def lease(name: str, vram_mib: int = 1000, card: str = "a", **changes: Any) -> Lease:
    """Return an active lease on one card, granted at 0, for 100 s."""
    wanted = request(name, vram_mib, **changes)
    return Lease(wanted, LeaseState.ACTIVE, (card,), 0.0, wanted.duration_s, 0.0)


def idle(name: str, used_mib: int = 1000, card: str = "a", **changes: Any) -> IdleModel:
    """Return a model that has been idle since 0."""
    given: dict[str, Any] = {"source": "ollama", "idle_since_s": 0.0, **changes}
    return IdleModel(name=name, card_id=card, used_mib=used_mib, **given)


def allocator(margin_share: float = 0.0, **cards: int) -> Allocator:
    """Return an allocator for these cards, in MiB; one of 10,000 without any."""
    made = Allocator(policy=FairPolicy(), margin_share=margin_share)
    made.set_cards(cards or {"a": 10_000}, 0.0)
    return made
