from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.atomic_files import write_atomically
from engine.errors import Refused


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_file_holds_what_was_written_last(
    tmp_path_factory: pytest.TempPathFactory, old: bytes, new: bytes
):
    """A second write replaces the first one whole, and leaves no other file."""
    path = tmp_path_factory.mktemp("files") / "made" / "for us" / "a.json"
    write_atomically(path, old)
    write_atomically(path, new)
    assert path.read_bytes() == new
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
):
    """When the disk is full at any step, the old content stays and no draft lies about."""
    path = tmp_path / "a.json"
    write_atomically(path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", full) if broken == "fsync" else (Path, "replace", full)))
    with pytest.raises(Refused, match=r"a\.json cannot be written \(No space left on device\)"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ctrl+C in the middle of a write leaves the old content and no draft."""
    path = tmp_path / "a.json"
    write_atomically(path, b"old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_is_a_file_is_refused(tmp_path: Path):
    """A path below a file is refused, naming it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="file cannot be written"):
        write_atomically(tmp_path / "file" / "a.json", b"")


def test_link_stays_a_link(tmp_path: Path):
    """A settings file that links into a collection of dotfiles goes on doing so."""
    real, link = tmp_path / "dotfiles" / "a.toml", tmp_path / "a.toml"
    write_atomically(real, b"old")
    link.symlink_to(real)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_only_the_user_reads_the_file(tmp_path: Path):
    """A file is closed to other users of the machine, whatever was there before."""
    path = tmp_path / "a.json"
    path.touch(mode=0o644)
    write_atomically(path, b"")
    assert path.stat().st_mode & 0o077 == 0


def test_drafts_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Who writes while another is at it has a draft of its own: the last to end wins, whole."""
    path = tmp_path / "a.json"
    real, others = os.fsync, [b"other"]

    def meanwhile(handle: int) -> None:
        if others:
            write_atomically(path, others.pop())
        real(handle)

    monkeypatch.setattr(os, "fsync", meanwhile)
    write_atomically(path, b"first to begin")
    assert path.read_bytes() == b"first to begin"
    assert list(tmp_path.iterdir()) == [path]
