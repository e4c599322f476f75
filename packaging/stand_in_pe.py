"""Stand-ins in PE, which Windows loads: made by MinGW's gcc or by clang, read by pefile."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

from stand_in_parts import NotMade, Offer, offer_of, run_tool, source_text

STARTS = (b"MZ",)
AMD64 = 0x8664
EXPORTS, IMPORTS, DELAYED = 0, 1, 13
"""Rows of a file's table of directories."""
IS_CODE = 0x20000000
"""What a section's flags hold where its bytes are run."""
REMEDY = "install MinGW-w64's gcc, or clang and lld"
CLANG = ("clang", "--target=x86_64-w64-windows-gnu", "-fuse-ld=lld")


def _opened(path: Path, *directories: int) -> Any:
    """Return the file at `path` as pefile has it. Raises NotMade where it is none of PE's."""
    try:  # here, as it is in the developers' lock for Windows alone
        pefile = importlib.import_module("pefile")
    except ImportError as error:
        raise NotMade("pefile is not installed: python -m pip install pefile") from error
    try:
        file = pefile.PE(str(path), fast_load=True)
        file.parse_data_directories(directories)
    except pefile.PEFormatError as error:
        raise NotMade(f"{path}: no library of Windows: {error}") from error
    return file


def exported(library: Path) -> dict[str, bool]:
    """Return the names that `library` offers, each with whether it is a function."""
    with _opened(library, EXPORTS) as file:
        rows = file.DIRECTORY_ENTRY_EXPORT.symbols if _has(file, "EXPORT") else []
        sections = {row.address: file.get_section_by_rva(row.address) for row in rows}
        return {
            row.name.decode(): bool(
                sections[row.address] and sections[row.address].Characteristics & IS_CODE
            )
            for row in rows
            if row.name
        }


def imported(user: Path, library: str) -> set[str]:
    """Return the names that `user` takes from `library`. Raises NotMade for one without a name."""
    with _opened(user, IMPORTS, DELAYED) as file:
        tables = [
            table
            for kind in ("IMPORT", "DELAY_IMPORT")
            if _has(file, kind)
            for table in getattr(file, f"DIRECTORY_ENTRY_{kind}")
            if table.dll.decode().lower() == library.lower()
        ]
        rows = [row for table in tables for row in table.imports]
        if any(row.name is None for row in rows):
            raise NotMade(f"{user.name}: takes something of {library} by its number, not its name")
        return {row.name.decode() for row in rows}


def _has(file: object, kind: str) -> bool:
    return hasattr(file, f"DIRECTORY_ENTRY_{kind}")


def definitions(library: str, offer: Offer) -> str:
    """Return what tells the linker the library's name and the names that it offers."""
    rows = [f"    {name}" for name in offer.functions]
    rows += [f"    {name} DATA" for name in offer.tables]
    return "\n".join([f'LIBRARY "{library}"', "EXPORTS", *rows]) + "\n"


def compiler_words() -> tuple[str, ...]:
    """Return the words that start a compiler. Raises NotMade where there is none."""
    if shutil.which("x86_64-w64-mingw32-gcc"):
        return ("x86_64-w64-mingw32-gcc",)
    if sys.platform == "win32" and shutil.which("gcc"):
        return ("gcc",)
    if shutil.which("clang"):
        return CLANG
    raise NotMade(f"no compiler for Windows is installed: {REMEDY}")


def make(library: Path, users: list[Path], folder: Path) -> Path:
    """Return a stand-in for `library`, made in `folder`, with all that `users` ask of it."""
    with _opened(library) as file:
        if file.FILE_HEADER.Machine != AMD64:
            raise NotMade(f"{library}: stand-ins for Windows are made for x86-64 only")
    offered = exported(library)
    asked: set[str] = set().union(*(imported(user, library.name) for user in users))
    if missing := sorted(asked - offered.keys()):
        raise NotMade(f"{library}: is asked for {', '.join(missing)}, which it does not offer")
    offer = offer_of({name: offered[name] for name in asked}, library.name)
    source, names, made = (folder / name for name in ("stand_in.c", "names.def", library.name))
    source.write_text(source_text(library.name.split("-")[0].removesuffix(".dll"), offer))
    names.write_text(definitions(library.name, offer))
    run_tool(
        *(*compiler_words(), "-shared", "-O1", "-s", "-nostdlib", "-ffreestanding"),
        *("-o", str(made), str(source), str(names)),
        remedy=REMEDY,
    )
    if exported(made) != {name: offered[name] for name in asked}:
        raise NotMade(f"{library}: the stand-in offers other names than were asked of it")
    return made
