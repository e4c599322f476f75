from __future__ import annotations

import os
import signal

import pytest

from app.signals import Signals


@pytest.fixture
def signals(qapp):
    before = signal.getsignal(signal.SIGTERM)
    signals = Signals()
    yield signals
    signals.close()
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_qts_thread(signals, qtbot, number):
    """SIGTERM and Ctrl+C are announced from Qt's own loop, while it sleeps."""
    with qtbot.waitSignal(signals.quit_requested):
        os.kill(os.getpid(), number)


def test_other_signals_are_left_alone(signals, qtbot):
    """A signal that asks for something else does not quit."""
    heard = []
    before = signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
    with qtbot.assertNotEmitted(signals.quit_requested, wait=50):
        os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert heard == [1]
