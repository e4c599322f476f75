"""Take away from the libraries of a frozen folder what only debuggers read.

    python packaging/strip_symbols.py FOLDER

Wheels' libraries may have been mended after linking (their own libraries' names were changed); what
`strip` makes of some of those no longer loads: "ELF load command address/offset not page-aligned".
So each is looked at before it takes the place of the old one.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

UNTOUCHED = ("libctranslate2*",)
"""Intel's oneMKL is linked into these, whose licence lets it be passed on unmodified only."""
PAGE_BYTES = 4096
LOADED = 1
"""PT_LOAD, the type of a segment that is mapped into memory."""
HEADER = struct.Struct("<16x16xQ14xHH")
"""Of a file: where its table of segments lies, the size of an entry, and how many there are."""
SEGMENT = struct.Struct("<I4xQQQQQQ")
"""Type, place in the file, address, physical address, size there, size in memory, alignment."""


def main(arguments: list[str]) -> int:
    """Do it for all libraries below the folder, and return the exit status."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: strip_symbols.py FOLDER\n")
        return 2
    before = after = 0
    for path in libraries(Path(arguments[0])):
        before += path.stat().st_size
        strip(path)
        after += path.stat().st_size
    sys.stdout.write(f"symbols: {before >> 20} MiB of libraries, now {after >> 20} MiB\n")
    return 0


def libraries(folder: Path) -> Iterator[Path]:
    """Yield the shared libraries below `folder` that may be changed, each once."""
    for path in sorted(folder.rglob("*.so*")):
        is_untouched = any(path.match(pattern) for pattern in UNTOUCHED)
        if path.is_file() and not path.is_symlink() and not is_untouched:
            yield path


def strip(path: Path) -> bool:
    """Take the symbols out of the library `path` where it still loads then; tell whether."""
    smaller = path.with_name(f"{path.name}.stripped")
    command = ["strip", "--strip-unneeded", "-o", str(smaller), str(path)]
    try:
        done = subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
        if done := done and is_loadable(smaller.read_bytes()):
            smaller.chmod(path.stat().st_mode)
            smaller.replace(path)
        return done
    finally:
        smaller.unlink(missing_ok=True)


def is_loadable(library: bytes) -> bool:
    """Tell whether the segments of a 64-bit ELF file lie as dl_map_segments of glibc wants them."""
    start, size, count = HEADER.unpack_from(library)
    for number in range(count):
        kind, offset, address, *_, alignment = SEGMENT.unpack_from(library, start + number * size)
        if kind == LOADED and (address - offset) % max(alignment, PAGE_BYTES):
            return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
