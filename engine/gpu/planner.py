"""What would fit: a model on each card, and split over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.gpu.estimate import CacheType, Estimate, Load, estimate, most_context
from engine.gpu.model_shape import ModelShape


class Verdict(StrEnum):
    """Whether a model fits."""

    FITS = "fits now"
    AFTER_UNLOADING = "fits when idle models unload"
    WHEN_OTHERS_LEAVE = "fits when others leave"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class CardRoom:
    """What a card has to give, MiB."""

    card_id: str
    name: str
    capacity_mib: int
    """Without the margin that is never given."""
    free_mib: int
    idle_mib: int = 0
    """Held by models that could be asked to unload; not part of what is free."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to place the model."""

    card_ids: tuple[str, ...]
    estimate: Estimate
    verdict: Verdict
    short_mib: int
    """What is missing now on the fullest of the cards; 0 where it fits."""
    most_context_tokens: int
    """The longest context of each slot that would fit now; 0 where none does."""
    remedy: str | None
    """What would make it fit, in words."""


def options(
    shape: ModelShape,
    load: Load,
    rooms: Sequence[CardRoom],
    *,
    seen_share: float | None = None,
) -> tuple[Option, ...]:
    """Return each card by itself, and all together where there are several; best first.

    load.cards is not looked at. seen_share: see `estimate`.
    """
    sets: list[tuple[CardRoom, ...]] = [(room,) for room in rooms]
    if len(rooms) > 1:
        sets.append(tuple(rooms))
    found = [_option(shape, replace(load, cards=len(each)), each, seen_share) for each in sets]
    order = list(Verdict)
    return tuple(sorted(found, key=lambda each: (order.index(each.verdict), len(each.card_ids))))


def _option(
    shape: ModelShape, load: Load, rooms: Sequence[CardRoom], seen_share: float | None
) -> Option:
    needed = estimate(shape, load, seen_share=seen_share)
    free_mib = min(room.free_mib for room in rooms)
    verdict = _verdict(needed.mib, rooms)
    longest = most_context(shape, load, free_mib, seen_share=seen_share)
    return Option(
        card_ids=tuple(room.card_id for room in rooms),
        estimate=needed,
        verdict=verdict,
        short_mib=max(0, needed.mib - free_mib),
        most_context_tokens=longest,
        remedy=None if verdict is Verdict.FITS else _remedy(shape, load, free_mib, seen_share),
    )


def _verdict(needed_mib: int, rooms: Sequence[CardRoom]) -> Verdict:
    if needed_mib <= min(room.free_mib for room in rooms):
        return Verdict.FITS
    if needed_mib <= min(room.free_mib + room.idle_mib for room in rooms):
        return Verdict.AFTER_UNLOADING
    if needed_mib <= min(room.capacity_mib for room in rooms):
        return Verdict.WHEN_OTHERS_LEAVE
    return Verdict.TOO_LARGE


def _remedy(shape: ModelShape, load: Load, free_mib: int, seen_share: float | None) -> str | None:
    """Return the gentlest change that makes it fit now; None where none does."""
    for cache_type in CacheType:
        if cache_type.bytes_each >= load.cache_type.bytes_each:
            continue
        smaller = replace(load, cache_type=cache_type)
        if estimate(shape, smaller, seen_share=seen_share).mib <= free_mib:
            return f"keep the context as {cache_type}"
    longest = most_context(shape, load, free_mib, seen_share=seen_share)
    return f"shorten the context to {longest} tokens" if longest else None
