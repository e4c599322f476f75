"""Large files are hashed once, until something about them changes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from engine.model_store import fingerprints
from engine.model_store.fingerprints import Fingerprints, sha256_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights" * 500_000)
    return path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read, in order."""
    names: list[str] = []
    whole = sha256_of

    def noting(path: Path) -> str:
        names.append(path.name)
        return whole(path)

    monkeypatch.setattr(fingerprints, "sha256_of", noting)
    return names


def test_hash_is_that_of_all_bytes(path: Path) -> None:
    """The hash is SHA-256 over the whole file, also beyond one block."""
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_unchanged_file_is_read_once(path: Path, tmp_path: Path, read: list[str]) -> None:
    """The second look, also after a new start, costs no reading."""
    first = Fingerprints(tmp_path / "notes.json").sha256(path)
    assert Fingerprints(tmp_path / "notes.json").sha256(path) == first
    assert read == ["model.bin"]


@pytest.mark.parametrize("change", ["content", "time", "inode"])
def test_any_change_is_a_new_look(path: Path, tmp_path: Path, read: list[str], change: str) -> None:
    """Another length, time or inode makes the file be read again."""
    hashes = Fingerprints(tmp_path / "notes.json")
    hashes.sha256(path)
    if change == "content":
        path.write_bytes(b"other")
    elif change == "time":
        os.utime(path, (1, 1))
    else:
        twin = tmp_path / "twin"
        twin.write_bytes(path.read_bytes())
        stat = path.stat()
        os.utime(twin, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        twin.replace(path)
    assert hashes.sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(read) == 2


def test_forgotten_file_is_read_again(path: Path, tmp_path: Path, read: list[str]) -> None:
    """After `forget` a file is read though nothing about it changed; others are not."""
    other = tmp_path / "other.bin"
    other.write_bytes(b"x")
    hashes = Fingerprints(tmp_path / "notes.json")
    hashes.sha256(path), hashes.sha256(other)
    hashes.forget(path)
    hashes.forget(tmp_path / "never seen")
    hashes.sha256(path), hashes.sha256(other)
    assert read == ["model.bin", "other.bin", "model.bin"]


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """A file that is not there has no hash."""
    with pytest.raises(FileNotFoundError):
        Fingerprints(tmp_path / "notes.json").sha256(tmp_path / "gone")


def test_notebook_that_cannot_be_written_costs_only_time(path: Path, tmp_path: Path) -> None:
    """Where nothing can be remembered the hash is still right."""
    (tmp_path / "file").write_text("no folder")
    assert Fingerprints(tmp_path / "file" / "notes.json").sha256(path) == sha256_of(path)
