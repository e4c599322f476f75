"""What the gateway adds to a request, beside a bare relay, Portkey and LiteLLM; one run."""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from tests.bench.gateway import parties
from tests.bench.gateway.callers import Round, Target, ask, request_bytes
from tests.bench.gateway.parties import CALLER_CORE, Party
from tests.bench.table import Row

ROUNDS = 3
MANY = 32
CPU_MS, STREAM_CPU_MS = 0.6, 0.9
PER_S = 1600.0
ADDED_P50_MS, P99_MS = 1.1, 40.0
SLOW = {"LiteLLM": 10, "Portkey": 3}
"""They get this many times fewer requests."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the rounds."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float | None
    errors: int
    first_error: str


def rows() -> list[Row]:
    """Return CPU, throughput and latency of everybody, whole and streamed."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {CALLER_CORE % (os.cpu_count() or 1)})
    with ExitStack() as stack:
        url = stack.enter_context(parties.upstream())
        direct = Target(url)
        everybody = [
            stack.enter_context(start(url))
            for start in (parties.ours, parties.bare_relay, parties.portkey, parties.litellm)
        ]
        there = [party for party in everybody if party is not None]
        found = {name: _figures(direct, there, **how) for name, how in KINDS.items()}
    return _rows(found)


KINDS: dict[str, dict[str, int | bool]] = {
    "one": {"callers": 1, "requests": 600},
    "many": {"callers": MANY, "requests": 6000},
    "stream": {"callers": MANY, "requests": 3000, "is_stream": True},
}


def _figures(
    direct: Target, there: list[Party], *, callers: int, requests: int, is_stream: bool = False
) -> dict[str, Figures]:
    """Return figures by name; rounds go by turns, so that a busy minute hits all alike."""
    rounds: dict[str, list[tuple[Round, float | None]]] = {}
    for number in range(ROUNDS + 1):
        for party in (None, *there):
            name = party.name if party else "direct"
            target = party.target if party else direct
            count = requests // SLOW.get(name, 1)
            done = asyncio.run(_round(target, party, callers, count, is_stream))
            if number:  # the first warms up
                rounds.setdefault(name, []).append(done)
    return {name: _median(done) for name, done in rounds.items()}


async def _round(
    target: Target, party: Party | None, callers: int, count: int, is_stream: bool
) -> tuple[Round, float | None]:
    before_s = party.cpu_s() if party else 0.0
    request = request_bytes(target, is_stream=is_stream)
    seen = await ask(target, request, callers=callers, requests=count)
    return seen, 1000 * (party.cpu_s() - before_s) / count if party else None


def _median(done: list[tuple[Round, float | None]]) -> Figures:
    def middle(read: Callable[[Round], float]) -> float:
        return statistics.median(read(each) for each, _ in done)

    cpu = [each for _, each in done if each is not None]
    return Figures(
        per_s=middle(lambda each: each.per_s),
        p50_ms=middle(lambda each: each.quantile(0.5)),
        p99_ms=middle(lambda each: each.quantile(0.99)),
        cpu_ms=statistics.median(cpu) if cpu else None,
        errors=sum(each.errors for each, _ in done),
        first_error=next((each.first_error for each, _ in done if each.first_error), ""),
    )


def _rows(found: dict[str, dict[str, Figures]]) -> list[Row]:
    one, many, stream = found["one"], found["many"], found["stream"]
    direct_ms = one["direct"].p50_ms
    errors = "; ".join(
        f"{name}, {kind}: {each.errors} {each.first_error[:60]!r}"
        for kind, figures in found.items()
        for name, each in figures.items()
        if each.errors
    )
    return [
        Row("CPU a request, 32 callers", many["here"].cpu_ms, "ms", CPU_MS, _beside(many, _cpu)),
        # A rate has a smallest good value: its inverse is shown, the rate is said beside.
        Row("one core, time a request", 1000 / many["here"].per_s, "ms", 1000 / PER_S,
            f"{many['here'].per_s:.0f} a second; " + _beside(many, _rate)),
        Row("added to the median, one caller", one["here"].p50_ms - direct_ms, "ms", ADDED_P50_MS,
            _beside(one, lambda each: f"{each.p50_ms - direct_ms:.2f}")),
        Row("99th percentile, 32 callers", many["here"].p99_ms, "ms", P99_MS,
            _beside(many, lambda each: f"{each.p99_ms:.1f}")),
        Row("CPU a streamed answer of 16 tokens", stream["here"].cpu_ms, "ms", STREAM_CPU_MS,
            _beside(stream, _cpu)),
        Row("answers that were errors", sum(x["here"].errors for x in found.values()), "", 0,
            errors),
    ]  # fmt: skip


def _cpu(figures: Figures) -> str:
    if figures.errors:
        return "answers with errors"
    return "-" if figures.cpu_ms is None else f"{figures.cpu_ms:.2f}"


def _rate(figures: Figures) -> str:
    if figures.errors:
        return "answers with errors"
    return f"{figures.per_s:.0f}/s"


def _beside(found: dict[str, Figures], read: Callable[[Figures], str]) -> str:
    return ", ".join(f"{name} {read(each)}" for name, each in found.items() if name != "here")
