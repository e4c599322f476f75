"""Write SHA256SUMS over the files of a folder, as `sha256sum -c` reads it.

    python packaging/checksums.py dist

Folders inside are left out, as are the sums themselves and files whose name begins with a dot.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

NAME = "SHA256SUMS"


def checksums(folder: Path) -> str:
    """Return a line with sum and name for each file in `folder`, sorted by name.

    Raises ValueError where a name holds a backslash or a new line: the format would escape it.
    """
    lines = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name == NAME or path.name.startswith("."):
            continue
        if "\\" in path.name or "\n" in path.name:
            raise ValueError(f"{path.name!r}: rename it, as sums of such names are written apart")
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)


def main(arguments: list[str]) -> int:
    """Write the sums of the folder named in `arguments`; return the exit code."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: checksums.py FOLDER\n")
        return 2
    folder = Path(arguments[0])
    text = checksums(folder)
    if not text:
        sys.stderr.write(f"checksums: {folder} holds no files: build the packages first\n")
        return 1
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
