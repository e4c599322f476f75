"""A part of a frozen application: something of others, and what is told of it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from distributions import plain_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "packaging" / "requirements.lock"
OURS = "universal-ai-tools"


@dataclass(frozen=True, slots=True)
class Part:
    """Something of others. `files` are (name in the folder, SHA-256) of libraries and models.

    kind: package, library, linked (into a package's binaries, or copied into
    it), model, font, data or runtime.
    by: the package that brought it, as "av 18.1.0" or "Debian's libxcb1 1.15-1".
    locked_sha256: of the archives that the lock accepts, one for each platform.
    """

    name: str
    version: str | None
    kind: str
    licence: str
    home: str | None = None
    note: str = ""
    by: str | None = None
    purl: str | None = None
    files: tuple[tuple[str, str], ...] = ()
    texts: tuple[Path, ...] = ()
    locked_sha256: tuple[str, ...] = ()


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file at `path` in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def locked_hashes(lock: Path) -> dict[str, tuple[str, ...]]:
    """Return the SHA-256 sums that `lock` accepts, by the name of the package."""
    hashes: dict[str, list[str]] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        text = line.rstrip(" \\")
        if text.startswith("    --hash=sha256:"):
            hashes[next(reversed(hashes))].append(text.split(":")[1])
        elif text and not text.startswith(("#", " ")):
            hashes[plain_name(re.split(r"[=\[; ]", text)[0])] = []
    return {name: tuple(sums) for name, sums in hashes.items()}


def order(part: Part) -> tuple[str, str, str, str]:
    """Return what parts are sorted by: kind, name, version and who brought them."""
    return (part.kind, part.name.lower(), part.version or "", part.by or "")


def version_in(path: Path, pattern: str | None) -> str | None:
    """Return what `pattern` finds in the bytes of the file at `path`."""
    if pattern is None:
        return None
    found = re.search(pattern.encode(), path.read_bytes())
    return found.group(1).decode() if found else None
