"""Files that are whole or absent."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import Refused

DRAFT_BYTES = 8
"""Of chance in a draft's name, so that two that write at once have one each."""
DRAFT_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""Made anew, and on Windows without a change of line ends."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; after a crash the file is the old or the new one, whole.

    Only the user may read the new file. A link stays a link: what it points to is replaced.
    Raises Refused where the folder cannot be written or the disk is full.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.urandom(DRAFT_BYTES).hex()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(draft, DRAFT_FLAGS, 0o600)
    except OSError as error:
        raise Refused(f"{target.parent} cannot be written ({error.strerror})") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        raise Refused(f"{path} cannot be written ({error.strerror}): free some space") from error
    finally:
        draft.unlink(missing_ok=True)
