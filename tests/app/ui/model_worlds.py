"""Snapshots of servers, models and tiers for tests of the Models page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.ui.models_values import ModelsSnapshot
from engine.circuit_breaker import BreakerState
from engine.coordinator.settings import EMBEDDED, Endpoint, EndpointKind, Price
from engine.coordinator.snapshot import (
    CoordinatorSnapshot,
    EndpointState,
    EndpointView,
    UsageRow,
)
from engine.exchange import ServedModel
from engine.gateway.snapshot import GatewaySnapshot, GatewayState
from engine.router.snapshot import ModelEntry, ModelView, RouterSnapshot, Tier
from engine.telemetry import Series

NOW_S = 1000.0
OWN = Price("gpt-4o*", 2.0, 8.0)
STARTER = Price("gpt*", 30.0, 60.0, cached_input_usd=15.0)


def series(*values: float) -> Series:
    """Return `values` as readings of the last seconds."""
    found = Series("test", "1")
    for at, value in enumerate(values):
        found.append(NOW_S - len(values) + at, value)
    return found


OLLAMA = EndpointView(
    Endpoint("Ollama", EndpointKind.OLLAMA, "http://127.0.0.1:11434"),
    state=EndpointState.READY,
    models=(
        ServedModel("llama3:8b", 8192, frozenset({"chat", "tools"}), 5 << 30, True, "8.0B Q4"),
        ServedModel("nomic", 2048, frozenset({"embedding"}), None, False),
    ),
    models_at_s=990.0,
    in_flight=1,
    first_token_ms=212.0,
    first_token_p95_ms=1400.0,
    token_ms=20.0,
    requests=40,
    health=series(1.0, 1.0, 0.5),
    first_token=series(200.0, 220.0),
    tokens_per_s=series(50.0, 48.0),
)
CLOUD = EndpointView(
    Endpoint("Cloud", EndpointKind.OPENAI, "https://api.example.com/v1", is_local=False),
    state=EndpointState.ILL,
    reason="Cloud (https://api.example.com/v1) says 500: out of memory",
    breaker=BreakerState.OPEN,
    retry_in_s=12.0,
    has_key=True,
    models=(ServedModel("gpt-4o"),),
    models_at_s=900.0,
    busy_answers=3,
    failures=4,
    last_error="Cloud (https://api.example.com/v1) says 500: out of memory",
    last_error_s=970.0,
    remaining_requests=59,
    remaining_tokens=None,
)
BUILT_IN = EndpointView(
    Endpoint(EMBEDDED, EndpointKind.EMBEDDED, "", slots=1),
    state=EndpointState.ASLEEP,
    reason="it starts with the first request",
    models=(ServedModel("smollm2-135m-instruct"),),
    models_at_s=900.0,
)
COORDINATOR = CoordinatorSnapshot(
    taken_s=NOW_S,
    endpoints=(BUILT_IN, OLLAMA, CLOUD),
    prices=(OWN, STARTER),
    own_prices=1,
    usage=(
        UsageRow("llama3:8b", "Ollama", "editor", 30, 0, 300, 900, 0.0, 900.0, 200.0),
        UsageRow("gpt-4o", "Cloud", "", 10, 4, 100, 100, 0.5, 500.0, 100.0),
        UsageRow("gpt-4o", "Cloud", "editor", 10, 0, 100, 100, 0.25, None, None),
    ),
    counts={"requests": 50, "failed": 4, "cache_hits": 2},
    cost_usd=0.75,
    requests_per_s=series(1.0, 2.0, 3.0),
    first_token=series(200.0, 100.0),
    looked_s=990.0,
)
LLAMA = ModelEntry(
    "llama3*",
    "Llama 3",
    ("chat", "tools"),
    8192,
    8.0,
    4.7,
    "Llama 3",
    quality=0.68,
    quality_source="MMLU, the model card",
)
MODELS = (
    ModelView(
        "llama3:8b",
        LLAMA,
        frozenset({"chat", "tools"}),
        8192,
        ("Ollama",),
        is_local=True,
        is_loaded=True,
        health=1.0,
        first_token_ms=212.0,
        tokens_per_s=50.0,
        reliability=0.975,
        requests=40,
    ),
    ModelView("gpt-4o", None, frozenset({"chat", "vision"}), 128_000, ("Cloud",), health=0.2),
    ModelView("qwen3*", ModelEntry("qwen3*", "Qwen 3", ("chat",), is_users=True)),
)
FAST = Tier("fast", "Fast", "Answers at once", requires=("chat",), next_tier="mine")
MINE = Tier("mine", "Mine", "My own", ("gpt-4o*", "llama3*"), ("chat",), 4096, 5.0, is_users=True)
GATEWAY = GatewaySnapshot(
    taken_s=NOW_S,
    state=GatewayState.OPEN,
    url="http://127.0.0.1:11480/v1",
    key_file=Path("/somewhere/my keys/gateway.key"),
    requests_per_s=series(4.0, 4.0),
)
WORLD = ModelsSnapshot(
    COORDINATOR,
    RouterSnapshot(taken_s=NOW_S, models=MODELS, tiers=(FAST, MINE), version=1),
    GATEWAY,
    "fast",
    is_ready=True,
)


def with_endpoints(*views: EndpointView) -> ModelsSnapshot:
    """Return the world with other servers."""
    return replace(WORLD, coordinator=replace(COORDINATOR, endpoints=views))
