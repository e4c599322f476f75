"""A made-up frozen application, small enough to know all of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "packaging"))  # run as plain files: the folder is no package

from distributions import installed  # noqa: E402 - found in the folder named above
from frozen_folder import FrozenFolder, read_frozen  # noqa: E402
from inventory import Inventory  # noqa: E402
from parts import Part  # noqa: E402
from third_parties import read_third_parties  # noqa: E402

ELF = b"\x7fELF....\0"
LOCKED = "ab" * 32


@dataclass
class Frozen:
    """A folder with one package, and what is added to it."""

    home: Path
    locked: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"demo": (LOCKED,)})
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    modules: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contents.mkdir(parents=True)
        self.build.mkdir()
        self.package("demo", "License-Expression: MIT")
        self.put("resources/build.toml", BUILD.encode(), source=None)

    @property
    def folder(self) -> Path:
        """What PyInstaller made."""
        return self.home / "frozen"

    @property
    def contents(self) -> Path:
        """Where the files are in it."""
        return self.folder / "_internal"

    @property
    def build(self) -> Path:
        """Where PyInstaller keeps its tables."""
        return self.home / "build"

    @property
    def site(self) -> Path:
        """Where packages are installed."""
        return self.home / "site"

    def package(self, name: str, *fields: str, texts: tuple[str, ...] = ("LICENSE",)) -> None:
        """Install `name` 1.0 with `fields` in its metadata, and freeze its module."""
        info = self.site / f"{name}-1.0.dist-info"
        (info / "licenses").mkdir(parents=True)
        lines = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *fields]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        module = self.site / name / "__init__.py"
        module.parent.mkdir(exist_ok=True)
        module.touch()
        for text in texts:
            (info / "licenses" / text).write_text(f"the licence of {name}")
        self.modules.append((name, str(module), "PYMODULE"))
        self._record(name)

    def _record(self, name: str) -> None:
        files = [path for path in self.site.rglob("*") if path.is_file()]
        names = [path.relative_to(self.site).as_posix() for path in files]
        own = [each for each in names if each.startswith((name, f"{name}.libs"))]
        lines = [f"{each},," for each in own]
        (self.site / f"{name}-1.0.dist-info" / "RECORD").write_text("\n".join(lines))

    def bring(self, name: str, content: bytes) -> None:
        """Freeze a file that the package demo brought along."""
        source = self.site / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(content)
        self.put(name, content, source=source)
        self._record("demo")

    def put(self, name: str, content: bytes, *, source: Path | None) -> None:
        """Put a file into the folder; `source` is where PyInstaller had it from."""
        path = self.contents / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if source is not None:
            self.rows.append((name, str(source), "BINARY"))

    def read(self) -> FrozenFolder:
        """Write PyInstaller's tables and read the folder."""
        (self.build / "COLLECT-00.toc").write_text(repr((self.rows,)))
        (self.build / "PYZ-00.toc").write_text(repr(("out.pyz", self.modules)))
        return read_frozen(self.folder, self.build)

    def parts(self) -> tuple[Part, ...]:
        """Return what the inventory finds. Raises NotAccountedFor."""
        inventory = Inventory(
            facts=read_third_parties(),
            owners=installed([str(self.site)]),
            locked=self.locked,
            root=self.home,
        )
        return inventory.take(self.read())


BUILD = """\
version = "0.1.0"
commit = "abc1234"
built_utc = "2026-11-23T18:40:00Z"
variant = "lite"
"""
