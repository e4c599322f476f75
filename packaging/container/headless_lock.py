"""Print a lock without what only the window needs, for images that have none.

    python packaging/container/headless_lock.py packaging/requirements.lock

The rest keeps its versions and hashes, and is complete: pip installs it with --no-deps.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

OF_THE_WINDOW = frozenset({"pyside6-essentials", "qasync", "shiboken6"})
"""No command but the one that opens the window imports these: import-linter sees to it."""


def without_window(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a lock but those of the window's libraries.

    A requirement begins at the left edge; its hashes follow, indented.
    """
    is_kept = True
    for line in lines:
        if not line.startswith((" ", "#")):
            is_kept = line.partition("==")[0].strip().lower() not in OF_THE_WINDOW
        if is_kept:
            yield line


def main(arguments: list[str]) -> int:
    """Print the lock of the first argument, and return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: headless_lock.py LOCK\n")
        return 2
    lines = Path(arguments[0]).read_text(encoding="utf-8").splitlines(keepends=True)
    sys.stdout.writelines(without_window(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
