from __future__ import annotations

import multiprocessing
import threading
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.file_lock import alone_with
from engine.keychain import FileStore

WRITES = 12


def test_a_second_one_waits_until_the_first_is_done(tmp_path: Path):
    """Whoever comes while the file is held gets it once it is let go, and not before."""
    path, told = tmp_path / "list.json", []
    is_held, may_go = threading.Event(), threading.Event()

    def first() -> None:
        with alone_with(path):
            is_held.set()
            assert may_go.wait(60)
            told.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert is_held.wait(60)
        with pytest.raises(Refused, match="another program"), alone_with(path, wait_s=0.0):
            told.append("too early")
    finally:
        may_go.set()
        thread.join()
    with alone_with(path):
        told.append("second")
    assert told == ["first", "second"]


def test_an_error_lets_the_file_go(tmp_path: Path):
    """What goes wrong meanwhile passes through, and the next one need not wait."""
    path = tmp_path / "list.json"
    with pytest.raises(KeyError), alone_with(path):
        raise KeyError
    with alone_with(path, wait_s=0.0):
        assert not path.exists()


def test_a_link_and_what_it_points_to_are_one_file(tmp_path: Path):
    """A configuration folder full of links is guarded as well."""
    path, link = tmp_path / "list.json", tmp_path / "link.json"
    link.symlink_to(path)
    with alone_with(path), pytest.raises(Refused), alone_with(link, wait_s=0.0):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    """The error names the folder."""
    (tmp_path / "taken").write_text("")
    with (
        pytest.raises(Refused, match=r"taken cannot be written"),
        alone_with(tmp_path / "taken" / "list.json"),
    ):
        pass


def _write_many(path: Path, program: int, together: Barrier) -> None:
    for number in range(WRITES):
        together.wait(60)
        FileStore(path).write(f"{program}.{number}", "secret")


def test_programs_that_keep_secrets_at_once_lose_none(tmp_path: Path):
    """Two processes write into one file; all that either wrote is there."""
    path = tmp_path / "secrets.json"
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    programs = [
        context.Process(target=_write_many, args=(path, number, together)) for number in range(2)
    ]
    for each in programs:
        each.start()
    for each in programs:
        each.join()
    assert [each.exitcode for each in programs] == [0, 0]
    found = FileStore(path)
    wanted = [f"{program}.{number}" for program in range(2) for number in range(WRITES)]
    assert [name for name in wanted if found.read(name) is None] == []
