"""Whether a model file would fit on the cards as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.gpu.cards import CardNow
from engine.gpu.estimate import CONTEXT_MIB, Load
from engine.gpu.model_shape import ModelShape
from engine.gpu.planner import CardRoom, Option, options
from engine.gpu.room import Room


@dataclass(frozen=True, slots=True)
class Plan:
    """A model, how it is to be loaded, and where it would fit."""

    shape: ModelShape
    load: Load
    options: tuple[Option, ...]
    """Best first; none on a machine without cards."""
    seen_share: float | None = None
    """The largest peak that was seen of it, over what the formulas said; None before it ran."""

    @property
    def told_mib(self) -> int | None:
        """What the formulas say alone, for the best option: a lease's `estimate_mib`."""
        if not self.options:
            return None
        terms = self.options[0].estimate.terms
        share = sum(term.mib for term in terms if term.name in ("spare", "seen before"))
        return self.options[0].estimate.mib - share - CONTEXT_MIB


def plan(
    shape: ModelShape,
    load: Load,
    cards: Iterable[CardNow],
    rooms: Mapping[str, Room],
    seen_share: float | None = None,
) -> Plan:
    """Return where the model would fit. rooms: by card id; cards without one are left out."""
    there = [
        CardRoom(
            card_id=now.card.id,
            name=now.card.name,
            capacity_mib=room.capacity_mib - room.margin_mib,
            free_mib=room.free_mib,
            idle_mib=room.idle_mib,
        )
        for now in cards
        if (room := rooms.get(now.card.id)) is not None
    ]
    return Plan(shape, load, options(shape, load, there, seen_share=seen_share), seen_share)
