"""Messages that wait for one listener."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache import subscription as module
from engine.cache.subscription import Message, Subscription
from tests.conftest import FakeClock


async def nothing(subscription: Subscription) -> None:
    """Close nothing."""


def made(clock: FakeClock) -> Subscription:
    """Return a subscription to "a" and "b"."""
    return Subscription(("a", "b"), clock=clock, close=nothing)


def test_waiting_messages_are_read_in_order(clock: FakeClock):
    """What has arrived is read first to last, also once it is closed; then it ends."""

    async def check() -> None:
        subscription = made(clock)
        for number in range(3):
            subscription.put(Message("a", number, clock.wall()))
        await subscription.aclose()
        assert [message.value async for message in subscription] == [0, 1, 2]

    asyncio.run(check())


def test_reader_is_woken(clock: FakeClock):
    """Who waits goes on with the next message, and ends when it is closed."""

    async def check() -> None:
        subscription = made(clock)
        reading = asyncio.create_task(anext(subscription))
        await asyncio.sleep(0)
        subscription.put(Message("a", 1, clock.wall()))
        assert (await reading).value == 1
        reading = asyncio.create_task(anext(subscription))
        await asyncio.sleep(0)
        await subscription.aclose()
        with pytest.raises(StopAsyncIteration):
            await asyncio.gather(reading)

    asyncio.run(check())


def test_slow_reader_is_told(clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    """Messages beyond the limit are dropped, and a gap of their channel stands in their place."""
    monkeypatch.setattr(module, "MOST_WAITING", 2)

    async def check() -> None:
        subscription = made(clock)
        put = [subscription.put(Message("b", number, clock.wall())) for number in range(5)]
        assert put == [True, True, False, False, False]
        assert [(await anext(subscription)).value for _ in range(2)] == [0, 1]
        gap = await anext(subscription)
        assert (gap.channel, gap.value, gap.is_gap) == ("b", None, True)
        subscription.put(Message("a", 9, clock.wall()))
        assert (await anext(subscription)).value == 9

    asyncio.run(check())


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 6)), max_size=20))
def test_numbers_tell_what_is_missing(arrivals: list[tuple[int, int]]):
    """Each sender's numbers are counted for themselves: against a slow loop."""
    subscription = made(FakeClock())
    highest: dict[int, int] = {}
    for sender, number in arrivals:
        missed = subscription.count("a", bytes([sender]), number)
        if sender not in highest:
            assert missed == 0
        elif number <= highest[sender]:
            assert missed == -1
        else:
            assert missed == len(range(highest[sender] + 1, number))
        highest[sender] = max(number, highest.get(sender, 0))


def test_numbers_begin_anew(clock: FakeClock):
    """After listening began anew, the first number of a sender is right."""
    subscription = made(clock)
    subscription.count("a", b"x", 1)
    subscription.begin()
    assert subscription.count("a", b"x", 7) == 0
    assert subscription.count("a", b"x", 9) == 1
