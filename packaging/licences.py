"""Gather the licences of everything in a frozen application, or say what must not be in it.

    python packaging/licences.py FROZEN BUILD OUT

FROZEN is PyInstaller's output folder, BUILD the folder that PyInstaller worked in. OUT gets
NOTICES.md, a folder for each part, and standard/ with the texts that others refer to. Exits with 1
and a line for each thing where a licence is unknown, not allowed, or has no text.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from frozen_folder import NotAccountedFor, read_frozen
from inventory import take_inventory
from parts import ROOT, Part
from third_parties import TEXTS, ThirdParties, is_standard, read_third_parties

KINDS = {
    "runtime": "Python itself",
    "package": "Python packages",
    "library": "Libraries",
    "linked": "Inside the packages and libraries above",
    "model": "Models",
    "font": "Fonts",
    "data": "Other files",
}
OPENING = """\
# Third-party notices

Universal AI Tools is MIT licensed (LICENSE.txt). This package carries the work of others, listed
here with its licence; the texts lie in the folders beside this file, those that several share in
[standard/](standard/).

Every library is a separate file in the program's folder. Those under the LGPL, among them Qt, Qt
for Python, FFmpeg and soxr, may be replaced by your own builds of the same version: put yours in
the place of the file named here. Their source is to be had at the addresses below, and of those
from Debian, in the version named, in Debian's archive of sources.

Left out: x264, x265 and Berkeley DB. Libraries here are linked to them but never call them, so that
stand-ins of the project's own lie in their place.
"""


def slug(text: str) -> str:
    """Return `text` as the name of a folder."""
    return re.sub(r"[^a-z0-9.+]+", "-", text.lower()).strip("-.")


def folder_name(part: Part, parts: tuple[Part, ...]) -> str:
    """Return where the texts of `part` go; of parts with one name each has its own folder."""
    is_alone = sum(slug(each.name) == slug(part.name) for each in parts) == 1
    return slug(part.name) if is_alone or part.by is None else slug(f"{part.name} {part.by}")


def text_name(path: Path) -> str:
    """Return the name for the text at `path`: without the folders of its package."""
    inside = (
        path.as_posix().rpartition(".dist-info/")[2] if ".dist-info/" in str(path) else path.name
    )
    return inside.removeprefix("licenses/").replace("/", "-")


def gather(parts: tuple[Part, ...], facts: ThirdParties, out: Path) -> None:
    """Write the notices and texts of `parts` into `out`."""
    standard = out / "standard"
    standard.mkdir(parents=True, exist_ok=True)
    for path in sorted(TEXTS.glob("*.txt")):
        if is_standard(path):
            shutil.copyfile(path, standard / path.name)
    shutil.copyfile(ROOT / "LICENSE", out / "LICENSE.txt")
    links = {}
    for part in parts:
        texts = part.texts or facts.standard_texts(part.licence) or ()
        links[part] = [_copy(path, out, folder_name(part, parts)) for path in texts]
    (out / "NOTICES.md").write_text(notices(parts, links), encoding="utf-8")


def _copy(path: Path, out: Path, folder: str) -> str:
    """Copy the text at `path` below `out`, and return its name there."""
    if path.parent == TEXTS and is_standard(path):
        return f"standard/{path.name}"
    (out / folder).mkdir(exist_ok=True)
    name = f"{folder}/{text_name(path)}"
    shutil.copyfile(path, out / name)
    return name


def notices(parts: tuple[Part, ...], links: dict[Part, list[str]]) -> str:
    """Return NOTICES.md: a table for each kind of part."""
    lines = [OPENING]
    for kind, title in KINDS.items():
        rows = [_row(part, links[part]) for part in parts if part.kind == kind]
        if rows:
            lines += [f"## {title}\n", "| what | version | licence | from | texts and files |"]
            lines += ["| --- | --- | --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def _row(part: Part, texts: list[str]) -> str:
    what = f"{part.name} (in {part.by})" if part.by else part.name
    about = [", ".join(f"[{name.rpartition('/')[2]}]({name})" for name in texts)]
    files = ", ".join(f"`{name}`" for name, _ in part.files)
    about += [text for text in (files, part.note) if text]
    cells = [what, part.version or "not told", part.licence, part.home or "", "; ".join(about)]
    return "| " + " | ".join(cell.replace("|", "/").strip() for cell in cells) + " |"


def main(arguments: list[str]) -> int:
    """Do what the module's first lines say; return the exit code."""
    if len(arguments) != 3:
        sys.stderr.write("usage: licences.py FROZEN BUILD OUT\n")
        return 2
    frozen, build, out = map(Path, arguments)
    facts = read_third_parties()
    try:
        parts = take_inventory(read_frozen(frozen, build), facts)
    except NotAccountedFor as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"licences: {line}\n")
        return 1
    gather(parts, facts, out)
    sys.stdout.write(f"{out}: the licences of {len(parts)} parts\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
