"""Stand-ins for libraries under the GPL that others are linked to."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tests.packaging.frozen  # noqa: F401 - names the folder of what is tested

import stand_ins  # isort: skip
from stand_in_parts import MARK, NotMade  # isort: skip

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not all(map(shutil.which, ("cc", "nm", "readelf"))),
    reason="stand-ins are made with a compiler, on Linux",
)

ENCODER = """\
#include <stdlib.h>
int x264_unused(void) { return 1; }
const char x264_levels[8] = {7};
void *x264_encoder_open_165(void) { return malloc(1); }
int x264_param_parse(void) { return 0; }
char *db_strerror(void) { return "it"; }
"""
USER = """\
extern const char x264_levels[];
void *x264_encoder_open_165(void);
int x264_param_parse(void);
char *db_strerror(void);
int level(void) { return x264_levels[0]; }
int parse(void) { return x264_param_parse(); }
const char *words(void) { return db_strerror(); }
int opens(void) { return x264_encoder_open_165() != 0; }
"""
VERSIONS = "KEPT_5 { global: db_strerror; };"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a library in C, under x264's name, and one that is linked to it."""
    made = tmp_path / "frozen" / "av.libs"
    made.mkdir(parents=True)
    (tmp_path / "encoder.c").write_text(ENCODER)
    (tmp_path / "user.c").write_text(USER)
    (tmp_path / "versions").write_text(VERSIONS)
    encoder = "libx264-0123abcd.so.165"
    flags = [f"-Wl,-soname,{encoder}", f"-Wl,--version-script={tmp_path / 'versions'}"]
    compiler = ["cc", "-shared", "-fPIC"]
    subprocess.run(
        [*compiler, *flags, "-o", str(made / encoder), str(tmp_path / "encoder.c")], check=True
    )
    subprocess.run(
        [
            *(*compiler, "-Wl,-z,now", "-Wl,-rpath,$ORIGIN", "-o", str(made / "libuser.so")),
            *(str(tmp_path / "user.c"), f"-L{made}", f"-l:{encoder}"),
        ],
        check=True,
    )
    (tmp_path / "frozen" / encoder).symlink_to(f"av.libs/{encoder}")
    return tmp_path / "frozen"


def test_library_loads_and_what_it_calls_fails(folder: Path, capfd: pytest.CaptureFixture[str]):
    """The library that was linked to it loads without a warning; each call says it failed."""
    assert stand_ins.main([str(folder)]) == 0
    user = ctypes.CDLL(str(folder / "av.libs" / "libuser.so"))
    user.words.restype = ctypes.c_char_p
    assert (user.level(), user.parse(), user.opens(), user.words()) == (0, -1, 0, b"left out")
    assert "no version information" not in capfd.readouterr().err


def test_stand_in_has_nothing_of_the_other(folder: Path):
    """It offers what is asked for and no more, says what it is, and keeps the file's mode."""
    library = folder / "av.libs" / "libx264-0123abcd.so.165"
    mode = library.stat().st_mode
    assert stand_ins.put_stand_ins(folder) == [library]
    content = library.read_bytes()
    assert MARK.encode() + b"libx264" in content
    assert b"x264_unused" not in content
    assert library.stat().st_mode == mode
    assert (folder / library.name).is_symlink()


def test_second_time_nothing_is_done(folder: Path):
    """What stands in already is left as it is."""
    stand_ins.put_stand_ins(folder)
    assert stand_ins.put_stand_ins(folder) == []


def test_missing_compiler_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Without the tools the message names what to install, and the library stays."""
    before = (folder / "av.libs" / "libx264-0123abcd.so.165").read_bytes()
    monkeypatch.setenv("PATH", str(folder))
    assert stand_ins.main([str(folder)]) == 1
    assert "install gcc and binutils" in capsys.readouterr().err
    assert (folder / "av.libs" / "libx264-0123abcd.so.165").read_bytes() == before


def test_library_that_nothing_asks_for_is_told(folder: Path):
    """Without a user of its names no stand-in is made: it would stand in for nothing."""
    (folder / "av.libs" / "libuser.so").unlink()
    with pytest.raises(NotMade, match="nothing in its folder asks for any of its names"):
        stand_ins.put_stand_ins(folder)


def test_what_is_no_library_is_refused(tmp_path: Path):
    """A file with such a name that no system loads stops the build, and stays."""
    (tmp_path / "libx265-0123abcd.dll").write_bytes(b"text")
    with pytest.raises(NotMade, match="no library of Linux, macOS or Windows"):
        stand_ins.put_stand_ins(tmp_path)
    assert (tmp_path / "libx265-0123abcd.dll").read_bytes() == b"text"
