"""What a request must be to make sense, and why one can never be met."""

from __future__ import annotations

import math
from collections.abc import Mapping

from engine.errors import Rejected
from engine.gpu.leases import LeaseRequest

MOST_MIB = 16 * 1024 * 1024
"""16 TiB: no card has a hundredth of it; whoever asks for more has mixed up units."""

LONGEST_S = 366 * 86_400.0
"""A year: a lease is renewed, not asked for for ever."""

MOST_CARDS = 64
LONGEST_NAME = 200


def check(request: LeaseRequest) -> None:
    """Return if `request` makes sense; otherwise raise Rejected, which names the field."""
    check_mib("vram_mib", request.vram_mib)
    _whole("cards", request.cards, MOST_CARDS, "cards")
    check_duration(request.duration_s)
    if not _is_number(request.asked_s):
        raise _wrong("asked_s", request.asked_s, "must be a moment of the clock")
    texts = {"id": request.id, "name": request.name, "model": request.model}
    for field, text in texts.items():
        if text is not None and not is_name(text):
            rule = f"must have 1 to {LONGEST_NAME} characters, all of which can be shown"
            raise _wrong(field, text[:40], rule)


def is_name(text: str) -> bool:
    """Tell whether `text` can name a lease: what terminals show has no control characters."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable()


def check_mib(field: str, mib: int) -> None:
    """Return if some memory can be so large; otherwise raise Rejected, which names the field."""
    _whole(field, mib, MOST_MIB, "MiB")


def check_duration(duration_s: float) -> None:
    """Return if a lease can last so long; otherwise raise Rejected, which names the field."""
    if not _is_number(duration_s) or not 0 < duration_s <= LONGEST_S:
        raise _wrong("duration_s", duration_s, f"must be above 0 and at most {LONGEST_S:.0f} s")


def impossible(request: LeaseRequest, largest_mib: Mapping[str, int]) -> str | None:
    """Return why `request` can never be met, with the largest that could; None if it can be.

    largest_mib: for each card what the largest lease on it could be.
    """
    sizes = sorted(largest_mib.values(), reverse=True)
    if len(sizes) < request.cards:
        had = "none is" if not sizes else f"only {len(sizes)} can be used"
        return f"{request.name} wants {request.cards} graphics card(s), and {had}."
    largest = sizes[request.cards - 1]
    if request.vram_mib <= largest:
        return None
    where = "one card" if request.cards == 1 else f"each of {request.cards} cards"
    return (
        f"{request.name} wants {request.vram_mib} MiB on {where}; "
        f"the largest that can ever fit is {largest} MiB."
    )


def _whole(field: str, value: object, most: int, unit: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise _wrong(field, value, f"must be a whole number from 1 to {most} {unit}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _wrong(field: str, value: object, rule: str) -> Rejected:
    return Rejected(f"{field} is {value!r}: it {rule}.", param=field, code="invalid_lease")
