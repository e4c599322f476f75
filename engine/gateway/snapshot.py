"""What the world may see of the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from engine.telemetry import Series


class GatewayState(StrEnum):
    """How the gateway stands."""

    OFF = "off"
    OPEN = "open"
    DRAINING = "draining"
    """It takes no new requests and finishes those it has."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ClientView:
    """A key that clients use, by its name."""

    name: str
    created_at_s: float
    """Seconds since 1970."""
    requests: int = 0
    last_used_s: float | None = None
    """Clock time."""
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class IngestView:
    """Somebody who sends sound over WebRTC."""

    id: str
    label: str
    state: str
    began_s: float
    received_s: float
    """Seconds of sound."""


@dataclass(frozen=True, slots=True)
class GatewaySnapshot:
    """The gateway at one moment."""

    taken_s: float
    state: GatewayState = GatewayState.OFF
    reason: str = ""
    """Why it is in this state, or on another port than was asked for."""
    url: str | None = None
    """Such as "http://127.0.0.1:11480/v1"."""
    key_file: Path | None = None
    in_flight: int = 0
    connections: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    """Answers by class: "2xx", "4xx", "5xx", "499"; and "refused" before a handler saw them."""
    clients: tuple[ClientView, ...] = ()
    ingests: tuple[IngestView, ...] = ()
    requests_per_s: Series | None = None
