from __future__ import annotations

import asyncio
import threading

import pytest

from app.bridge import Bridge
from engine.errors import Unreachable
from engine.loop import BackgroundLoop


@pytest.fixture
def loop(problems):
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    yield loop
    assert loop.stop()


@pytest.fixture
def bridge(qapp, loop, problems):
    bridge = Bridge(loop, problems)
    yield bridge
    bridge.close()


def heard(problems):
    return [problem.text for problem in problems.journal.since().entries]


def test_work_runs_on_the_engines_thread_and_its_result_comes_back_on_qts(bridge, qtbot):
    """The coroutine runs on the thread "engines", the callback on the thread of the window."""
    threads = []

    async def work():
        threads.append(threading.current_thread().name)
        return 7

    def done(result):
        threads.append(threading.current_thread())
        assert result == 7

    bridge.run(work(), done)
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads == ["engines", threading.main_thread()]


def test_an_expected_error_goes_to_whoever_asked(bridge, qtbot, problems):
    """An EngineError reaches `failed` with its message, and nobody else."""
    told = []

    async def work():
        raise Unreachable("no microphone: plug one in")

    bridge.run(work(), failed=lambda text, details: told.append((text, details)))
    qtbot.waitUntil(lambda: bool(told))
    assert told[0][0] == "no microphone: plug one in"
    assert "Unreachable" in told[0][1]
    assert heard(problems) == []


def test_an_expected_error_nobody_asked_about_is_a_problem(bridge, qtbot, problems):
    """Without `failed`, an EngineError is shown as it reads."""

    async def work():
        raise Unreachable("no microphone: plug one in")

    bridge.run(work())
    qtbot.waitUntil(lambda: heard(problems) == ["no microphone: plug one in"])


def test_a_mistake_in_the_program_is_always_a_problem(bridge, qtbot, problems):
    """Any other exception goes to the problems, with its traceback, and not to `failed`."""
    told = []

    async def work():
        raise ZeroDivisionError("seven by nothing")

    bridge.run(work(), failed=lambda *what: told.append(what))
    qtbot.waitUntil(lambda: bool(heard(problems)))
    assert "ZeroDivisionError: seven by nothing" in heard(problems)[0]
    assert "test_bridge" in problems.journal.since().entries[0].details
    assert told == []


def test_cancelled_work_ends_and_calls_nobody(bridge, qtbot):
    """After `cancel()` the coroutine is cancelled and neither callback follows."""
    told, ended = [], threading.Event()
    began = threading.Event()

    async def work():
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    handle = bridge.run(work(), told.append, lambda *what: told.append(what))
    qtbot.waitUntil(began.is_set)
    handle.cancel()
    qtbot.waitUntil(ended.is_set)
    bridge.run(asyncio.sleep(0), lambda _: told.append("after"))
    qtbot.waitUntil(lambda: told == ["after"])


def test_cancelling_what_has_finished_calls_nobody(bridge, qtbot, loop):
    """A result that is on its way when it is cancelled is dropped."""
    told = []
    handle = bridge.run(asyncio.sleep(0, "late"), told.append)
    loop.submit(asyncio.sleep(0)).result(5)
    handle.cancel()
    bridge.run(asyncio.sleep(0, "next"), told.append)
    qtbot.waitUntil(lambda: told == ["next"])


def test_a_closed_bridge_is_silent(bridge, qapp, loop):
    """After `close()` no callback follows, whatever finishes."""
    told = []
    bridge.run(asyncio.sleep(0, "late"), told.append)
    bridge.close()
    loop.submit(asyncio.sleep(0)).result(5)
    qapp.processEvents()
    assert told == []
