"""Figures as Prometheus reads them."""

from __future__ import annotations

import asyncio
import re

from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.settings import Endpoint, EndpointKind
from engine.coordinator.snapshot import CoordinatorSnapshot, EndpointState, EndpointView
from engine.gateway import metrics
from engine.gateway.metrics import labels_text
from engine.gateway.ports import Call
from engine.gateway.snapshot import ClientView, GatewaySnapshot, IngestView
from engine.gateway.traffic import Traffic
from tests.conftest import FakeClock

LINE = re.compile(
    r'[a-z_]+(\{[a-z_]+="([^"\\\n]|\\\\|\\"|\\n)*"(,[a-z_]+="([^"\\\n]|\\\\|\\"|\\n)*")*\})? '
    r"[0-9.e+-]+"
)
"""A sample as the text format has it."""


def text(clock: FakeClock, coordinator: CoordinatorSnapshot | None = None) -> str:
    """Return what `/metrics` answers after two requests, one of them slow."""
    traffic = Traffic(clock)
    for took_s in (0.004, 3.0):
        traffic.come("", clock.now())
        at_s = clock.now()
        clock.advance(took_s)
        traffic.leave("/v1/x", 200, at_s)
    seen = GatewaySnapshot(
        0.0,
        counts=traffic.counts,
        clients=(ClientView("me", 0.0, 2),),
        ingests=(IngestView("1", "WebRTC", "connected", 0.0, 1.0),),
    )
    source = None if coordinator is None else lambda: coordinator
    handler = metrics.routes(lambda: seen, traffic, source)["GET", "/metrics"]
    result = asyncio.run(handler(Call("GET", "/metrics", "", "me")))
    assert result.content_type.startswith("text/plain; version=0.0.4")
    return result.body.decode()


def test_gateway(clock: FakeClock):
    """Answers are counted by class, requests by key, senders as they are, times by route."""
    lines = text(clock).splitlines()
    assert "uat_gateway_webrtc_senders 1" in lines
    assert 'uat_gateway_responses_total{class="2xx"} 2' in lines
    assert 'uat_gateway_client_requests_total{client="me"} 2' in lines
    name = "uat_gateway_request_seconds"
    assert f'{name}_bucket{{route="/v1/x",le="0.005"}} 1' in lines
    assert f'{name}_bucket{{route="/v1/x",le="+Inf"}} 2' in lines
    assert f'{name}_count{{route="/v1/x"}} 2' in lines


def test_every_line_is_well_formed(clock: FakeClock):
    """Each line is a comment or a sample, and each metric is announced once."""
    coordinator = CoordinatorSnapshot(
        0.0,
        endpoints=(
            EndpointView(Endpoint('a"b\\\n', EndpointKind.OPENAI, ""), EndpointState.READY),
            EndpointView(Endpoint("b", EndpointKind.OLLAMA, ""), first_token_ms=12.5, requests=3),
        ),
        counts={"requests": 12_345_678},
        cost_usd=0.5,
    )
    lines = text(clock, coordinator).splitlines()
    assert [line for line in lines if not line.startswith("# ") and not LINE.fullmatch(line)] == []
    announced = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(announced) == len(set(announced))
    assert 'uat_endpoint_first_token_ms{endpoint="b"} 12.5' in lines
    assert 'uat_endpoint_state{endpoint="b",state="unknown"} 1' in lines
    assert "uat_llm_cost_usd_total 0.5" in lines
    assert 'uat_llm_events_total{kind="requests"} 12345678' in lines
    assert text(clock, coordinator).endswith("\n")


@given(st.text())
def test_labels_cannot_be_broken(value: str):
    """Whatever a name holds, its label is closed and on one line."""
    written = labels_text({"model": value})
    assert "\n" not in written
    assert re.fullmatch(r'\{model="([^"\\]|\\.)*"\}', written, re.DOTALL)
