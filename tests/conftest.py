"""What every test gets: no real window, no file of the user, no thread left behind."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest

from engine.folders import Folders
from engine.model_store.store import shipped_models
from engine.voice.ports import SpeechDecoder

# Before anything imports Qt; the tests under tests/live open real windows in other processes.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Programs that tests start keep what Python compiled for them, as a user's do: to compile the whole
# product takes each of them half a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The same examples on every machine, and no limit on how long a busy one takes.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True)
hypothesis.settings.load_profile("project")

GOODBYE_S = 5.0
"""What a thread may take to end after its test on a busy machine."""


@dataclass
class FakeClock:
    """A clock that moves when a test says so."""

    now_s: float = 1000.0
    wall_at: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))

    def now(self) -> float:
        """Return seconds since some moment."""
        return self.now_s

    def wall(self) -> datetime:
        """Return the calendar time, in UTC."""
        return self.wall_at

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        self.now_s += seconds
        self.wall_at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that moves when the test says so."""
    return FakeClock()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Return folders of a user who has none yet."""
    return Folders.under(tmp_path / "home")


@pytest.fixture(scope="session")
def whisper_base() -> SpeechDecoder:
    """Return the speech model that comes with the application, loaded once for all tests."""
    folder = shipped_models() / "base"
    if not (folder / "model.bin").exists():
        pytest.skip(f"{folder} holds no speech model: `make test` fetches it")
    from engine.voice.adapters.faster_whisper_decoder import FasterWhisperFactory

    return FasterWhisperFactory().load("base", folder, compute="cpu", threads=2)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while the tests are gathered: little goes, and much is looked through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(autouse=True, scope="module")
def lasting_things_left_alone() -> None:
    """Let collections pass over what stays to the end: all modules and thousands of tests.

    A full one then takes a few milliseconds instead of 400. Once a file, as the application thaws
    what is frozen when it closes.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def home_of_nobody(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point whatever looks for the user's folders at an empty one."""
    monkeypatch.setenv("UNIVERSAL_AI_TOOLS_HOME", str(tmp_path_factory.mktemp("user")))


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fail a test after which a thread that it started still runs."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if isinstance(thread, threading._DummyThread):
            continue  # Qt's own threads, once they have called Python
        thread.join(GOODBYE_S)
        assert not thread.is_alive(), f"the thread {thread.name!r} was left behind"
