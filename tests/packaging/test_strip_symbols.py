"""Libraries lose what only debuggers read, and still load."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.packaging.frozen  # noqa: F401 - names the folder of what is tested

import strip_symbols  # isort: skip

HEADER_BYTES = 64


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a library that was compiled with what a debugger reads."""
    if sys.platform != "linux" or not (shutil.which("gcc") and shutil.which("strip")):
        pytest.skip("gcc and binutils are not installed")
    source, made = tmp_path / "answer.c", tmp_path / "libanswer.so.1"
    source.write_text("int answer(void) { return 42; }\n")
    subprocess.run(["gcc", "-g3", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


def elf(segments: list[tuple[int, int, int, int]]) -> bytes:
    """Return an ELF file of segments (type, place in the file, address, alignment)."""
    header = bytearray(HEADER_BYTES)
    struct.pack_into("<Q", header, 32, HEADER_BYTES)
    struct.pack_into("<HH", header, 54, strip_symbols.SEGMENT.size, len(segments))
    rows = [
        strip_symbols.SEGMENT.pack(kind, offset, address, address, 1, 1, alignment)
        for kind, offset, address, alignment in segments
    ]
    return bytes(header) + b"".join(rows)


def test_a_stripped_library_is_smaller_and_loads(library: Path):
    """The symbols go, the functions and the file's rights stay."""
    before = library.stat()
    assert strip_symbols.strip(library)
    assert library.stat().st_size < before.st_size
    assert library.stat().st_mode == before.st_mode
    assert ctypes.CDLL(str(library)).answer() == 42
    assert list(library.parent.glob("*.stripped")) == []


def test_what_would_not_load_stays_as_it_was(library: Path, monkeypatch: pytest.MonkeyPatch):
    """A library that would be broken keeps its bytes."""
    before = library.read_bytes()
    monkeypatch.setattr(strip_symbols, "is_loadable", lambda data: False)
    assert not strip_symbols.strip(library)
    assert library.read_bytes() == before


def test_what_is_no_library_stays_as_it_was(tmp_path: Path):
    """A text that is called like a library is left alone."""
    text = tmp_path / "notes.so.txt"
    text.write_text("words")
    assert not strip_symbols.strip(text)
    assert text.read_text() == "words"


@given(st.integers(0, 1 << 20), st.integers(0, 255), st.integers(0, 4095))
def test_pages_must_fit(offset: int, pages: int, shift: int):
    """A mapped segment loads where its place in the file and its address are alike in a page."""
    address = offset + pages * 4096
    assert strip_symbols.is_loadable(elf([(1, offset, address, 4096)]))
    assert strip_symbols.is_loadable(elf([(1, offset, address + shift, 4096)])) is (shift == 0)
    assert strip_symbols.is_loadable(elf([(2, offset, address + shift, 8)]))


def test_large_pages_are_heeded():
    """A segment that wants pages of 64 KiB does not load when only 4 KiB fit."""
    assert not strip_symbols.is_loadable(elf([(1, 0x1000, 0x5000, 0x10000)]))


def test_what_may_not_be_changed_is_left_out(tmp_path: Path):
    """Links, other files, and what its licence forbids to change are not touched."""
    for name in ("libone.so", "two.cpython-311.so", "libctranslate2-ab.so.4", "three.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "liblink.so").symlink_to("libone.so")
    found = [path.name for path in strip_symbols.libraries(tmp_path)]
    assert found == ["libone.so", "two.cpython-311.so"]
