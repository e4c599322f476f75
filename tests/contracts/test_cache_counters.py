"""Wherever numbers are counted, it is done alike: the contract of `CounterStore`."""

from __future__ import annotations

from tests.contracts.cache_outside import Outside, Shared, outside

__all__ = ["outside"]


def test_sums(outside: Outside):
    """A counter begins at 0; what is added, less than 0 too, gives the sum."""

    async def check(shared: Shared) -> None:
        counters = shared.counters
        assert await counters.read("a") == 0
        assert await counters.add("a", 3, None) == 3
        assert await counters.add("a", -5, None) == -2
        assert await counters.add("b", 1, None) == 1
        assert await counters.read("a") == -2

    outside.run(check)


def test_large_sums_are_exact(outside: Outside):
    """Numbers beyond what a float holds stay whole."""

    async def check(shared: Shared) -> None:
        assert await shared.counters.add("a", 2**60, None) == 2**60
        assert await shared.counters.add("a", 1, None) == 2**60 + 1
        assert await shared.counters.read("a") == 2**60 + 1

    outside.run(check)


def test_counter_ends_after_its_first_ttl(outside: Outside):
    """A new counter ends after `ttl_s`, however often it was added to; then it is new again."""

    async def check(shared: Shared) -> None:
        counters = shared.counters
        await counters.add("a", 1, 10)
        shared.pass_time(6)
        assert await counters.add("a", 1, 10) == 2
        shared.pass_time(6)
        assert await counters.read("a") == 0
        assert await counters.add("a", 1, 10) == 1

    outside.run(check)


def test_counter_without_ttl_stays(outside: Outside):
    """A counter that began without an end has none, whatever is asked for later."""

    async def check(shared: Shared) -> None:
        await shared.counters.add("a", 1, None)
        await shared.counters.add("a", 1, 10)
        shared.pass_time(1_000_000)
        assert await shared.counters.read("a") == 2

    outside.run(check)
