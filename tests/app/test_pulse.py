from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget

from app.pulse import Pulse


class Page:
    rate_hz = 50

    def __init__(self):
        self.drawn = []

    def show_snapshot(self, snapshot):
        self.drawn.append(snapshot)


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    return window


def test_the_visible_page_is_fed_at_once_and_then_at_its_rate(window, qtbot):
    """A page gets its first snapshot when it opens, and new ones from then on."""
    numbers = iter(range(100))
    pulse, page = Pulse(window), Page()
    window.show()
    pulse.feed(page, lambda: next(numbers) + 1000)
    assert page.drawn == [1000]
    qtbot.waitUntil(lambda: len(page.drawn) >= 3)


def test_the_same_snapshot_is_drawn_once(window):
    """The very object that is shown already is not drawn again; a new one is."""
    pulse, page, snapshots = Pulse(window), Page(), [object(), object()]
    window.show()
    pulse.feed(page, lambda: snapshots[0])
    pulse.beat()
    assert len(page.drawn) == 1
    snapshots.reverse()
    pulse.beat()
    assert len(page.drawn) == 2


def test_a_hidden_window_is_not_fed(window):
    """Nothing is read while the window is hidden; showing it feeds the page again."""
    reads = []
    pulse, page = Pulse(window), Page()
    pulse.feed(page, lambda: reads.append(1) or object())
    assert not pulse.is_running
    assert reads == []
    window.show()
    assert pulse.is_running
    count = len(reads)
    assert count >= 1
    window.hide()
    assert not pulse.is_running


def test_a_minimised_window_is_not_fed(window, qtbot):
    """Minimising stops the timer, restoring starts it."""
    pulse = Pulse(window)
    window.show()
    pulse.feed(Page(), object)
    window.showMinimized()
    qtbot.waitUntil(lambda: not pulse.is_running)
    window.showNormal()
    qtbot.waitUntil(lambda: pulse.is_running)


def test_only_the_page_that_was_opened_last_is_fed(window):
    """Opening another page ends the feeding of the one before, and takes its own rate."""
    pulse, first, second = Pulse(window), Page(), Page()
    window.show()
    pulse.feed(first, object)
    pulse.feed(second, object)
    before = len(first.drawn)
    pulse.beat()
    assert len(first.drawn) == before
    assert len(second.drawn) >= 1


def test_nothing_is_drawn_where_there_is_nothing_to_show(window):
    """A source that has nothing yet draws nothing."""
    pulse, page = Pulse(window), Page()
    window.show()
    pulse.feed(page, lambda: None)
    assert page.drawn == []


def test_stopping_forgets_the_page(window):
    """After `stop()` showing the window again feeds nothing."""
    pulse, page = Pulse(window), Page()
    pulse.feed(page, object)
    pulse.stop()
    window.show()
    assert page.drawn == []
