"""Where a request goes: a loaded model, else where least is pushed out, else the tightest fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.gpu.leases import IdleModel


@dataclass(frozen=True, slots=True)
class Place:
    """What a card offers one request now; it has the room if idle models unload."""

    card_id: str
    available_mib: int
    """What may be promised to this request."""
    idle_mib: int
    """Of that, what idle models occupy."""
    warm_mib: int
    """Of that, what an idle instance of the very model occupies: 0 if there is none."""

    def pushed_out_mib(self, vram_mib: int) -> int:
        """Return how much other idle models must give up."""
        return max(0, vram_mib - (self.available_mib - self.idle_mib) - self.warm_mib)


def best_place(places: Sequence[Place], vram_mib: int) -> Place:
    """Return the card for a request that needs one. `places` is not empty."""
    if len(places) == 1:
        return places[0]
    return min(
        places,
        key=lambda place: (
            not place.warm_mib,
            place.pushed_out_mib(vram_mib),
            place.available_mib,
        ),
    )


def equal_places(places: Sequence[Place], vram_mib: int, count: int) -> Sequence[Place] | None:
    """Return `count` cards whose rooms are most equal; None if there are too few.

    A model that is split runs at the pace of its fullest card. Among equals, those with a loaded
    model, then where least is pushed out.
    """
    if len(places) < count:
        return None
    ranked = sorted(places, key=lambda place: place.available_mib)
    windows = [ranked[at : at + count] for at in range(len(ranked) - count + 1)]
    return min(
        windows,
        key=lambda window: (
            window[-1].available_mib - window[0].available_mib,
            -sum(place.warm_mib > 0 for place in window),
            sum(place.pushed_out_mib(vram_mib) for place in window),
        ),
    )


def to_unload(
    idle: Sequence[IdleModel], need_mib: int, now_s: float, keep: IdleModel | None = None
) -> list[IdleModel]:
    """Return the models that together make `need_mib` of room and are missed least.

    One that makes the room alone goes before several; `keep` stays. Empty where nothing is
    needed; all of them where even that is not enough.
    """
    if need_mib <= 0:
        return []
    others = sorted((model for model in idle if model is not keep), key=lambda m: worth(m, now_s))
    chosen: list[IdleModel] = []
    for model in others:
        if need_mib <= 0:
            break
        chosen.append(model)
        need_mib -= model.used_mib
    # Whoever turned out not to be needed stays: the dearest first.
    for model in reversed(chosen[:-1]):
        if model.used_mib <= -need_mib:
            chosen.remove(model)
            need_mib += model.used_mib
    return chosen


def worth(model: IdleModel, now_s: float) -> float:
    """Return how much an idle model would be missed: uses per second that it has been idle."""
    return model.uses / (1.0 + max(0.0, now_s - model.idle_since_s))
