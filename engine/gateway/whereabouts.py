"""Where the gateway of this user listens now, for other programs of the same user."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from engine.atomic_files import write_atomically

NAME = "gateway.json"


class Whereabouts:
    """A small file beside the user's data that only the user can read. Every call blocks for it.

    It says more than the settings do where the usual port was taken. It may be stale after a
    crash: whoever reads it asks there whether it is true, see `health.py`.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._told = b""

    def tell(self, url: str) -> None:
        """Write that it listens at `url`. Raises Refused where the file cannot be written."""
        self._told = msgspec.json.encode({"url": url, "pid": os.getpid()})
        write_atomically(self.path, self._told)

    def retell(self) -> None:
        """Write again what was told where the file is gone: another who wrote it has ended.

        Raises Refused where it cannot be written.
        """
        if self._told and not self.path.exists():
            write_atomically(self.path, self._told)

    def forget(self) -> None:
        """Remove the file, unless another has written it since. Never raises."""
        with contextlib.suppress(OSError):
            if self._told and self.path.read_bytes() == self._told:
                self.path.unlink()
        self._told = b""

    def read(self) -> str:
        """Return the address in the file; "" where there is none. Never raises."""
        try:
            found = msgspec.json.decode(self.path.read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return ""
        url = found.get("url") if isinstance(found, dict) else None
        return url if isinstance(url, str) and url.startswith("http://") else ""
