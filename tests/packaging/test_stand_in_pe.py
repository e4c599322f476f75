"""Stand-ins for Windows, with doubles of the compiler and of the library that reads its files."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import tests.packaging.frozen  # noqa: F401 - names the folder of what is tested

import stand_in_pe  # isort: skip
from stand_in_parts import MARK, NotMade, Offer  # isort: skip

ENCODER = "libx264-165-0123abcd.dll"
CODE, CONSTANTS = 0x60000020, 0x40000040
"""Flags of the sections .text and .rdata, as compilers write them."""


class FakePE:
    """Reads a file of lines: `export NAME`, `table NAME`, `import LIBRARY NAME`, `machine N`."""

    def __init__(self, path: str, *, fast_load: bool) -> None:
        text = Path(path).read_text(encoding="utf-8")
        self.rows = [line.split() for line in text.splitlines()[1:]]
        machine = [int(row[1]) for row in self.rows if row[0] == "machine"]
        self.FILE_HEADER = SimpleNamespace(Machine=machine[0] if machine else 0x8664)

    def parse_data_directories(self, directories: tuple[int, ...]) -> None:
        offered = [row for row in self.rows if row[0] in ("export", "table")]
        if 0 in directories and offered:
            rows = [
                SimpleNamespace(name=row[1].encode(), address=CODE if row[0] == "export" else 1)
                for row in offered
            ]
            self.DIRECTORY_ENTRY_EXPORT = SimpleNamespace(symbols=rows)
        taken = [row for row in self.rows if row[0] == "import"]
        if 1 in directories and taken:
            self.DIRECTORY_ENTRY_IMPORT = [
                SimpleNamespace(
                    dll=row[1].encode(),
                    imports=[SimpleNamespace(name=row[2].encode() if len(row) > 2 else None)],
                )
                for row in taken
            ]

    def get_section_by_rva(self, address: int) -> SimpleNamespace:
        return SimpleNamespace(Characteristics=CODE if address == CODE else CONSTANTS)

    def __enter__(self) -> FakePE:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Compiler:
    """Writes the names that the linker is told, in FakePE's lines, and keeps the call."""

    def __init__(self) -> None:
        self.words: tuple[str, ...] = ()
        self.source = ""
        self.left_out = ""

    def __call__(self, *words: str, remedy: str) -> str:
        self.words = words
        self.source = Path(words[-2]).read_text(encoding="utf-8")
        rows = Path(words[-1]).read_text(encoding="utf-8").splitlines()[2:]
        kinds = {True: "table", False: "export"}
        lines = [f"{kinds['DATA' in row]} {row.split()[0]}" for row in rows]
        made = [line for line in lines if line.split()[1] != self.left_out]
        Path(words[words.index("-o") + 1]).write_text("\n".join(["MZ", *made]), encoding="utf-8")
        return ""


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Compiler:
    reader = ModuleType("pefile")
    reader.PE = FakePE  # type: ignore[attr-defined] # a double
    reader.PEFormatError = ValueError  # type: ignore[attr-defined] # a double
    monkeypatch.setitem(sys.modules, "pefile", reader)
    made = Compiler()
    monkeypatch.setattr(stand_in_pe, "run_tool", made)
    monkeypatch.setattr(stand_in_pe.shutil, "which", lambda name: name)
    return made


def library(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(["MZ", *lines]), encoding="utf-8")
    return path


def made_for(folder: Path, *user: str) -> Path:
    """Return what is made for an encoder whose user says `user`."""
    offers = ("export x264_param_parse", "export x264_unused", "table x264_levels")
    encoder = library(folder, ENCODER, *offers)
    users = [library(folder, "avcodec-62.dll", *user), library(folder, "avutil-60.dll")]
    work = folder / "work"
    work.mkdir()
    return stand_in_pe.make(encoder, users, work)


def test_it_offers_what_is_asked_of_it(tmp_path: Path, compiler: Compiler):
    """Names that the other libraries take from it, by whatever case, and none besides."""
    asked = (f"import {ENCODER.upper()} x264_param_parse", f"import {ENCODER} x264_levels")
    made = made_for(tmp_path, *asked, "import kernel32.dll x264_unused")
    assert stand_in_pe.exported(made) == {"x264_param_parse": True, "x264_levels": False}
    assert f'"{MARK}libx264"' in compiler.source
    assert "int x264_param_parse(void) { return -1; }" in compiler.source
    assert "const char x264_levels[" in compiler.source
    assert compiler.words[0] == "x86_64-w64-mingw32-gcc"


def test_it_keeps_its_name():
    """Loaders find it by the name that wheels gave it."""
    text = stand_in_pe.definitions(ENCODER, Offer(("parse",), ("levels",)))
    assert text.splitlines() == [f'LIBRARY "{ENCODER}"', "EXPORTS", "    parse", "    levels DATA"]


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (f"import {ENCODER} x264_gone", "asked for x264_gone, which it does not offer"),
        (f"import {ENCODER}", "by its number"),
        ("import other.dll x264_levels", "nothing in its folder asks"),
    ],
)
def test_what_cannot_be_asked_of_it_is_told(
    tmp_path: Path, compiler: Compiler, user: str, words: str
):
    """A name that the other does not have, one without a name, and none at all."""
    with pytest.raises(NotMade, match=words):
        made_for(tmp_path, user)
    assert compiler.words == ()


def test_what_a_compiler_leaves_out_is_seen(tmp_path: Path, compiler: Compiler):
    """A stand-in without a name that was asked of it is not used."""
    compiler.left_out = "x264_param_parse"
    with pytest.raises(NotMade, match="offers other names"):
        made_for(tmp_path, f"import {ENCODER} x264_param_parse")


def test_other_machines_are_refused(tmp_path: Path, compiler: Compiler):
    """For ARM nothing is made, as nothing there was tried."""
    encoder = library(tmp_path, ENCODER, "machine 43620")
    with pytest.raises(NotMade, match="x86-64 only"):
        stand_in_pe.make(encoder, [], tmp_path)


def test_missing_tools_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without a compiler, and without what reads the files, the message names what to install."""
    monkeypatch.setattr(stand_in_pe.shutil, "which", lambda _: None)
    with pytest.raises(NotMade, match="install MinGW-w64's gcc, or clang and lld"):
        stand_in_pe.compiler_words()
    monkeypatch.setitem(sys.modules, "pefile", None)
    with pytest.raises(NotMade, match="pip install pefile"):
        stand_in_pe.exported(tmp_path / ENCODER)
