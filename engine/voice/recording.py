"""Sound on disk before anyone tries to understand it, so that no crash loses it.

A recording grows as a WAV file named after the moment it began, `<moment>.partial.wav`, and
loses the `.partial` when it is finished. Its header is renewed each second, so players can open
it at any time; our own reader believes the file's length instead, which is never behind.

Beside it lies `<moment>.lock`, an empty SQLite file held by an exclusive transaction. The system
frees that lock the moment the process dies, however it dies, and SQLite does so alike on every
platform: no process numbers, which are used again, and no `fcntl` here and `msvcrt` there.
"""

from __future__ import annotations

import io
import os
import queue
import sqlite3
import struct
import threading
from datetime import UTC, datetime
from pathlib import Path

from engine.clock import Clock
from engine.errors import Refused, Unreachable
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.snapshot import Recovered

PARTIAL, WHOLE, LOCK = ".partial.wav", ".wav", ".lock"
MOMENT = "%Y%m%dT%H%M%S.%fZ"

HEADER_BYTES = 44
BYTES_A_SAMPLE = 2
FULL_SCALE = 32767.0
LARGEST_SIZE = 0xFFFF_FFFF
"""A WAV header counts to 4 GiB, 37 hours of our sound; beyond that it stays at this figure."""

LONGEST_BACKLOG = 3000
"""Blocks that may wait for the disk, a minute and a half of 32 ms blocks, before it is given up."""

SHORTEST_S = 0.1
"""Less than this is no recording worth offering."""


