"""The notices and licence texts of a frozen application."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packaging.frozen import ELF, Frozen

import licences  # isort: skip - tests.packaging.frozen says where it is
from third_parties import read_third_parties  # isort: skip


def gathered(frozen: Frozen) -> Path:
    """Return the folder with the licences of `frozen`."""
    out = frozen.home / "licences"
    licences.gather(frozen.parts(), read_third_parties(), out)
    return out


@pytest.fixture
def frozen(tmp_path: Path) -> Frozen:
    made = Frozen(tmp_path)
    made.package("other", "License-Expression: LGPL-2.1-or-later", texts=("COPYING", "NOTICE"))
    made.locked["other"] = ()
    made.bring("demo.libs/libavutil-0123abcd.so.60", ELF + b"FFmpeg version 8.1.2\0")
    return made


def test_every_link_leads_to_a_text(frozen: Frozen):
    """Each part has a row, and each text named there lies in the folder."""
    out = gathered(frozen)
    notices = (out / "NOTICES.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", notices)
    assert {"demo/LICENSE", "other/COPYING", "other/NOTICE", "ffmpeg/ffmpeg.txt"} <= set(links)
    assert [link for link in links if not (out / link).exists()] == []
    assert "| FFmpeg (in demo 1.0) | 8.1.2 | LGPL-3.0-or-later | https://ffmpeg.org |" in notices


def test_lesser_gpl_comes_with_the_gpl_that_it_refers_to(frozen: Frozen):
    """LGPL-3.0 is a supplement to GPL-3.0: both texts are there, and the project's own."""
    out = gathered(frozen)
    for name in ("LGPL-3.0.txt", "GPL-3.0.txt", "LGPL-2.1.txt", "Apache-2.0.txt"):
        assert (out / "standard" / name).stat().st_size > 5000
    assert "MIT License" in (out / "LICENSE.txt").read_text()


def test_notices_tell_how_to_replace_what_is_under_the_lgpl(frozen: Frozen):
    """Whoever gets the package reads that they may, and which file it is."""
    notices = (gathered(frozen) / "NOTICES.md").read_text(encoding="utf-8")
    assert "may be replaced by your own builds" in notices
    assert "`demo.libs/libavutil-0123abcd.so.60`" in notices


def test_command_refuses_the_gpl(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """With a library under the GPL in the folder it gathers nothing and exits with 1."""
    frozen = Frozen(tmp_path)
    frozen.modules = []
    frozen.put("libreadline.so.8", ELF, source=Path("/elsewhere/libreadline.so.8"))
    frozen.read()
    out = tmp_path / "out"
    assert licences.main([str(frozen.folder), str(frozen.build), str(out)]) == 1
    assert (
        "GNU Readline (libreadline.so.8): its licence GPL-3.0-or-later" in capsys.readouterr().err
    )
    assert not out.exists()
    assert licences.main([]) == 2
