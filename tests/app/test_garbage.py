from __future__ import annotations

import gc
import threading
import weakref

import pytest

from app.garbage import Garbage


class Loop:
    """Part of a cycle that notes on which thread it dies."""

    died_on: str = ""

    def __init__(self):
        self.itself = self

    def __del__(self):
        Loop.died_on = threading.current_thread().name


@pytest.fixture
def garbage(qapp):
    gc.enable()
    garbage = Garbage()
    yield garbage
    garbage.close()
    assert gc.isenabled()
    gc.disable()


def allocate_much():
    """Make and drop more cycles than Python lets pass without collecting."""
    for _ in range(3 * gc.get_threshold()[0]):
        row = []
        row.append(row)


def test_another_thread_collects_nothing(garbage):
    """However much another thread allocates, a dead cycle stays until Qt's thread looks."""
    Loop.died_on = ""
    gone = weakref.ref(Loop())
    thread = threading.Thread(target=allocate_much, name="engines")
    thread.start()
    thread.join()
    assert gone() is not None
    garbage.look()
    assert gone() is None
    assert Loop.died_on == threading.main_thread().name


def test_without_it_another_thread_would_collect(qapp):
    """The fault that is guarded against is real: Python collects on any thread."""
    Loop.died_on = ""
    gc.enable()
    Loop()
    thread = threading.Thread(target=allocate_much, name="engines")
    thread.start()
    thread.join()
    gc.disable()
    assert Loop.died_on == "engines"


def test_it_looks_by_itself(garbage, qtbot):
    """Garbage goes without anybody asking."""
    gone = weakref.ref(Loop())
    allocate_much()
    qtbot.waitUntil(lambda: gone() is None)


def test_little_garbage_costs_nothing(garbage):
    """Below Python's own limits nothing is collected."""
    gc.collect()
    gone = weakref.ref(Loop())
    garbage.look()
    assert gone() is not None


def test_what_settled_is_not_looked_at_again(garbage):
    """After `settle()` a collection passes over what was there before."""
    garbage.settle()
    assert gc.get_freeze_count() > 0
    assert len(gc.get_objects()) < gc.get_freeze_count()
