"""Servers as the router sees them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.coordinator.link import Link
from engine.exchange import ServedModel


@dataclass(frozen=True, slots=True)
class ServerNow:
    """One server at the moment when the coordinator's `version` moved last."""

    name: str
    address: str
    """Its URL without a password; "" for the embedded one."""
    is_local: bool
    is_embedded: bool
    is_enabled: bool
    """It is switched on, and has the key that it needs."""
    is_usable: bool
    """It may be asked now: enabled, and not known to be down."""
    reason: str
    """Why it is not usable."""
    models: tuple[ServedModel, ...]
    first_token_ms: float | None
    token_ms: float | None
    requests: int
    failures: int


def server_now(link: Link, now_s: float) -> ServerNow:
    """Return how `link` stands; unknown latencies are None."""
    first_s, token_s = link.pace.first.value, link.pace.token.value
    is_usable = link.is_usable(now_s)
    return ServerNow(
        name=link.name,
        address=link.shown.url,
        is_local=link.endpoint.is_local,
        is_embedded=link.is_embedded,
        is_enabled=link.may_be_asked,
        is_usable=is_usable,
        reason="" if is_usable else link.reason or str(link.state),
        models=link.models,
        first_token_ms=None if first_s is None else 1e3 * first_s,
        token_ms=None if token_s is None else 1e3 * token_s,
        requests=link.requests,
        failures=link.failures,
    )
