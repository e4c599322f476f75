"""Read what PyInstaller put into a folder, and where each file came from."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

CONTENTS = ("_internal/", "Contents/Frameworks/", "Contents/Resources/", "Contents/MacOS/")
"""Where PyInstaller keeps the contents, on Linux and Windows, and in a bundle of macOS."""
FOR_A_DOT = "__dot__"
"""What PyInstaller writes in a bundle for a dot in a folder's name, which codesign would refuse."""
WRITTEN_BY_PYINSTALLER = ("Contents/Info.plist", "Contents/_CodeSignature/CodeResources")
"""Of a bundle; its icon, which is the project's own, lies with the contents."""
NATIVE_STARTS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


class NotAccountedFor(Exception):
    """What is frozen cannot be told, or may not be passed on; the message has a line for each."""


@dataclass(frozen=True, slots=True)
class FrozenFile:
    """A file of the folder. `source` is None where PyInstaller did not put it there."""

    name: str
    path: Path
    source: Path | None
    is_native: bool


@dataclass(frozen=True, slots=True)
class FrozenFolder:
    """The files, sorted by name, and the sources of the Python modules inside the program."""

    root: Path
    files: tuple[FrozenFile, ...]
    modules: tuple[Path, ...]


def _rows(path: Path) -> list[tuple[str, str, str]]:
    """Return the rows (name, source, kind) of one of PyInstaller's tables of contents."""
    try:
        table = ast.literal_eval(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        raise NotAccountedFor(
            f"{path} cannot be read: give the folder that PyInstaller worked in ({error})"
        ) from error
    return next((part for part in table if isinstance(part, list)), [])


def name_inside(name: str) -> str:
    """Return `name` as PyInstaller's tables have it: without the folder of the contents."""
    inside = next((name[len(top) :] for top in CONTENTS if name.startswith(top)), name)
    return inside.replace(FOR_A_DOT, ".")


def is_frame(name: str) -> bool:
    """Tell whether `name` is a file of a bundle's that no table lists, as nobody else made it."""
    return name in WRITTEN_BY_PYINSTALLER or ("/" not in name and name.endswith(".icns"))


def _is_native(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith(NATIVE_STARTS)


def read_frozen(folder: Path, build: Path) -> FrozenFolder:
    """Return what is in `folder`, with the sources that PyInstaller's tables in `build` name.

    Raises NotAccountedFor where a table is missing or the folder is empty.
    """
    rows = _rows(build / "COLLECT-00.toc")
    sources = {name.replace("\\", "/"): source for name, source, kind in rows if kind != "SYMLINK"}
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        name = name_inside(path.relative_to(folder).as_posix())
        if is_frame(name):
            continue
        source = sources.get(name)
        files.append(FrozenFile(name, path, Path(source) if source else None, _is_native(path)))
    if not files:
        raise NotAccountedFor(f"{folder} is empty: freeze the application first")
    modules = [source for _, source, _ in _rows(build / "PYZ-00.toc") if source not in ("", "-")]
    return FrozenFolder(folder, tuple(files), tuple(Path(source) for source in modules))