class Recording:
    """A recording that grows on disk. `write` and `finish` belong to one thread.

    A thread of its own does the writing: a disk that stalls for seconds delays nobody. Each
    block is handed to the system at once, which survives the death of this process, and is
    forced to the disk each second, which survives the loss of power.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        """Begin the file in `folder`. Raises Refused where that cannot be written."""
        self.name = clock.wall().astimezone(UTC).strftime(MOMENT)
        self.path = folder / f"{self.name}{PARTIAL}"
        self._blocks: queue.Queue[bytes | None] = queue.Queue(LONGEST_BACKLOG)
        self._samples = 0
        self._problem: str | None = None
        self._has_failed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder / f"{self.name}{LOCK}")
            self._file = self._begun()
        except (OSError, sqlite3.Error) as error:
            raise Refused(f"The recording {self.path} cannot be begun ({error})") from error
        self._thread = threading.Thread(target=self._write_all, name="recording", daemon=True)
        self._thread.start()

    @property
    def duration_s(self) -> float:
        """Length of what was handed in."""
        return self._samples / SAMPLE_RATE_HZ

    def write(self, audio: FloatArray) -> None:
        """Add `audio`, shape (n,), 16 kHz mono in [-1, 1]; takes microseconds.

        Raises Refused once when the disk is full or too slow; from then on nothing is written.
        """
        self._samples += len(audio)
        if self._has_failed:
            return
        problem = self._problem
        if problem is None:
            try:
                self._blocks.put_nowait((audio * FULL_SCALE).astype("<i2").tobytes())
                return
            except queue.Full:
                # What waits is still written: the disk may only have stalled.
                problem = "the disk is too slow"
        self._has_failed = True
        raise Refused(
            f"The recording {self.path} stops here ({problem}): "
            "what is said from now on is transcribed but not kept as sound"
        )

    def finish(self, *, keep: bool) -> Path | None:
        """End the recording; return the finished file, or None where it was not to be kept.

        Waits for the disk. Raises Refused where the file could not be renamed, and is found at
        the next start, or where it is kept and nobody was told yet that its end is missing.
        """
        if self._thread.is_alive():
            self._blocks.put(None)
            self._thread.join()
        final = self.path.with_name(f"{self.name}{WHOLE}")
        try:
            self._file.close()
            if keep:
                self.path.replace(final)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise Refused(f"{self.path} cannot be finished ({error.strerror})") from error
        finally:
            self._unlock()
        if not keep:
            return None
        if self._problem is not None and not self._has_failed:
            raise Refused(f"The end of {final} could not be written ({self._problem})")
        return final

    def _begun(self) -> io.FileIO:
        """Return the file with its header, or leave nothing and raise OSError."""
        file = None
        try:
            file = self.path.open("xb", buffering=0)
            file.write(_header(0))
        except OSError:
            if file is not None:
                file.close()
                self.path.unlink()
            self._unlock()
            raise
        return file

    def _unlock(self) -> None:
        self._lock.close()
        self.path.with_name(f"{self.name}{LOCK}").unlink(missing_ok=True)

    def _write_all(self) -> None:
        written = synced = 0
        while (block := self._blocks.get()) is not None:
            if self._problem is None:
                try:
                    written += self._write(block)
                    if written - synced >= SAMPLE_RATE_HZ * BYTES_A_SAMPLE:
                        self._renew_header(written)
                        synced = written
                except OSError as error:
                    self._problem = error.strerror or str(error)
        try:
            self._renew_header(written)
        except OSError as error:
            self._problem = error.strerror or str(error)

    def _write(self, block: bytes) -> int:
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]
        return len(block)

    def _renew_header(self, size_bytes: int) -> None:
        self._file.seek(0)
        self._file.write(_header(size_bytes))
        self._file.seek(HEADER_BYTES + size_bytes)
        os.fsync(self._file.fileno())


def find_unfinished(folder: Path) -> tuple[Recovered, ...]:
    """Return the recordings in `folder` whose process died, oldest first.

    Those of running processes are left out. Raises Refused where the folder cannot be read.
    """
    try:
        paths = sorted(folder.glob(f"*{PARTIAL}"))
    except OSError as error:
        raise Refused(f"{folder} cannot be read ({error.strerror})") from error
    found = []
    for path in paths:
        name = path.name.removesuffix(PARTIAL)
        started_at = _moment(name)
        duration_s = _duration_s(path)
        if started_at and duration_s >= SHORTEST_S and not _is_locked(folder / f"{name}{LOCK}"):
            found.append(Recovered(name, started_at, duration_s))
    return tuple(found)


def mend(folder: Path, name: str) -> Path:
    """Return the unfinished recording `name` as a WAV file that any reader opens whole.

    Raises Unreachable where it is gone, Refused where it cannot be written.
    """
    path = _path_of(folder, name)
    try:
        with path.open("r+b") as file:
            file.write(_header(max(0, path.stat().st_size - HEADER_BYTES)))
    except OSError as error:
        raise Refused(f"{path} cannot be mended ({error.strerror})") from error
    return path


def finish_unfinished(folder: Path, name: str) -> None:
    """Let the unfinished recording `name` stay as a finished one.

    Raises Unreachable where it is gone, Refused where it cannot be renamed.
    """
    path = _path_of(folder, name)
    try:
        path.replace(folder / f"{Path(name).name}{WHOLE}")
        (folder / f"{Path(name).name}{LOCK}").unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{path} cannot be kept ({error.strerror})") from error


def discard(folder: Path, name: str) -> None:
    """Delete the unfinished recording `name`; nothing happens where it is gone already.

    Raises Refused where it cannot be deleted.
    """
    try:
        for suffix in (PARTIAL, LOCK):
            (folder / f"{Path(name).name}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{folder / name} cannot be deleted ({error.strerror})") from error


def purge(folder: Path, *, before: datetime) -> int:
    """Delete finished recordings made before a moment, and return how many that were.

    Those that were cut off stay: nobody has heard them yet. Raises Refused where one cannot be
    deleted.
    """
    gone = 0
    for path in sorted(folder.glob(f"*{WHOLE}")):
        began_at = _moment(path.name.removesuffix(WHOLE))
        if began_at is not None and began_at < before:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise Refused(f"{path} cannot be deleted ({error.strerror})") from error
            gone += 1
    return gone


def _path_of(folder: Path, name: str) -> Path:
    path = folder / f"{Path(name).name}{PARTIAL}"
    if not path.is_file():
        raise Unreachable(f"The recording {path} is not there any more")
    return path


def _header(size_bytes: int) -> bytes:
    size = min(size_bytes, LARGEST_SIZE - HEADER_BYTES)
    byte_rate = SAMPLE_RATE_HZ * BYTES_A_SAMPLE
    return (
        struct.pack("<4sI4s", b"RIFF", size + HEADER_BYTES - 8, b"WAVE")
        + struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE_HZ, byte_rate, 2, 16)
        + struct.pack("<4sI", b"data", size)
    )


def _duration_s(path: Path) -> float:
    try:
        size = path.stat().st_size - HEADER_BYTES
    except OSError:
        return 0.0
    return max(0, size) / BYTES_A_SAMPLE / SAMPLE_RATE_HZ


def _moment(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _locked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        _locked(path).close()
    except sqlite3.Error:
        return True
    return False
