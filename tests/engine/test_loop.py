from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from engine.loop import BackgroundLoop

PATIENCE_S = 10.0
"""How long a test waits for another thread before it fails."""


class Complaints:
    """What the loop reported."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, BaseException | None]] = []
        self.came = threading.Event()

    def __call__(self, message: str, error: BaseException | None) -> None:
        self.heard.append((message, error))
        self.came.set()


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def loop(complaints: Complaints) -> Iterator[BackgroundLoop]:
    loop = BackgroundLoop(on_error=complaints)
    loop.start()
    yield loop
    assert loop.stop()


def test_work_runs_on_the_engines_thread(loop: BackgroundLoop):
    """What is submitted runs on the thread named "engines", and its result comes back."""

    async def name() -> str:
        return threading.current_thread().name

    assert loop.submit(name()).result(PATIENCE_S) == "engines"


def test_error_reaches_the_one_who_waits(loop: BackgroundLoop, complaints: Complaints):
    """An error goes to the caller's future, and to nobody else."""

    async def fail() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        loop.submit(fail()).result(PATIENCE_S)
    assert complaints.heard == []


def test_error_nobody_waits_for_is_reported(loop: BackgroundLoop, complaints: Complaints):
    """The failure of a task that no one awaits is not lost."""

    async def fail() -> None:
        raise ValueError("unheard")

    async def start_and_forget() -> None:
        task = asyncio.create_task(fail())
        await asyncio.wait([task])

    loop.submit(start_and_forget()).result(PATIENCE_S)
    gc.collect()  # asyncio complains when the forgotten task is collected
    assert complaints.came.wait(PATIENCE_S)
    assert str(complaints.heard[0][1]) == "unheard"


def test_cancelling_the_future_cancels_the_work(loop: BackgroundLoop):
    """A cancelled future cancels the coroutine behind it."""
    begun, cancelled = threading.Event(), threading.Event()

    async def wait_for_ever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    future = loop.submit(wait_for_ever())
    assert begun.wait(PATIENCE_S)
    future.cancel()
    assert cancelled.wait(PATIENCE_S)


def test_stop_cancels_what_runs(complaints: Complaints):
    """Stopping cancels running work, also work begun while other work ends."""
    loop = BackgroundLoop(on_error=complaints)
    loop.start()
    begun, ended = threading.Event(), []

    async def last_wish() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("wish")

    async def wait_for_ever() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            wishes.append(asyncio.create_task(last_wish()))
            await asyncio.sleep(0)
            ended.append("work")

    wishes: list[asyncio.Task[None]] = []
    future = loop.submit(wait_for_ever())
    assert begun.wait(PATIENCE_S)
    assert loop.stop()
    assert sorted(ended) == ["wish", "work"]
    with pytest.raises(CancelledError):
        future.result(0)


def test_work_after_the_stop_is_a_mistake(complaints: Complaints):
    """Submitting to a stopped loop raises instead of waiting for ever."""
    loop = BackgroundLoop(on_error=complaints)
    loop.start()
    loop.stop()
    with pytest.raises(RuntimeError, match="has stopped"):
        loop.submit(asyncio.sleep(0))


def test_stop_says_when_work_does_not_end(complaints: Complaints):
    """Work that will not be cancelled does not hang the caller, who may try again."""
    loop = BackgroundLoop(on_error=complaints)
    loop.start()
    begun, may_end = threading.Event(), threading.Event()

    async def stubborn() -> None:
        begun.set()
        may_end.wait(PATIENCE_S)  # blocks on purpose

    loop.submit(stubborn())
    assert begun.wait(PATIENCE_S)
    assert not loop.stop(timeout_s=0.01)
    may_end.set()
    assert loop.stop(timeout_s=PATIENCE_S)


def test_loop_that_never_started_stops(complaints: Complaints):
    """Stopping before the start frees the loop, twice if need be."""
    loop = BackgroundLoop(on_error=complaints)
    assert loop.stop()
    assert loop.stop()
