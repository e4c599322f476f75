"""Where other programs of the user learn the address."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.gateway.whereabouts import Whereabouts

URL = "http://127.0.0.1:11481/v1"


def test_told_and_forgotten(tmp_path: Path):
    """Others read what was told, until it is forgotten; forgetting twice is fine."""
    mine, others = Whereabouts(tmp_path / "data"), Whereabouts(tmp_path / "data")
    assert others.read() == ""
    mine.tell(URL)
    assert others.read() == URL
    mine.forget()
    mine.forget()
    assert others.read() == ""
    assert not mine.path.exists()


def test_the_last_who_tells_counts(tmp_path: Path):
    """Who ends leaves alone what another has told since."""
    first, second = Whereabouts(tmp_path), Whereabouts(tmp_path)
    first.tell(URL)
    second.tell("http://127.0.0.1:11482/v1")
    first.forget()
    assert first.read() == "http://127.0.0.1:11482/v1"


def test_told_again_once_another_is_gone(tmp_path: Path):
    """Who listens on is found again when the one who told after it has ended."""
    first, second = Whereabouts(tmp_path), Whereabouts(tmp_path)
    first.tell(URL)
    second.tell("http://127.0.0.1:11482/v1")
    first.retell()
    assert first.read() == "http://127.0.0.1:11482/v1"
    second.forget()
    assert first.read() == ""
    first.retell()
    assert first.read() == URL
    first.forget()
    first.retell()
    second.retell()
    assert first.read() == ""


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b'{"url": 5}', b'{"url": "file:///etc/passwd"}']
)
def test_what_is_no_address_is_none(tmp_path: Path, content: bytes):
    """A file with anything else in it is as good as none."""
    there = Whereabouts(tmp_path)
    there.path.write_bytes(content)
    assert there.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean little there")
def test_only_the_user_reads_it(tmp_path: Path):
    """Nobody else learns which programs run."""
    there = Whereabouts(tmp_path)
    there.tell(URL)
    assert there.path.stat().st_mode & 0o777 == 0o600


def test_folder_that_cannot_be_written(tmp_path: Path):
    """That is said as an error of the outside."""
    (tmp_path / "data").write_text("")
    with pytest.raises(Refused):
        Whereabouts(tmp_path / "data").tell(URL)
