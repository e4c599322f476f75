"""What share of gets the first tier answers, beside other policies and libraries.

The traces are those that eviction policies are usually told apart by: skewed use, scans between,
many keys that are used once, a hot set that moves, and a loop that is larger than the cache.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import accumulate
from random import Random

from engine.cache.first_tier import ENTRY_BYTES, FirstTier
from tests.bench.table import Row

GETS, KEYS, CAPACITY = 200_000, 20_000, 2000
LOOP_GETS, LOOP_KEYS = 60_000, 2400
KEY_BYTES, WEIGHT = 8, 1000
TOLERANCE_PERCENT = 0.05
"""Of hits; a hundred gets of 200,000."""

Ask = Callable[[int], bool]
"""Tells whether a key was there, and puts it there."""


def rows() -> list[Row]:
    """Return the share of misses on each trace; the limit is that of S3-FIFO as in the paper."""
    found = []
    for name, trace in traces():
        ours, reference = misses(first_tier(), trace), misses(s3_fifo(), trace)
        others = [f"LRU {misses(lru(), trace):.1f}"]
        for library, opened in (("theine", theine()), ("cachetools LFU", cachetools_lfu())):
            told = "not installed" if opened is None else f"{misses(opened, trace):.1f}"
            others.append(f"{library} {told}")
        found.append(Row(f"misses, {name}", ours, "%", reference + TOLERANCE_PERCENT,
                         f"S3-FIFO {reference:.1f}, {', '.join(others)}"))  # fmt: skip
    return found


def misses(ask: Ask, trace: Sequence[int]) -> float:
    """Return the share of `trace` that was not there, in percent."""
    return 100 * sum(not ask(key) for key in trace) / len(trace)


def traces() -> Iterator[tuple[str, Sequence[int]]]:
    """Yield name and keys of each trace."""
    skewed = zipf(0.9, seed=1)
    yield "Zipf 0.9", skewed
    yield "Zipf 1.1", zipf(1.1, seed=2)
    yield "Zipf 0.9 with bursts of scans", scanned(skewed)
    random = Random(5)
    once = [key if random.random() < 0.4 else 10**6 + at for at, key in enumerate(skewed)]
    yield "60 % used once", once
    phase = GETS // 5
    yield "hot set that moves", [(key + at // phase * 5000) % KEYS for at, key in enumerate(skewed)]
    yield "loop of 1.2 times the cache", [at % LOOP_KEYS for at in range(LOOP_GETS)]


def zipf(exponent: float, seed: int) -> list[int]:
    """Return keys whose use falls with the power `exponent` of their rank."""
    random = Random(seed)
    weights = list(accumulate(1 / (rank + 1) ** exponent for rank in range(KEYS)))
    keys = list(range(KEYS))
    random.shuffle(keys)
    return [keys[bisect_left(weights, random.random() * weights[-1])] for _ in range(GETS)]


def scanned(skewed: Sequence[int]) -> list[int]:
    """Return `skewed` where in every fourth stretch three new keys follow each one."""
    mixed: list[int] = []
    new = 10**6
    for at, key in enumerate(skewed):
        mixed.append(key)
        if at // 5000 % 4 == 3:
            mixed += range(new, new + 3)
            new += 3
    return mixed[:GETS]


def first_tier() -> Ask:
    """Return ours, with room for CAPACITY values of one size."""
    tier: FirstTier[int] = FirstTier(limit_bytes=CAPACITY * WEIGHT, now=lambda: 0.0)

    def ask(number: int) -> bool:
        key = number.to_bytes(KEY_BYTES, "big")
        if tier.get(key) is not None:
            return True
        tier.put(key, number, WEIGHT - KEY_BYTES - ENTRY_BYTES, 1.0, 1.0)
        return False

    return ask


def lru() -> Ask:
    """Return a cache that lets go what was used longest ago."""
    kept: OrderedDict[int, None] = OrderedDict()

    def ask(key: int) -> bool:
        if key in kept:
            kept.move_to_end(key)
            return True
        kept[key] = None
        if len(kept) > CAPACITY:
            kept.popitem(last=False)
        return False

    return ask


def s3_fifo() -> Ask:
    """Return the paper's algorithm, written down plainly."""
    small: OrderedDict[int, int] = OrderedDict()
    main: OrderedDict[int, int] = OrderedDict()
    ghosts: OrderedDict[int, None] = OrderedDict()

    def evict() -> None:
        queue = small if len(small) >= CAPACITY // 10 or not main else main
        key, uses = queue.popitem(last=False)
        if uses:
            main[key] = 0 if queue is small else uses - 1
        elif queue is small:
            ghosts[key] = None
            if len(ghosts) > CAPACITY:
                ghosts.popitem(last=False)

    def ask(key: int) -> bool:
        for queue in (small, main):
            if key in queue:
                queue[key] = min(3, queue[key] + 1)
                return True
        while len(small) + len(main) >= CAPACITY:
            evict()
        if key in ghosts:
            del ghosts[key]
            main[key] = 0
        else:
            small[key] = 0
        return False

    return ask


def theine() -> Ask | None:
    """Return theine's W-TinyLFU, or None where it is not installed."""
    try:
        cache = import_module("theine").Cache(CAPACITY)
    except ImportError:
        return None

    def ask(key: int) -> bool:
        if cache.get(key)[1]:
            return True
        cache.set(key, key)
        return False

    return ask


def cachetools_lfu() -> Ask | None:
    """Return cachetools' LFU, or None where it is not installed."""
    try:
        cache = import_module("cachetools").LFUCache(CAPACITY)
    except ImportError:
        return None

    def ask(key: int) -> bool:
        if cache.get(key) is not None:
            return True
        cache[key] = key
        return False

    return ask
