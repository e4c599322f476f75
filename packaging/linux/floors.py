"""Tell which C and C++ libraries a frozen folder needs, as versions of Debian's packages.

    python packaging/linux/floors.py FOLDER      prints: libc6 2.34 libstdc++6 12

The libraries of a package are built on several systems: the newest symbol that any of them asks
for decides where all of it runs.
"""

from __future__ import annotations

import mmap
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ELF = b"\x7fELF"
GLIBC = re.compile(rb"\x00GLIBC_2\.(\d+)(?:\.\d+)?(?=\x00)")
GLIBCXX = re.compile(rb"\x00GLIBCXX_3\.4\.(\d+)(?=\x00)")
"""Names of symbol versions, as they stand in a library's table of strings."""
COMPILERS = {29: "11", 30: "12", 31: "13.1", 32: "13.2", 33: "14", 34: "15"}
"""GLIBCXX_3.4.N came with this version of GCC (libstdc++'s ABI policy and guidelines)."""
OLDEST_GLIBC, OLDEST_GLIBCXX = 34, 29
"""What Qt's own libraries need; nothing older has to be told apart."""


def versions(folder: Path, pattern: re.Pattern[bytes]) -> Iterator[int]:
    """Yield the numbers that `pattern` finds in the libraries and programs under `folder`."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size <= len(ELF):
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[: len(ELF)] == ELF:
                yield from {int(found.group(1)) for found in pattern.finditer(data)}


def floors(folder: Path) -> tuple[str, str]:
    """Return the versions of libc6 and of libstdc++6 that everything under `folder` runs with.

    Raises LookupError where GCC's version is not known here: add it to COMPILERS.
    """
    glibc = max([OLDEST_GLIBC, *versions(folder, GLIBC)])
    glibcxx = max([OLDEST_GLIBCXX, *versions(folder, GLIBCXX)])
    return f"2.{glibc}", COMPILERS[glibcxx]


def main(arguments: list[str]) -> int:
    """Print what the folder of the first argument needs, and return the exit status."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: floors.py FOLDER\n")
        return 2
    libc, libstdcxx = floors(Path(arguments[0]))
    sys.stdout.write(f"libc6 {libc} libstdc++6 {libstdcxx}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
