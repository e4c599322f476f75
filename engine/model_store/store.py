"""Where models lie, whether they are whole, and how they get here."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Damaged, OutsideError, Refused, SettingsError, Unreachable
from engine.model_store.fingerprints import Fingerprints, sha256_of
from engine.model_store.ports import ModelEntry, ModelFile, ModelSource
from engine.shipped import shipped

FETCH = "universal-ai-tools models fetch"

SPARE_BYTES = 64 << 20
"""Left free on the disk beside a model, for recordings and the history."""


def shipped_models() -> Path:
    """Return the folder of models that come with the application; it need not exist."""
    return shipped("models")


@dataclass(frozen=True, slots=True)
class _Copy:
    """A folder that holds a model, and which of its forms that is."""

    folder: Path
    files: tuple[ModelFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


class ModelStore:
    """The models of this machine: those shipped with the application, then the user's own.

    Of a model that lies here twice the first copy that is whole counts, in whichever form.

    shipped: folder that is only read, or None. own: folder that models are fetched into.
    sources: tried in order. Blocking calls may take a second; `fetch` blocks no loop.
    """

    def __init__(
        self,
        *,
        shipped: Path | None,
        own: Path,
        sources: Sequence[ModelSource] = (),
        entries: Sequence[ModelEntry],
    ) -> None:
        self.entries = tuple(entries)
        self._shipped = shipped
        self._own = own
        self._sources = tuple(sources)
        self._fingerprints = Fingerprints(own / ".verified.json")

    def entry(self, name: str) -> ModelEntry:
        """Return what is known of the model `name`. Raises SettingsError for an unknown one."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.entries)
        raise SettingsError(f"There is no model {name!r}; known are {known}")

    def is_installed(self, name: str) -> bool:
        """Tell whether all files of `name` lie here in their right sizes; reads none of them."""
        return bool(self._copies(self.entry(name)))

    def size_bytes(self, name: str) -> int:
        """Return what `name` takes on the disk, or would take; a shipped one may be smaller."""
        entry = self.entry(name)
        copies = self._copies(entry)
        return copies[0].size_bytes if copies else entry.size_bytes

    def locate(self, name: str) -> Path:
        """Return the folder of `name`, its files checked by hash, unchanged ones from memory.

        Raises SettingsError for an unknown model, Unreachable where it is not installed,
        Damaged where a file is not what it should be.
        """
        entry = self.entry(name)
        copies = self._copies(entry)
        if not copies:
            raise self._missing(entry)
        for copy in copies:
            wrong = [file.name for file in copy.files if not self._is_right(copy.folder, file)]
            if not wrong:
                return copy.folder
        raise Damaged(
            f"{entry.title} in {copy.folder} is damaged ({', '.join(wrong)}): "
            f"run `{FETCH} {name}` to replace it"
        )

    def verify(self, name: str) -> Path:
        """Return the folder of `name` after reading every byte of it again. Raises as `locate`."""
        for copy in self._copies(self.entry(name)):
            for file in copy.files:
                self._fingerprints.forget(copy.folder / file.name)
        return self.locate(name)

    async def fetch(self, name: str, progress: Callable[[float], None]) -> Path:
        """Bring `name` here and return its folder; it appears whole or not at all.

        progress: called with a share in [0, 1]. An interrupted fetch goes on where it stopped.
        Raises SettingsError for an unknown model, Refused where the disk is full, Unreachable
        naming every source that was tried and why it failed.
        """
        entry = self.entry(name)
        if await asyncio.to_thread(self._is_whole, name):
            progress(1.0)
            return await asyncio.to_thread(self.locate, name)
        partial = self._own / f".{name}.partial"
        await asyncio.to_thread(self._prepare, entry, partial)
        reasons = []
        for source in self._sources:
            if not source.has(entry):
                continue
            try:
                await source.fetch(entry, partial, progress)
                await asyncio.to_thread(_keep_right_files, entry, partial)
            except OutsideError as error:
                reasons.append(f"{source.label}: {error}")
            else:
                return await asyncio.to_thread(self._install, entry, partial)
        with suppress(OSError):
            partial.rmdir()  # where nothing arrived; what did is kept for the next time
        tried = "; ".join(reasons) or "no source knows it"
        raise Unreachable(f"{entry.title} could not be fetched ({tried})")

    def remove(self, name: str) -> None:
        """Delete the user's copy of `name` and what was half fetched of it.

        Raises Unreachable where there is none, Refused for a shipped model or a file in use.
        """
        entry = self.entry(name)
        own, partial = self._own / name, self._own / f".{name}.partial"
        if not own.exists() and not partial.exists():
            if self._copies(entry):
                raise Refused(f"{entry.title} came with the application and stays")
            raise self._missing(entry)
        try:
            for folder in (own, partial):
                if folder.exists():
                    shutil.rmtree(folder)
        except OSError as error:
            raise Refused(f"{own} cannot be removed ({error.strerror}): is it in use?") from error

    def _copies(self, entry: ModelEntry) -> list[_Copy]:
        """Return the copies whose files have their right sizes, the shipped one first."""
        homes = [home for home in (self._shipped, self._own) if home is not None]
        found = [_Copy(home / entry.name, files) for home in homes for files in entry.forms]
        return [copy for copy in found if all(_has_size(copy.folder, f) for f in copy.files)]

    def _is_right(self, folder: Path, file: ModelFile) -> bool:
        try:
            return self._fingerprints.sha256(folder / file.name) == file.sha256
        except OSError:
            return False

    def _is_whole(self, name: str) -> bool:
        try:
            self.locate(name)
        except OutsideError:
            return False
        return True

    def _missing(self, entry: ModelEntry) -> Unreachable:
        return Unreachable(f"{entry.title} is not here: run `{FETCH} {entry.name}`")

    def _prepare(self, entry: ModelEntry, partial: Path) -> None:
        needed = entry.size_bytes
        try:
            partial.mkdir(parents=True, exist_ok=True)
            present = sum(file.stat().st_size for file in partial.rglob("*") if file.is_file())
            free = shutil.disk_usage(partial).free
        except OSError as error:
            raise Refused(f"{self._own} cannot be written ({error.strerror})") from error
        if free + present < needed + SPARE_BYTES:
            raise Refused(
                f"{entry.title} needs {needed >> 20} MiB and {self._own} has "
                f"{free >> 20} MiB left: free some space or choose a smaller model"
            )
        _drop_wrong_files(entry, partial)

    def _install(self, entry: ModelEntry, partial: Path) -> Path:
        """Put the finished `partial` in the model's place, keeping only the model's files."""
        target, old = self._own / entry.name, self._own / f".{entry.name}.old"
        wanted = {file.name for file in entry.files}
        try:
            for extra in [path for path in partial.iterdir() if path.name not in wanted]:
                shutil.rmtree(extra) if extra.is_dir() else extra.unlink()
            shutil.rmtree(old, ignore_errors=True)
            if target.exists():
                target.replace(old)
            partial.replace(target)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise Refused(f"{target} cannot be replaced ({error.strerror})") from error
        return self.locate(entry.name)


def _has_size(folder: Path, file: ModelFile) -> bool:
    try:
        return (folder / file.name).stat().st_size == file.size_bytes
    except OSError:
        return False


def _drop_wrong_files(entry: ModelEntry, folder: Path) -> list[str]:
    """Delete files that have their full length and the wrong content; return their names."""
    dropped = []
    for file in entry.files:
        path = folder / file.name
        long_enough = path.exists() and path.stat().st_size >= file.size_bytes
        if long_enough and sha256_of(path) != file.sha256:
            path.unlink()
            dropped.append(file.name)
    return dropped


def _keep_right_files(entry: ModelEntry, folder: Path) -> None:
    wrong = _drop_wrong_files(entry, folder)
    if wrong:
        raise Damaged(f"the content of {', '.join(wrong)} is not what it should be")
    short = [file.name for file in entry.files if not _has_size(folder, file)]
    if short:
        raise Damaged(f"{', '.join(short)} did not arrive whole")
