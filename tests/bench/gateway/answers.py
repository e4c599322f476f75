"""Answers from the response cache, and memory after many requests."""

from __future__ import annotations

import asyncio
import os

from tests.bench.gateway import parties
from tests.bench.gateway.callers import ask, request_bytes
from tests.bench.gateway.parties import CALLER_CORE
from tests.bench.table import Row

HITS_PER_S = 2500.0
LONG, STEP = 200_000, 20_000
GROWTH_MIB = 8.0
"""What a process may move by without growing: caches of the allocator, a journal that fills."""


def hits() -> list[Row]:
    """Return what an answer from the cache costs."""
    _stay()
    with parties.upstream() as url, parties.ours(url) as here:
        request = request_bytes(here.target, temperature=0)
        asyncio.run(ask(here.target, request, callers=32, requests=500))
        before_s = here.cpu_s()
        seen = asyncio.run(ask(here.target, request, callers=32, requests=10_000))
        cpu_ms = 1000 * (here.cpu_s() - before_s) / 10_000
    return [
        Row("cache hit, time a request", 1000 / seen.per_s, "ms", 1000 / HITS_PER_S,
            f"{seen.per_s:.0f} a second, {cpu_ms:.2f} ms CPU, {seen.errors} errors"),
    ]  # fmt: skip


def memory() -> list[Row]:
    """Return how memory grew between the first fifth and the end of many requests."""
    _stay()
    with parties.upstream() as url, parties.ours(url) as here:
        request = request_bytes(here.target)
        sizes = []
        for _ in range(LONG // STEP):
            asyncio.run(ask(here.target, request, callers=32, requests=STEP))
            sizes.append(here.memory_mib())
    early, late = sizes[len(sizes) // 2 - 1], sizes[-1]
    steps = " ".join(f"{size:.0f}" for size in sizes)
    return [Row(f"memory grown from {LONG // 2} to {LONG} requests", late - early, "MiB",
                GROWTH_MIB, steps)]  # fmt: skip


def _stay() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {CALLER_CORE % (os.cpu_count() or 1)})
