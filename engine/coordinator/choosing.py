"""Who of all servers that have a model may be asked now, and why nobody may."""

from __future__ import annotations

from collections.abc import Sequence

from engine.circuit_breaker import BreakerState
from engine.clock import Clock
from engine.coordinator.balancer import Balancer
from engine.coordinator.link import Link, Seat
from engine.coordinator.trial import Errand
from engine.errors import EngineError, Overloaded, Unreachable

SOON_S = 1.0
"""When to ask again where all that may be under way is."""


class Choice:
    """Chooses a server for each try. For the engines' loop."""

    def __init__(self, *, balancer: Balancer, clock: Clock) -> None:
        self._balancer = balancer
        self._clock = clock

    def next(self, errand: Errand, seats: Sequence[Seat]) -> Seat | None:
        """Return who is asked next, none of those tried; None where nobody is left.

        Where all that are left are ill it is the one that is asked again first: one request finds
        out whether it is back.
        """
        now_s = self._clock.now()
        return self.healthy(errand, seats) or self._soonest(errand, seats, now_s)

    def healthy(self, errand: Errand, seats: Sequence[Seat]) -> Seat | None:
        """Return who is asked next of those that are not ill, or None."""
        now_s, tried = self._clock.now(), errand.tried
        ready = [
            seat
            for seat in seats
            if seat not in tried
            and seat.link.is_open(now_s)
            and not seat.link.is_full
            and seat.limits.free_at_s(errand.tokens, now_s) <= now_s
        ]
        if not ready:
            return None
        return self._balancer.choose(ready, errand.request, errand.tokens, now_s)

    def refusal(self, errand: Errand, seats: Sequence[Seat]) -> EngineError:
        """Return what is said where nobody is left to be asked.

        Where waiting helps it says so at once: Overloaded, with the shortest time.
        """
        now_s = self._clock.now()
        waits = [wait for seat in seats if (wait := _wait_s(seat, errand, now_s)) is not None]
        if waits:
            what = f"every server of {errand.model!r} has too much to do"
            return Overloaded(f"{what}: try again in {min(waits):.3g} s", retry_after_s=min(waits))
        if errand.error is not None:
            return errand.error
        told = "; ".join(_standing(seat.link) for seat in seats)
        return Unreachable(f"no server of {errand.model!r} can be asked ({told})")

    def _soonest(self, errand: Errand, seats: Sequence[Seat], now_s: float) -> Seat | None:
        ill = [
            seat
            for seat in seats
            if seat not in errand.tried
            and seat.link.breaker.state is not BreakerState.HALF_OPEN
            and not seat.link.is_open(now_s)
            and not seat.link.is_full
            and seat.limits.free_at_s(errand.tokens, now_s) <= now_s
        ]
        return min(ill, key=lambda seat: seat.link.breaker.retry_at_s, default=None)


def _standing(link: Link) -> str:
    """Return why `link` cannot be asked; errors of servers begin with its name already."""
    return link.reason if link.reason.startswith(link.name) else f"{link.name}: {link.reason}"


def _wait_s(seat: Seat, errand: Errand, now_s: float) -> float | None:
    """Return after how long `seat` takes requests again; None where that is not the matter."""
    wait_s = seat.limits.free_at_s(errand.tokens, now_s) - now_s
    if wait_s > 0:
        return wait_s
    return SOON_S if seat.link.is_full else None
