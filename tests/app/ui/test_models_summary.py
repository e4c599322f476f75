from __future__ import annotations

from dataclasses import replace

from PySide6.QtGui import QGuiApplication

from app.ui.models_summary import ModelsGlance, ModelsSummary, glance_of
from engine.coordinator.snapshot import EndpointState
from engine.gateway.snapshot import GatewayState
from tests.app.ui.model_worlds import BUILT_IN, CLOUD, COORDINATOR, GATEWAY


def test_the_overview_tells_servers_requests_and_speed(theme, qtbot):
    """And the address, which can be copied."""
    card = ModelsSummary(theme)
    qtbot.addWidget(card)
    card.show_models(glance_of(COORDINATOR, GATEWAY))
    assert card.healthy.text == "2 of 3"
    assert card.rate.text == "2.0 /s"
    assert card.first.text == "150 ms"
    card.copy_button.click()
    assert QGuiApplication.clipboard().text() == GATEWAY.url


def test_a_closed_gateway_has_no_address_to_copy(theme, qtbot):
    """The reason is a pointer away."""
    card = ModelsSummary(theme)
    qtbot.addWidget(card)
    card.show_models(ModelsGlance(state=GatewayState.FAILED, reason="port 11480 is taken"))
    assert card.copy_button.isHidden()
    assert card.toolTip() == "port 11480 is taken"


def test_a_glance_is_equal_while_it_tells_the_same():
    """A second later, without another request, there is nothing to draw."""
    first = glance_of(COORDINATOR, GATEWAY)
    assert glance_of(replace(COORDINATOR, version=2), replace(GATEWAY, connections=4)) == first
    off = replace(CLOUD, state=EndpointState.DISABLED)
    assert glance_of(replace(COORDINATOR, endpoints=(BUILT_IN, off)), GATEWAY).servers == 1
