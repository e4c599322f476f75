"""Which build of the application this is: its version, its commit, when and how it was packaged."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.shipped import shipped

# `importlib.metadata` loads where it is asked: it takes 50 ms.

NAME = "universal-ai-tools"
BUILD_FILE = "build.toml"
"""Lies among the resources of a packaged application, and nowhere else."""
SHORT = 7
"""Letters of a commit that people write."""
COMMIT = re.compile(r"([0-9a-f]{7,64})(-dirty)?")
LARGEST_BYTES = 4 * 1024 * 1024
"""What is larger is none of the files that are read here."""


@dataclass(frozen=True, slots=True)
class Build:
    """What is known of the running application; None where nobody says."""

    version: str | None = None
    commit: str | None = None
    """Its first letters; "-dirty" follows where files had been changed since."""
    built_utc: datetime | None = None
    """None where it was not packaged."""
    variant: str | None = None
    """"standard" or "lite"; None where it was not packaged."""
    updates_url: str | None = None
    """Where this build asks which version is out, if the user wants that."""
    is_checkout: bool = False
    """Whether it runs from its sources."""

    @property
    def origin(self) -> str:
        """Where it comes from, in words, such as "standard" or "from source"; may be empty."""
        return self.variant or ("from source" if self.is_checkout else "")

    @property
    def sentence(self) -> str:
        """Such as "universal-ai-tools 0.1.0 (standard, commit abc1234, built 2026-11-23)"."""
        parts = [self.origin] if self.origin else []
        parts += [f"commit {self.commit}"] if self.commit else []
        parts += [f"built {self.built_utc:%Y-%m-%d}"] if self.built_utc else []
        said = f" ({', '.join(parts)})" if parts else ""
        return f"{NAME} {self.version or '(version unknown)'}{said}"

    @property
    def plain(self) -> dict[str, str | None]:
        """The same as strings, for programs that read JSON."""
        built = f"{self.built_utc:%Y-%m-%dT%H:%M:%SZ}" if self.built_utc else None
        return {
            "version": self.version,
            "commit": self.commit,
            "built_utc": built,
            "variant": self.variant,
        }


def this_build(folder: Path | None = None) -> Build:
    """Return the build that runs. Never raises: what cannot be read is not known.

    folder: where the resources lie; by default those of this program. A few file reads; where the
    application was installed as a library its metadata is looked up, which takes 50 ms.
    """
    packaged = (folder or shipped("")) / BUILD_FILE
    root = packaged.parent.parent
    if packaged.is_file():
        return _packaged(_table(packaged))
    project = _table(root / "pyproject.toml").get("project")
    if isinstance(project, Mapping) and project.get("name") == NAME:
        return Build(_word(project.get("version")), _commit_of(root / ".git"), is_checkout=True)
    return Build(_installed_version())


def _packaged(told: Mapping[str, Any]) -> Build:
    return Build(
        version=_word(told.get("version")),
        commit=_shortened(_word(told.get("commit")) or ""),
        built_utc=_moment(told.get("built_utc")),
        variant=_word(told.get("variant")),
        updates_url=_word(told.get("updates_url")),
    )


def _word(value: object) -> str | None:
    """Return `value` if it is a line of text, as everything here is."""
    is_line = isinstance(value, str) and value.isprintable() and value.strip()
    return str(value).strip() if is_line else None


def _moment(value: object) -> datetime | None:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _commit_of(git: Path) -> str | None:
    """Return the commit that is checked out, read from git's files: git itself takes longer."""
    if git.is_file():  # a further working tree: the file says where its own part lies
        git = git.parent / _text(git).removeprefix("gitdir:").strip()
    shared = git / (_text(git / "commondir").strip() or ".")
    head = _text(git / "HEAD").strip()
    if head.startswith("ref:"):
        name = head.removeprefix("ref:").strip()
        # A name that leads out of the folder is no branch.
        if ".." in name or not name.startswith("refs/"):
            return None
        head = _text(git / name).strip() or _text(shared / name).strip() or _packed(shared, name)
    return _shortened(head)


def _shortened(commit: str) -> str | None:
    found = COMMIT.fullmatch(commit)
    return found[1][:SHORT] + (found[2] or "") if found else None


def _packed(git: Path, name: str) -> str:
    for line in _text(git / "packed-refs").splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return ""


def _installed_version() -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return _word(version(NAME))
    except (PackageNotFoundError, OSError, ValueError):
        return None


def _table(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _text(path: Path) -> str:
    """Return what stands in the file at `path`; "" where there is none that can be read."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
