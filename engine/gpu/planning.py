"""Whether a model file would fit on the cards as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.gpu.cards import CardNow
from engine.gpu.estimate import CONTEXT_MIB, Load
from engine.gpu.gguf_header import read_gguf
from engine.gpu.model_shape import ModelShape
from engine.gpu.planner import CardRoom, Option, options
from engine.gpu.room import Room
from engine.gpu.safetensors_header import read_safetensors


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


async def read_shape(path: Path) -> ModelShape:
    """Return what the header of a model file tells: GGUF, safetensors, or a folder of those.

    Raises Unreachable where there is no such file, Damaged where it is no whole one.
    """
    is_gguf = path.suffix.lower() == ".gguf"
    return await asyncio.to_thread(read_gguf if is_gguf else read_safetensors, path)


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
