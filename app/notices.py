"""The work of others in this application: what, under which licence, and the licence's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from engine.shipped import shipped

FOLDER = "licences"
"""Among the resources of a packaged application: `NOTICES.md`, and the texts that it links to."""
OVERVIEW = "Third-party notices"
OWN = "Universal AI Tools"
LARGEST_BYTES = 2 * 1024 * 1024
CELL = re.compile(r"(?<!\\)\|")
LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
RULE = re.compile(r":?-+:?")
TEXT_NAME = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
NO_TEXT = (
    "No text of this licence was found here. Its name is above, with where the work comes from."
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One work, and where its licence lies."""

    name: str
    version: str = ""
    licence: str = ""
    home: str = ""
    """Where it comes from: an address, or words."""
    texts: tuple[Path, ...] = ()
    """Where an installed application keeps the texts; a checkout looks them up when asked."""


def read_notices(resources: Path | None = None) -> tuple[Notice, ...]:
    """Return this application, the overview and every work in it. Blocks; never raises.

    resources: where the resources lie; by default those of this program.
    """
    found = resources or shipped("")
    folder, root = found / FOLDER, found.parent
    overview = _first(folder / "NOTICES.md", root / "THIRD_PARTY_NOTICES.md")
    ours = (folder / "LICENSE.txt", folder / "LICENSE", root / "LICENSE")
    own = _first(*ours)
    listed = list(_listed(_text(overview), folder))
    named = {path for each in listed for path in each.texts} | {overview, *ours}
    # A text that no line names, such as one that another text refers to, is shown all the same.
    rest = [
        Notice(path.relative_to(folder).with_suffix("").as_posix(), texts=(path,))
        for path in _texts_in(folder)
        if path not in named
    ]
    works = sorted((*listed, *rest), key=lambda each: each.name.lower())
    return (Notice(OWN, licence="MIT", texts=(own,)), Notice(OVERVIEW, texts=(overview,)), *works)


def text_of(notice: Notice) -> str:
    """Return the licence of `notice` as it is passed on with the work. Blocks; never raises."""
    paths = notice.texts or _texts_installed(notice.name)
    texts = [text for path in paths if (text := _text(path).strip())]
    return "\n\n\n".join(texts) or NO_TEXT


def _listed(markdown: str, folder: Path) -> Iterator[Notice]:
    """Yield what the tables of `markdown` list; their titles say which column is what."""
    titles: list[str] = []
    for row, below in pairwise([*map(_cells, markdown.splitlines()), []]):
        if below and all(RULE.fullmatch(each) for each in below):
            titles = [each.lower() for each in row]
        elif row and row[0] and not all(RULE.fullmatch(each) for each in row):
            cells = [_plain(each) for each in row]
            yield Notice(
                cells[0],
                _version(_cell(cells, titles, ("version",))),
                _cell(cells, titles, ("licence", "license")),
                _cell(cells, titles, ("from", "home")),
                tuple(_linked("".join(row), folder)),
            )


def _cell(cells: Sequence[str], titles: Sequence[str], wanted: Sequence[str]) -> str:
    """Return the cell below the title that is one of `wanted`; "" where there is none."""
    below = zip(titles, cells, strict=False)
    return next((cell for title, cell in below if title in wanted), "")


def _version(cell: str) -> str:
    """Return what stands where the version should, if it is one, and not "not told"."""
    return cell if any(each.isdigit() for each in cell) else ""


def _linked(row: str, folder: Path) -> Iterator[Path]:
    """Yield the texts beside the notices that a row links to."""
    for found in LINK.finditer(row):
        path = folder / found[2]
        if ".." not in path.parts and path.is_relative_to(folder) and path.is_file():
            yield path


def _cells(line: str) -> list[str]:
    line = line.strip()
    if not (line.startswith("|") and line.endswith("|") and len(line) > 1):
        return []
    return [cell.strip() for cell in CELL.split(line[1:-1])]


def _plain(cell: str) -> str:
    """Return a cell without the signs of markdown; a link becomes its address."""
    return LINK.sub(r"\2", cell.replace("\\|", "|")).replace("`", "").strip()


def _texts_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.rglob("*") if path.is_file())
    except OSError:
        return []


def _texts_installed(name: str) -> list[Path]:
    """Return the licences that the installed library `name` brought along."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = files(name) or []
    except (PackageNotFoundError, OSError, ValueError):
        return []
    inside = (path for path in found if path.parts and path.parts[0].endswith(".dist-info"))
    return [Path(str(path.locate())) for path in inside if TEXT_NAME.search(path.name)]


def _first(*paths: Path) -> Path:
    """Return the first of `paths` that is there, else the last."""
    return next((path for path in paths if path.is_file()), paths[-1])


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""
