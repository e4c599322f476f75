"""Put stand-ins for libraries under the GPL and its like that are linked to but never called.

    python packaging/stand_ins.py dist/frozen/universal-ai-tools

PyAV's wheels link FFmpeg's libavcodec, under the LGPL, to the encoders x264 and x265, under the
GPL. Only sound is decoded here, but libavcodec does not load without them. Debian's JACK client
asks for Berkeley DB in the same way. A stand-in is a small library of our own: it has the same name
and offers the names that are asked of the other, and each of them answers that it failed.
docs/decisions/0033 says why. Which system it is for is read from the library itself.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import stand_in_elf
import stand_in_macho
import stand_in_pe
from stand_in_parts import MARK, NotMade

REPLACED = ("libx264", "libx265", "libdb-5")
FORMATS = (stand_in_elf, stand_in_macho, stand_in_pe)
IS_LIBRARY = (".so", ".dylib", ".dll")
"""One of these stands in the name of every library."""


def stand_in(library: Path, beside: list[Path]) -> None:
    """Replace `library` by a stand-in with all names that those `beside` it ask of it."""
    start = library.read_bytes()[:4]
    made_by = next((each for each in FORMATS if start.startswith(each.STARTS)), None)
    if made_by is None:
        raise NotMade(f"{library}: no library of Linux, macOS or Windows")
    users = [path for path in beside if path.read_bytes()[:4].startswith(made_by.STARTS)]
    with tempfile.TemporaryDirectory() as folder:
        content = made_by.make(library, users, Path(folder)).read_bytes()
    mode = library.stat().st_mode
    library.unlink()  # elsewhere the same file may be linked to, or in use
    library.write_bytes(content)
    library.chmod(mode)


def put_stand_ins(folder: Path) -> list[Path]:
    """Replace every library of REPLACED below `folder`; return those replaced now."""
    libraries = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.name.startswith(REPLACED)
    ]
    replaced = []
    for library in libraries:
        if MARK.encode() in library.read_bytes():
            continue
        beside = [
            path
            for path in sorted(library.parent.iterdir())
            if path != library and path.is_file() and any(end in path.name for end in IS_LIBRARY)
        ]
        stand_in(library, beside)
        replaced.append(library)
    return replaced


def main(arguments: list[str]) -> int:
    """Replace them in the folder named in `arguments`; return the exit code."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: stand_ins.py FOLDER\n")
        return 2
    try:
        replaced = put_stand_ins(Path(arguments[0]))
    except NotMade as error:
        sys.stderr.write(f"stand_ins: {error}\n")
        return 1
    for path in replaced:
        sys.stdout.write(f"{path.name}: replaced by a stand-in\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
