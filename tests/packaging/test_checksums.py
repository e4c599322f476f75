"""The sums beside the packages."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import tests.packaging.frozen  # noqa: F401 - names the folder of what is tested

import checksums  # isort: skip


def check(folder: Path) -> int:
    """Return the exit code of sha256sum over the sums in `folder`."""
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    command = ["sha256sum", "--check", "--strict", "--quiet", checksums.NAME]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.deb").write_bytes(b"package")
    (tmp_path / "with space.tar.xz").write_bytes(b"")
    (tmp_path / ".part").write_bytes(b"half")
    (tmp_path / "frozen").mkdir()
    return tmp_path


def test_sums_are_those_that_sha256sum_knows(folder: Path):
    """The usual command finds them right, and wrong once a file is changed."""
    assert checksums.main([str(folder)]) == 0
    assert check(folder) == 0
    (folder / "a.deb").write_bytes(b"tampered")
    assert check(folder) != 0


def test_each_package_has_one_line(folder: Path):
    """Folders, hidden files and the sums of last time are left out; the order is by name."""
    checksums.main([str(folder)])
    checksums.main([str(folder)])
    lines = (folder / checksums.NAME).read_text().splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == ["a.deb", "with space.tar.xz"]


def test_nothing_to_sum_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """An empty folder exits with 1 and says so; no folder at all is wrong usage."""
    assert checksums.main([str(tmp_path)]) == 1
    assert "holds no files" in capsys.readouterr().err
    assert checksums.main([str(tmp_path / "none")]) == 2


def test_name_that_the_format_would_escape_is_refused(tmp_path: Path):
    """A backslash in a name is told, as sha256sum would write such a line apart."""
    (tmp_path / "a\\b").touch()
    with pytest.raises(ValueError, match="rename it"):
        checksums.checksums(tmp_path)
