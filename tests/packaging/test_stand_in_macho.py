"""Stand-ins for macOS, with doubles of clang and of the library that reads its files."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest

import tests.packaging.frozen  # noqa: F401 - names the folder of what is tested

import stand_in_macho  # isort: skip
from stand_in_parts import MARK, NotMade  # isort: skip

ENCODER = "libx264.165.dylib"
TEXT, CONSTANTS = 1, 2
"""Numbers of the sections in ENCODER: its code, and what else lies in the same segment."""


def load(kind: str, content: object = b"", **fields: object) -> tuple[object, object, object]:
    """Return a command as macholib gives it."""
    return SimpleNamespace(get_cmd_name=lambda: kind), SimpleNamespace(**fields), content


class Files:
    """What the double of macholib tells of each file, by its name."""

    commands: ClassVar[dict[str, list[tuple[object, object, object]]]] = {
        ENCODER: [
            load(
                *("LC_ID_DYLIB", b"@rpath/" + ENCODER.encode() + b"\0\0"),
                current_version="165.2.0",
                compatibility_version="165.0.0",
            ),
            load(
                "LC_SEGMENT_64",
                [SimpleNamespace(sectname=b"__text\0"), SimpleNamespace(sectname=b"__const\0")],
            ),
        ],
        "libavcodec.62.dylib": [
            load("LC_LOAD_DYLIB", b"/usr/lib/libSystem.B.dylib\0"),
            load("LC_LOAD_DYLIB", b"@rpath/" + ENCODER.encode() + b"\0"),
        ],
    }
    asked: ClassVar[list[tuple[int, bytes]]] = [
        (1, b"_malloc"),
        (2, b"_x264_param_parse"),
        (2, b"_x264_levels"),
    ]
    offered: ClassVar[list[tuple[int, bytes]]] = [
        (TEXT, b"_x264_param_parse"),
        (TEXT, b"_x264_unused"),
        (CONSTANTS, b"_x264_levels"),
    ]


class FakeMachO:
    """Knows the files of Files; of one that was made, what its source offers."""

    def __init__(self, path: str) -> None:
        self.name = Path(path).name
        header = SimpleNamespace(cputype=0x0100000C)
        commands = Files.commands.get(self.name, Files.commands[ENCODER])
        self.headers = [SimpleNamespace(header=header, commands=commands)]


class FakeSymbols:
    """The names of one of those files."""

    def __init__(self, file: FakeMachO, header: object) -> None:
        asked = Files.asked if file.name.startswith("libavcodec") else []
        offered = [] if asked else Files.offered
        self.undefsyms = [(SimpleNamespace(n_desc=at << 8), name) for at, name in asked]
        self.extdefsyms = [(SimpleNamespace(n_sect=at), name) for at, name in offered]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an encoder and what is linked to it, as macholib's double knows them."""
    package, files, symbols = (
        ModuleType(name) for name in ("macholib", "macholib.MachO", "macholib.SymbolTable")
    )
    files.MachO = FakeMachO  # type: ignore[attr-defined] # a double
    symbols.SymbolTable = FakeSymbols  # type: ignore[attr-defined] # a double
    for module in (package, files, symbols):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in Files.commands:
        (tmp_path / name).touch()
    return tmp_path


def made_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[tuple[str, ...], str]:
    """Return how the compiler was called, and the source that it was given."""
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(stand_in_macho, "run_tool", lambda *words, remedy: calls.append(words))
    stand_in_macho.make(folder / ENCODER, [folder / "libavcodec.62.dylib"], folder)
    (words,) = calls
    return words, Path(words[-1]).read_text(encoding="utf-8")


def test_it_offers_what_is_asked_of_it(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Code gives way to a function, a table to an empty one; nothing besides is offered."""
    _, source = made_in(folder, monkeypatch)
    assert f'"{MARK}libx264"' in source
    assert "int x264_param_parse(void) { return -1; }" in source
    assert "const char x264_levels[" in source
    assert "x264_unused" not in source
    assert "malloc" not in source


@pytest.mark.parametrize(("system", "target"), [("darwin", "-arch arm64"), ("linux", "-target")])
def test_loaders_find_it_as_they_found_the_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch, system: str, target: str
):
    """Install name and both versions are those of the library that it stands in for."""
    monkeypatch.setattr(stand_in_macho.sys, "platform", system)
    words, _ = made_in(folder, monkeypatch)
    text = " ".join(words)
    assert f"-install_name @rpath/{ENCODER} -current_version 165.2.0" in text
    assert "-compatibility_version 165.0.0" in text
    assert target in text


def test_names_that_it_lacks_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """What the other library does not offer cannot be asked of it."""
    monkeypatch.setattr(Files, "asked", [(2, b"_x264_gone")])
    with pytest.raises(NotMade, match="asked for x264_gone, which it does not offer"):
        made_in(folder, monkeypatch)


def test_missing_reader_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without macholib the message names what to install."""
    monkeypatch.setitem(sys.modules, "macholib", None)
    with pytest.raises(NotMade, match="pip install macholib"):
        stand_in_macho.read_library(tmp_path / ENCODER)
