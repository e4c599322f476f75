"""Stand-ins in Mach-O, which macOS loads: made by clang, read by macholib."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stand_in_parts import NotMade, offer_of, run_tool, source_text

STARTS = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
ARCHITECTURES = {0x01000007: "x86_64", 0x0100000C: "arm64"}
OLDEST_MACOS = "12.0"
REMEDY = "install Apple's command line tools: xcode-select --install"
LINKED = {"LC_LOAD_DYLIB", "LC_LOAD_WEAK_DYLIB", "LC_REEXPORT_DYLIB", "LC_LAZY_LOAD_DYLIB"}
"""Commands that name a library; what is undefined tells its library by their order."""


@dataclass(frozen=True, slots=True)
class Library:
    """What a Mach-O file says of itself, of all the architectures in it.

    asked: (file name of a library, name in C) of what it takes from others.
    offered: name in C to whether it is a function.
    """

    architectures: tuple[str, ...]
    install_name: str
    current_version: str
    compatibility_version: str
    asked: frozenset[tuple[str, str]]
    offered: dict[str, bool]


def read_library(path: Path) -> Library:
    """Return what the file at `path` says. Raises NotMade where it is none of Mach-O's."""
    try:  # here, as they are in the developers' lock for macOS alone
        files = importlib.import_module("macholib.MachO")
        symbols = importlib.import_module("macholib.SymbolTable")
    except ImportError as error:
        raise NotMade("macholib is not installed: python -m pip install macholib") from error
    try:
        file = files.MachO(str(path))
    except ValueError as error:
        raise NotMade(f"{path}: no library of macOS: {error}") from error
    asked: set[tuple[str, str]] = set()
    offered: dict[str, bool] = {}
    for header in file.headers:
        names = symbols.SymbolTable(file, header=header)
        asked |= _asked(header, names)
        offered |= _offered(header, names)
    codes = [header.header.cputype for header in file.headers]
    return Library(
        tuple(ARCHITECTURES.get(code, str(code)) for code in codes),
        *_identity(file.headers[0]),
        frozenset(asked),
        offered,
    )


def _commands(header: Any, *kinds: str) -> list[tuple[Any, Any]]:
    """Return what the commands of `kinds` hold: their fields, and what follows these."""
    found = [(load.get_cmd_name(), fields, rest) for load, fields, rest in header.commands]
    return [(fields, rest) for kind, fields, rest in found if kind in kinds]


def _identity(header: Any) -> tuple[str, str, str]:
    """Return the install name, the version, and the oldest version that it is good for."""
    for fields, name in _commands(header, "LC_ID_DYLIB"):
        return _text(name), str(fields.current_version), str(fields.compatibility_version)
    return "", "0", "0"


def _asked(header: Any, names: Any) -> set[tuple[str, str]]:
    """Return (file name of a library, name in C) of what is taken from others."""
    linked = [_text(name).rpartition("/")[2] for _, name in _commands(header, *LINKED)]
    rows = [((row.n_desc >> 8) & 0xFF, name) for row, name in names.undefsyms]
    return {(linked[at - 1], _in_c(name)) for at, name in rows if 1 <= at <= len(linked)}


def _offered(header: Any, names: Any) -> dict[str, bool]:
    """Return name in C to whether it lies among the code."""
    segments = _commands(header, "LC_SEGMENT_64")
    sections = [each.sectname.rstrip(b"\0") for _, rest in segments for each in rest]
    return {
        _in_c(name): sections[row.n_sect - 1] == b"__text"
        for row, name in names.extdefsyms
        if 1 <= row.n_sect <= len(sections)
    }


def _text(content: bytes) -> str:
    return content.rstrip(b"\0").decode()


def _in_c(name: bytes) -> str:
    """Return a symbol's name as C has it."""
    return name.decode().removeprefix("_")


def command(original: Library, made: Path, source: Path) -> tuple[str, ...]:
    """Return the words that compile `source` to `made`, as loaders of `original` expect it."""
    if sys.platform == "darwin":
        targets = [word for name in original.architectures for word in ("-arch", name)]
        system = [f"-mmacosx-version-min={OLDEST_MACOS}"]
    else:  # clang compiles for macOS anywhere, one architecture at a time, to be looked at
        targets = ["-target", f"{original.architectures[0]}-apple-macos{OLDEST_MACOS}"]
        system = ["-nostdlib", "-fuse-ld=lld"]
    return (
        *("clang", *targets, *system, "-dynamiclib", "-O1", "-ffreestanding"),
        *("-install_name", original.install_name),
        *("-current_version", original.current_version),
        *("-compatibility_version", original.compatibility_version),
        *("-o", str(made), str(source)),
    )


def make(library: Path, users: list[Path], folder: Path) -> Path:
    """Return a stand-in for `library`, made in `folder`, with all that `users` ask of it."""
    original = read_library(library)
    names = {library.name, original.install_name.rpartition("/")[2]}
    asked = {name for user in users for where, name in read_library(user).asked if where in names}
    if missing := sorted(asked - original.offered.keys()):
        raise NotMade(f"{library}: is asked for {', '.join(missing)}, which it does not offer")
    offer = offer_of({name: original.offered[name] for name in asked}, library.name)
    source, made = folder / "stand_in.c", folder / "made.dylib"
    source.write_text(source_text(library.name.split(".")[0], offer))
    run_tool(*command(original, made, source), remedy=REMEDY)
    if not asked <= read_library(made).offered.keys():
        raise NotMade(f"{library}: the stand-in lacks names that are asked of it")
    return made
