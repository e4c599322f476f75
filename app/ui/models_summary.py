"""The way to the models in one card of the overview."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QGridLayout

from app.theme import Theme
from app.ui.models_texts import GATEWAY_STATES, HEALTHY, rate_of
from app.ui.quantity_texts import latency_text
from app.ui.widgets.card import Card
from app.ui.widgets.copy_button import CopyButton
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.reading import Value
from app.ui.widgets.state_chip import StateChip
from engine.coordinator.snapshot import CoordinatorSnapshot, EndpointState
from engine.gateway.snapshot import GatewaySnapshot, GatewayState

RECENT_S = 60.0
BUTTON_PX = 24
CLOSED = "The gateway is not open: see Settings"


@dataclass(frozen=True, slots=True)
class ModelsGlance:
    """What the overview tells of the gateway and its servers; equal where it would tell the same.

    first_token_ms: average of the last minute; None without an answer.
    """

    state: GatewayState = GatewayState.OFF
    reason: str = ""
    url: str = ""
    healthy: int = 0
    servers: int = 0
    """Those that are switched on."""
    requests_per_s: float = 0.0
    first_token_ms: float | None = None
    problem: str = ""


def glance_of(coordinator: CoordinatorSnapshot, gateway: GatewaySnapshot) -> ModelsGlance:
    """Return what the overview tells of both."""
    on = [each for each in coordinator.endpoints if each.state is not EndpointState.DISABLED]
    first_ms = rate_of(coordinator.first_token, coordinator.taken_s, RECENT_S)
    return ModelsGlance(
        state=gateway.state,
        reason=gateway.reason,
        url=gateway.url or "",
        healthy=sum(each.state in HEALTHY for each in on),
        servers=len(on),
        requests_per_s=round(rate_of(coordinator.requests_per_s, coordinator.taken_s) or 0.0, 1),
        first_token_ms=None if first_ms is None else round(first_ms),
        problem=coordinator.problem or "",
    )


class ModelsSummary(Card):
    """Address with a copy button, requests a second, healthy servers, time to the first token."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("Models")
        self._state = StateChip(theme)
        self.address = ElidedLabel("mute")
        self.copy_button = CopyButton(theme, "Copy the address for OpenAI clients")
        self.copy_button.setStyleSheet(f"padding: 0; min-height: {BUTTON_PX - 2}px;")
        for widget in (self.address, self.copy_button, self._state):
            self.corner.addWidget(widget)
        self.healthy, self.rate, self.first = Value(), Value(), Value()
        grid = QGridLayout()
        grid.setVerticalSpacing(0)
        captions = ("Servers ready", "Requests a second", "To the first token")
        values = (self.healthy, self.rate, self.first)
        for column, (caption, value) in enumerate(zip(captions, values, strict=True)):
            label = ElidedLabel("mute")
            label.show_text(caption)
            grid.addWidget(value, 0, column)
            grid.addWidget(label, 1, column)
            grid.setColumnStretch(column, 1)
        self.body.addLayout(grid)

    def show_models(self, glance: ModelsGlance) -> None:
        """Draw `glance`."""
        self._state.show_state(*GATEWAY_STATES[glance.state], glance.reason)
        self.address.show_text(glance.url)
        self.setToolTip("" if glance.url else glance.reason or CLOSED)
        self.copy_button.setVisible(bool(glance.url))
        self.copy_button.show_text(glance.url)
        self.healthy.show_value(str(glance.healthy), f"of {glance.servers}")
        self.rate.show_value(f"{glance.requests_per_s:,.1f}", "/s")
        self.first.show_value(*latency_text(glance.first_token_ms))
