"""Hashes of large files, remembered so that an unchanged file is read once."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from engine.atomic_files import write_atomically
from engine.errors import Refused

BLOCK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file at `path`, in hex, reading all of it. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


class Fingerprints:
    """SHA-256 of files; one whose size, time and inode are as before is not read again.

    That finds accidents, such as a cut copy or a replaced file, not an attacker who resets the
    time: whoever can do that can change this program too. `forget()` forces a full look.
    """

    def __init__(self, notebook: Path) -> None:
        self._notebook = notebook

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of the file at `path`, in hex. Raises OSError."""
        stat = path.stat()
        mark = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"
        known = self._read()
        key = str(path.resolve())
        if known.get(key, ["", ""])[0] == mark:
            return known[key][1]
        found = sha256_of(path)
        self._write({**known, key: [mark, found]})
        return found

    def forget(self, path: Path) -> None:
        """Read `path` again the next time it is asked for."""
        known = self._read()
        if known.pop(str(path.resolve()), None):
            self._write(known)

    def _read(self) -> dict[str, list[str]]:
        try:
            known = json.loads(self._notebook.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        pairs = known.items() if isinstance(known, dict) else ()
        return {key: pair for key, pair in pairs if isinstance(pair, list) and len(pair) == 2}

    def _write(self, known: dict[str, list[str]]) -> None:
        # Where nothing can be remembered, files are read each time: slower, as correct.
        with suppress(Refused):
            write_atomically(self._notebook, json.dumps(known, indent=1).encode())
