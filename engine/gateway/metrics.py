"""`/metrics`: figures as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from engine.coordinator.snapshot import CoordinatorSnapshot
from engine.gateway.ports import Call, Handler, Result
from engine.gateway.snapshot import GatewaySnapshot
from engine.gateway.traffic import BOUNDS_S, Traffic

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "uat"

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


def routes(
    gateway: Callable[[], GatewaySnapshot],
    traffic: Traffic,
    coordinator: Callable[[], CoordinatorSnapshot] | None,
) -> Mapping[tuple[str, str], Handler]:
    """Return the handler of this family."""

    async def metrics(call: Call) -> Result:
        lines = [*gateway_lines(gateway()), *time_lines(traffic)]
        if coordinator is not None:
            lines += coordinator_lines(coordinator())
        return Result(body=("\n".join(lines) + "\n").encode(), content_type=TEXT)

    return {("GET", "/metrics"): metrics}


def gateway_lines(seen: GatewaySnapshot) -> Iterator[str]:
    """Yield what the gateway counts."""
    classes = [({"class": name}, float(count)) for name, count in seen.counts.items()]
    yield from family("gateway_responses_total", "counter", "Answers by class", classes)
    yield from family("gateway_in_flight", "gauge", "Requests under way", [({}, seen.in_flight)])
    opened: list[Sample] = [({}, float(seen.connections))]
    yield from family("gateway_connections", "gauge", "Open connections", opened)
    senders: list[Sample] = [({}, float(len(seen.ingests)))]
    yield from family("gateway_webrtc_senders", "gauge", "Senders of sound over WebRTC", senders)
    clients = [({"client": each.name}, float(each.requests)) for each in seen.clients]
    yield from family("gateway_client_requests_total", "counter", "Requests by key", clients)


def time_lines(traffic: Traffic) -> Iterator[str]:
    """Yield the histograms of what answers took, a route each."""
    name = f"{PREFIX}_gateway_request_seconds"
    yield f"# HELP {name} Time from the head of a request to the end of its answer"
    yield f"# TYPE {name} histogram"
    for route, (buckets, total_s) in traffic.copy_of_times().items():
        bounds = [*map(str, BOUNDS_S), "+Inf"]
        for bound, count in zip(bounds, accumulate(buckets), strict=True):
            yield f"{name}_bucket{labels_text({'route': route, 'le': bound})} {count}"
        yield f"{name}_sum{labels_text({'route': route})} {total_s!r}"
        yield f"{name}_count{labels_text({'route': route})} {sum(buckets)}"


def coordinator_lines(seen: CoordinatorSnapshot) -> Iterator[str]:
    """Yield what the coordinator counts: requests, tokens, cost, and each endpoint."""
    counts = [({"kind": name}, float(count)) for name, count in seen.counts.items()]
    yield from family("llm_events_total", "counter", "Requests and tokens by kind", counts)
    cost: list[Sample] = [({}, seen.cost_usd)]
    yield from family("llm_cost_usd_total", "counter", "What answers cost, where known", cost)
    views = seen.endpoints
    columns: tuple[tuple[str, str, str, list[float | None]], ...] = (
        ("requests_total", "counter", "Requests sent", [each.requests for each in views]),
        ("failures_total", "counter", "Requests that failed", [each.failures for each in views]),
        ("busy_total", "counter", "Answers of too much", [each.busy_answers for each in views]),
        ("in_flight", "gauge", "Requests under way", [each.in_flight for each in views]),
        ("first_token_ms", "gauge", "To the first token", [each.first_token_ms for each in views]),
        ("token_ms", "gauge", "For each further token", [each.token_ms for each in views]),
    )
    for name, kind, about, values in columns:
        samples = [
            ({"endpoint": view.name}, float(value))
            for view, value in zip(views, values, strict=True)
            if value is not None
        ]
        yield from family(f"endpoint_{name}", kind, about, samples)
    states = [({"endpoint": each.name, "state": each.state}, 1.0) for each in views]
    yield from family("endpoint_state", "gauge", "How each endpoint stands", states)


def family(name: str, kind: str, about: str, samples: Sequence[Sample]) -> Iterator[str]:
    """Yield one metric with all its samples."""
    yield f"# HELP {PREFIX}_{name} {about}"
    yield f"# TYPE {PREFIX}_{name} {kind}"
    for labels, value in samples:
        yield f"{PREFIX}_{name}{labels_text(labels)} {_number(value)}"


def labels_text(labels: Labels) -> str:
    """Return `labels` as Prometheus writes them; names of models may hold anything."""
    if not labels:
        return ""
    return "{" + ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items()) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
