from __future__ import annotations

import faulthandler
import logging
import sys
import threading

import pytest


@pytest.fixture
def installed(problems):
    problems.install()
    yield problems
    problems.close()
    faulthandler.enable()


def texts(problems):
    return [problem.text for problem in problems.journal.since().entries]


def test_a_problem_has_what_a_report_needs(problems):
    """The details hold the traceback, the versions and the log's path."""
    try:
        raise LookupError("no such voice")
    except LookupError as error:
        problems.report("The voice is missing", error)
    (problem,) = problems.journal.since().entries
    assert problem.text == "The voice is missing"
    assert "LookupError: no such voice" in problem.details
    assert "Python 3." in problem.details
    assert str(problems.log_path) in problem.details


def test_the_listener_hears_each_problem(problems):
    """Whoever shows problems is told at once."""
    heard = []
    problems.listener = heard.append
    problems.report("one")
    problems.report("two")
    assert [problem.text for problem in heard] == ["one", "two"]


def test_a_problem_that_repeats_is_told_once(problems, clock):
    """The same problem 30 times a second is one problem; after a while it is told again."""
    for _ in range(30):
        problems.report("The page cannot be drawn")
        clock.advance(1 / 30)
    assert len(texts(problems)) == 1
    clock.advance(60)
    problems.report("The page cannot be drawn")
    assert len(texts(problems)) == 2


def test_an_uncaught_exception_is_a_problem(installed):
    """What Python would print and forget is kept and shown."""
    error = ValueError("not this")
    sys.excepthook(ValueError, error, None)
    assert "ValueError: not this" in texts(installed)[0]


def test_an_exception_in_a_thread_is_a_problem(installed):
    """A thread that dies of an exception says so."""

    def fail():
        raise OSError("the disk is gone")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert "OSError: the disk is gone" in texts(installed)[0]


def test_an_exception_nobody_can_catch_is_a_problem(installed):
    """An exception in `__del__` says so."""

    class Bad:
        def __del__(self):
            raise RuntimeError("cannot go")

    bad = Bad()
    del bad
    assert "RuntimeError: cannot go" in texts(installed)[0]


def test_ctrl_c_is_no_problem(installed, capsys):
    """An interrupt by the user is left to Python."""
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert texts(installed) == []
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_a_loops_complaint_is_a_problem(problems):
    """What an asyncio loop reports is kept, with or without an exception."""
    problems.on_loop(None, {"message": "Task was destroyed"})
    problems.on_loop(None, {"message": "", "exception": TypeError("odd")})
    assert "Task was destroyed" in texts(problems)[0]
    assert "TypeError: odd" in texts(problems)[1]


def test_problems_are_written_to_the_log(problems):
    """The log in the user's folder tells what happened."""
    problems.open_log()
    problems.report("The log knows this")
    logging.getLogger("engine.voice").info("and this")
    problems.close()
    log = problems.log_path.read_text(encoding="utf-8")
    assert "The log knows this" in log
    assert "and this" in log


def test_a_crash_is_told_at_the_next_start(problems):
    """The trace that a crash left is kept under a name of its own, and shown."""
    problems.folder.mkdir(parents=True)
    problems.crash_path.write_text("Fatal Python error: Segmentation fault")
    problems.open_log()
    (text,) = texts(problems)
    assert "crashed when it last ran" in text
    (kept,) = problems.folder.glob("crash-*.txt")
    assert "Segmentation fault" in kept.read_text()
    assert kept.name in text


def test_an_orderly_end_leaves_no_crash(problems):
    """A run that ended well is not called a crash by the next one."""
    problems.open_log()
    problems.close()
    problems.open_log()
    assert texts(problems) == []


def test_closing_gives_the_hooks_back(problems):
    """After `close()` Python's hooks are what they were."""
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    problems.install()
    assert sys.excepthook is not before[0]
    problems.close()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
