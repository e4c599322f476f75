"""What the Models page is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from engine.coordinator.snapshot import CoordinatorSnapshot
from engine.gateway.snapshot import GatewaySnapshot
from engine.router.snapshot import RouterSnapshot


@dataclass(frozen=True, slots=True)
class ModelsSnapshot:
    """Servers, models, tiers and the gateway's address at one moment."""

    coordinator: CoordinatorSnapshot = CoordinatorSnapshot(taken_s=0.0)
    router: RouterSnapshot = RouterSnapshot(taken_s=0.0)
    gateway: GatewaySnapshot = GatewaySnapshot(taken_s=0.0)
    default_tier: str = ""
    is_ready: bool = False
    """The engines are there."""
