"""A command that runs until it is told to stop hears Ctrl+C and SIGTERM."""

from __future__ import annotations

import asyncio
import signal

import pytest

from app.commands.stopping import stopped_by_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_is_a_wish(number: signal.Signals) -> None:
    """The first signal sets the event and nothing else; afterwards all is as before."""
    before = signal.getsignal(number)

    async def scene() -> None:
        stop = asyncio.Event()
        inside = signal.getsignal(number)
        with stopped_by_signals(stop):
            signal.raise_signal(number)
            await asyncio.wait_for(stop.wait(), 10)
        assert signal.getsignal(number) is inside

    asyncio.run(scene())
    assert signal.getsignal(number) is before


def test_second_signal_is_an_order() -> None:
    """Whoever asks twice gets KeyboardInterrupt, whatever is still going on."""

    async def scene() -> None:
        with stopped_by_signals(asyncio.Event()):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(scene())
