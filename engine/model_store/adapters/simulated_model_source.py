"""A model source that holds its files in memory, for demos and tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.errors import OutsideError, Refused
from engine.model_store.ports import ModelEntry

BLOCK_BYTES = 1 << 16


class SimulatedModelSource:
    """Gives what it was built with, going on from what lies there, and fails on demand.

    files: contents by model name and file name. fails_with: raised after half of the bytes.
    """

    label = "simulation"

    def __init__(
        self,
        files: Mapping[str, Mapping[str, bytes]],
        *,
        fails_with: OutsideError | None = None,
    ) -> None:
        self._files = files
        self._fails_with = fails_with
        self.sent_bytes = 0

    def has(self, entry: ModelEntry) -> bool:
        """Tell whether this source holds `entry`."""
        return entry.name in self._files

    async def fetch(
        self, entry: ModelEntry, folder: Path, progress: Callable[[float], None]
    ) -> None:
        """Put the files of `entry` into `folder`; raises `fails_with` half-way where given.

        Raises Refused where the folder cannot be written.
        """
        try:
            await self._fetch(entry, folder, progress)
        except OSError as error:
            raise Refused(f"{folder} cannot be written ({error.strerror})") from error

    async def _fetch(
        self, entry: ModelEntry, folder: Path, progress: Callable[[float], None]
    ) -> None:
        files = self._files[entry.name]
        total = sum(map(len, files.values()))
        done = 0
        for name, content in files.items():
            path = folder / name
            here = path.stat().st_size if path.exists() else 0
            with path.open("ab") as out:
                for start in range(here, len(content), BLOCK_BYTES):
                    if self._fails_with and done + start >= total / 2:
                        raise self._fails_with
                    self.sent_bytes += out.write(content[start : start + BLOCK_BYTES])
                    progress((done + start) / total)
                    await asyncio.sleep(0)
            done += len(content)
        if self._fails_with:
            raise self._fails_with
        progress(1.0)
