"""Servers as the window sees them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.circuit_breaker import BreakerState
from engine.coordinator.link import Link
from engine.coordinator.rate_limits import Quota
from engine.coordinator.snapshot import EndpointView


def view(link: Link, now_s: float, *, has_key: bool) -> EndpointView:
    """Return everything about `link`; from any thread."""
    first_s, token_s, p95_s = link.pace.first.value, link.pace.token.value, link.pace.p95_s()
    seats = list(link.seats.values())  # in one step, whatever the loop does meanwhile
    return EndpointView(
        endpoint=link.shown,
        state=link.state,
        reason=link.reason,
        since_s=link.since_s,
        has_key=has_key,
        breaker=link.breaker.state,
        retry_in_s=_retry_in_s(link, now_s),
        models=link.models,
        models_at_s=link.models_at_s,
        in_flight=link.in_flight,
        first_token_ms=_ms(first_s),
        first_token_p95_ms=_ms(p95_s),
        token_ms=_ms(token_s),
        requests=link.requests,
        failures=link.failures,
        busy_answers=link.busy_answers,
        hedges=link.hedges,
        last_error=link.last_error,
        last_error_s=link.last_error_s,
        remaining_requests=_least([seat.limits.requests for seat in seats], now_s),
        remaining_tokens=_least([seat.limits.tokens for seat in seats], now_s),
        health=link.readings.health,
        first_token=link.readings.first_token,
        tokens_per_s=link.readings.tokens_per_s,
    )


def _retry_in_s(link: Link, now_s: float) -> float | None:
    """Return when an ill server is asked again, or one that asked for a pause; None: now."""
    times = [seat.limits.paused_until_s for seat in list(link.seats.values())]
    if link.breaker.state is BreakerState.OPEN:
        times = [link.breaker.retry_at_s]
    return min((time_s - now_s for time_s in times if time_s > now_s), default=None)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1e3 * seconds


def _least(quotas: Sequence[Quota], now_s: float) -> int | None:
    """Return what the scarcest of a server's models has left; None where nobody has said."""
    left = [left for quota in quotas if (left := quota.remaining(now_s)) is not None]
    return min(left, default=None)
