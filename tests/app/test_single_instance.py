from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.single_instance import SingleInstance

ROOT = Path(__file__).resolve().parents[2]
SECOND = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.single_instance import SingleInstance
application = QCoreApplication([])
print(SingleInstance(Path(sys.argv[1])).claim())
"""
KILLED = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.single_instance import SingleInstance
application = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
assert instance.claim()
instance.listen()
print("claimed", flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def first(qapp, tmp_path):
    instance = SingleInstance(tmp_path / "home")
    assert instance.claim()
    instance.listen()
    yield instance
    instance.release()


def start_second(home: Path) -> subprocess.Popen[str]:
    """Start another process that claims `home` and prints whether it is the first."""
    command = [sys.executable, "-c", SECOND, str(home)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def answer_of(process, qtbot):
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=20_000)
    with process:
        return process.stdout.read().strip()


def test_a_second_start_raises_the_first(first, qtbot, tmp_path):
    """The second process is told that it is not the first, and the first window comes forward."""
    with qtbot.waitSignal(first.raise_requested, timeout=20_000):
        process = start_second(tmp_path / "home")
    assert answer_of(process, qtbot) == "False"


def test_two_homes_are_independent(first, qtbot, tmp_path):
    """Another home has a first window of its own."""
    with qtbot.assertNotEmitted(first.raise_requested):
        assert answer_of(start_second(tmp_path / "other"), qtbot) == "True"


def test_a_start_during_the_end_waits_for_it(first, qtbot, tmp_path):
    """While the first is finishing, the second waits, and is the first afterwards."""
    first.closing()
    with qtbot.assertNotEmitted(first.raise_requested):
        process = start_second(tmp_path / "home")
        qtbot.waitUntil(lambda: first.told_to_wait == 1, timeout=20_000)
        assert process.poll() is None
        first.release()
        assert answer_of(process, qtbot) == "True"


def test_what_a_killed_process_left_is_no_obstacle(qapp, qtbot, tmp_path):
    """The lock and the socket of a process that was killed are taken over."""
    home = tmp_path / "home"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(home)], cwd=ROOT, capture_output=True, text=True
    )
    assert killed.stdout.strip() == "claimed"
    instance = SingleInstance(home)
    assert instance.claim()
    instance.listen()
    with qtbot.waitSignal(instance.raise_requested, timeout=20_000):
        process = start_second(home)
    assert answer_of(process, qtbot) == "False"
    instance.release()


def test_after_the_first_has_gone_the_next_is_first(first, tmp_path):
    """A released claim can be taken."""
    first.release()
    later = SingleInstance(tmp_path / "home")
    assert later.claim()
    later.release()


def test_a_folder_that_cannot_be_made_does_not_stop_the_window(qapp, tmp_path):
    """Where a file is in the way of the folder, the window opens all the same."""
    (tmp_path / "home").write_text("in the way")
    instance = SingleInstance(tmp_path / "home")
    assert instance.claim()
    instance.listen()
    instance.release()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_does_not_stop_the_window(qapp, tmp_path):
    """Where no lock can be had, the window opens all the same."""
    (tmp_path / "home").mkdir(mode=0o500)
    assert SingleInstance(tmp_path / "home").claim()
