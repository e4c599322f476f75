"""What giving out leases needs from outside, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.clock import Clock
from engine.gpu.policy import FairPolicy
from engine.gpu.ports import CardSource, LeaseShare, ModelServers, Policy, ProcessBook
from engine.storage import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Lending:
    """How memory is given out, as whoever builds the engines chooses."""

    policy: Policy = field(default_factory=FairPolicy)
    servers: ModelServers | None = None
    """Hold models that may leave; None for nobody."""
    is_busy: Callable[[str, str], bool] = lambda url, model: False
    """Whether an answer of a server's model is under way, by address and name."""
    database: Database | None = None
    """Where leases outlive the application; None for nowhere."""
    share: LeaseShare | None = None
    """Other hosts, which may see the same cards; None for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseOutside:
    """The outside of leases."""

    source: CardSource
    processes: ProcessBook
    clock: Clock
    lending: Lending = field(default_factory=Lending)
