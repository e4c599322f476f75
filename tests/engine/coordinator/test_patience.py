"""How long a stream is waited for."""

from __future__ import annotations

import asyncio

import pytest

from engine.coordinator.patience import Patience
from engine.errors import TimedOut
from tests.leaping import LeapingLoop, leap


async def wait(tested: Patience, seconds: float) -> None:
    """Wait as a relay does."""
    tested.begin()
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        late = tested.take_back()
        if late is None:
            raise
        raise late from None
    finally:
        tested.end()


def patience(loop: LeapingLoop, stall_s: float = 10, longest_s: float = 100) -> Patience:
    return Patience(name="a", clock=loop, stall_s=stall_s, deadline_s=loop.time() + longest_s)


def test_each_wait_has_its_own_time():
    """Many short waits are no long one; the time between them does not count."""

    async def work(loop: LeapingLoop) -> None:
        tested = patience(loop)
        for _ in range(4):
            await wait(tested, 9)
            await asyncio.sleep(12)
        with pytest.raises(TimedOut, match="nothing came for 10 s"):
            await wait(tested, 50)
        assert loop.time() == pytest.approx(1000 + 4 * 21 + 10, abs=0.01)
        await asyncio.sleep(1000)  # it was not cancelled for good
        tested.close()

    leap(work)


def test_the_deadline_ends_even_short_waits():
    """A stream that goes on and on is stopped by it."""

    async def work(loop: LeapingLoop) -> None:
        tested = patience(loop, longest_s=25)
        for _ in range(2):
            await wait(tested, 9)
        with pytest.raises(TimedOut, match="deadline"):
            await wait(tested, 9)
        assert loop.time() == pytest.approx(1025, abs=0.01)
        tested.close()

    leap(work)


@pytest.mark.parametrize("at_s", [3.0, 10.0])
def test_a_cancellation_by_others_goes_through(at_s: float):
    """Also where it comes at the very moment at which patience ends."""

    async def work(loop: LeapingLoop) -> None:
        tested = patience(loop)
        waiting = asyncio.create_task(wait(tested, 50))
        await asyncio.sleep(0)
        loop.call_later(at_s, waiting.cancel)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        tested.close()
        tested.close()

    leap(work)


def test_nothing_rings_once_it_is_closed():
    """A timer left behind would cancel whoever runs later."""

    async def work(loop: LeapingLoop) -> None:
        tested = patience(loop)
        await wait(tested, 1)
        tested.close()
        await asyncio.sleep(1000)

    leap(work)
