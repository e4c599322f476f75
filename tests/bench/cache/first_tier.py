"""How fast the first tier is beside a plain dict, and what libraries take for the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from random import Random

from engine.cache.first_tier import ENTRY_BYTES, FirstTier
from engine.clock import SystemClock
from tests.bench.table import Row

KEYS, CALLS, VALUE_BYTES = 10_000, 60_000, 4096
MOST_GET, MOST_SET = 4.0, 10.0
"""Times a dict."""
ROUNDS = 15
FULL = 5000
"""Entries of the tier that is always full."""
LATER = 1e12

Get = Callable[[bytes], object]
Put = Callable[[bytes, bytes], object]


@dataclass(frozen=True, slots=True)
class Pair:
    """How something is asked and told."""

    get: Get
    put: Put


def rows() -> list[Row]:
    """Return the time of a get and a set, in times a dict's and in nanoseconds."""
    random = Random(1)
    keys = [b"llm:v1:%032x" % random.randrange(KEYS) for _ in range(CALLS)]
    new = [b"new:v1:%032x" % number for number in range(CALLS)]
    plain, ours = timed_dict(keys), timed(tier_pair(1 << 30), keys)
    full = FULL * (VALUE_BYTES + len(new[0]) + ENTRY_BYTES)
    evicting_ns = fastest_put_ns(tier_pair(full).put, new)
    peers = {name: peer() for name, peer in PEERS.items()}
    told = {name: timed(pair, keys) if pair else None for name, pair in peers.items()}
    gets = [f"{name} {times(found, plain, 0)}" for name, found in told.items()]
    sets = [f"{name} {times(found, plain, 1)}" for name, found in told.items()]
    return [
        Row("first tier: get, times a dict", ours[0] / plain[0], "x", MOST_GET, ", ".join(gets)),
        Row("first tier: set, times a dict", ours[1] / plain[1], "x", MOST_SET, ", ".join(sets)),
        Row("first tier: get", ours[0], "ns", None, f"dict {plain[0]:.0f}"),
        Row("first tier: set", ours[1], "ns", None, f"dict {plain[1]:.0f}"),
        Row("first tier: set of a new key while full", evicting_ns, "ns"),
    ]


def timed(pair: Pair, keys: Sequence[bytes]) -> tuple[float, float]:
    """Return nanoseconds of a get and of a set."""
    put_ns = fastest_put_ns(pair.put, keys)
    return fastest_get_ns(pair.get, keys), put_ns


def timed_dict(keys: Sequence[bytes]) -> tuple[float, float]:
    """Return nanoseconds of a get and of a set of a dict, the set without any call."""
    rounds, value = [], bytes(VALUE_BYTES)
    kept: dict[bytes, bytes] = {}
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        for key in keys:
            kept[key] = value
        rounds.append(time.perf_counter() - began_s)
    return fastest_get_ns(kept.get, keys), min(rounds) / len(keys) * 1e9


def fastest_get_ns(get: Get, keys: Sequence[bytes]) -> float:
    """Return the time of one get in the fastest of some rounds over `keys`."""
    rounds = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        for key in keys:
            get(key)
        rounds.append(time.perf_counter() - began_s)
    return min(rounds) / len(keys) * 1e9


def fastest_put_ns(put: Put, keys: Sequence[bytes]) -> float:
    """Return the time of one set in the fastest of some rounds over `keys`."""
    rounds, value = [], bytes(VALUE_BYTES)
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        for key in keys:
            put(key, value)
        rounds.append(time.perf_counter() - began_s)
    return min(rounds) / len(keys) * 1e9


def times(found: tuple[float, float] | None, plain: tuple[float, float], which: int) -> str:
    """Return how many times a dict's time a library took."""
    return "not installed" if found is None else f"{found[which] / plain[which]:.1f}"


def tier_pair(limit_bytes: int) -> Pair:
    """Return the first tier on the machine's own clock."""
    tier: FirstTier[bytes] = FirstTier(limit_bytes=limit_bytes, now=SystemClock().now)

    def put(key: bytes, value: bytes) -> None:
        tier.put(key, value, VALUE_BYTES, LATER, LATER)

    return Pair(tier.get, put)


def theine_pair() -> Pair | None:
    """Return theine, with a time to live, or None where it is not installed."""
    try:
        cache = import_module("theine").Cache(4 * KEYS, nolock=True)
    except ImportError:
        return None
    hour = timedelta(hours=1)
    return Pair(cache.get, lambda key, value: cache.set(key, value, hour))


def cachetools_pair() -> Pair | None:
    """Return cachetools' cache with times to live, or None where it is not installed."""
    try:
        cache = import_module("cachetools").TTLCache(4 * KEYS, 3600)
    except ImportError:
        return None
    return Pair(cache.get, cache.__setitem__)


def cachebox_pair() -> Pair | None:
    """Return cachebox' cache with a time to live for each key, or None."""
    try:
        cache = import_module("cachebox").VTTLCache(4 * KEYS)
    except ImportError:
        return None
    return Pair(cache.get, lambda key, value: cache.insert(key, value, 3600))


PEERS: dict[str, Callable[[], Pair | None]] = {
    "theine": theine_pair,
    "cachetools TTL": cachetools_pair,
    "cachebox VTTL": cachebox_pair,
}
