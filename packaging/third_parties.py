"""What third_parties.toml says of the work of others, as values."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from licence_rules import LicenceRules

FACTS = Path(__file__).with_name("third_parties.toml")
TEXTS = Path(__file__).with_name("licence-texts")


def is_standard(text: Path) -> bool:
    """Tell whether a kept text is a licence in general, by its SPDX name, and no one work's."""
    return text.name[0].isupper()


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry: a package, a library or a resource, and under which licence it comes.

    files: patterns of file names, for libraries; the start of a path, for resources.
    texts: names in TEXTS; own_texts: paths beside the package; own_text: a path in the checkout.
    package: for what is linked into a package's binaries, that package.
    version_pattern: finds the version in a library's bytes; version_in: the same, of a package.
    wheel_lists_as: its name in the bill of materials that a wheel brings along.
    systems: where it is linked in, as sys.platform names them; none means all.
    """

    name: str
    licence: str | None = None
    home: str | None = None
    kind: str = "library"
    note: str = ""
    package: str = ""
    files: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    own_texts: tuple[str, ...] = ()
    own_text: str | None = None
    version_pattern: str | None = None
    version_in: dict[str, str] = field(default_factory=dict)
    wheel_lists_as: str | None = None
    systems: tuple[str, ...] = ()
    is_of_package: bool = False
    is_tool: bool = False

    def text_paths(self) -> tuple[Path, ...]:
        """Return where its kept texts are."""
        return tuple(TEXTS / name for name in self.texts)


@dataclass(frozen=True, slots=True)
class ThirdParties:
    """All that the file says."""

    rules: LicenceRules
    distributions: dict[str, Fact]
    inside: tuple[Fact, ...]
    resources: tuple[Fact, ...]
    natives: tuple[Fact, ...]

    def native(self, file_name: str) -> Fact | None:
        """Return what is known of the library `file_name`; the first pattern that fits counts."""
        for fact in self.natives:
            if any(fnmatch.fnmatchcase(file_name, pattern) for pattern in fact.files):
                return fact
        return None

    def resource(self, name: str) -> Fact | None:
        """Return what is known of the project's file `name`, where others made it."""
        return next((fact for fact in self.resources if name.startswith(fact.files)), None)

    def standard_texts(self, expression: str) -> tuple[Path, ...] | None:
        """Return the kept texts of the licences chosen of `expression`; None if one is missing."""
        names = [
            name for each in self.rules.choose(expression) or () for name in each.split(" WITH ")
        ]
        paths = [TEXTS / f"{re.sub('-(only|or-later)$', '', name)}.txt" for name in names]
        return tuple(paths) if paths and all(path.is_file() for path in paths) else None


def _fact(row: dict[str, object]) -> Fact:
    files = row.pop("files", ())
    lists = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
    patterns = (files,) if isinstance(files, str) else tuple(files)  # type: ignore[arg-type]
    return Fact(**(row | lists), files=patterns)  # type: ignore[arg-type]


def read_third_parties(path: Path = FACTS) -> ThirdParties:
    """Return what the file at `path` says. Raises TypeError where a key is not known."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    allowed = rows["allowed"]
    facts = {
        table: tuple(_fact(row) for row in rows.get(table, []))
        for table in ("distribution", "inside", "resource", "native")
    }
    return ThirdParties(
        rules=LicenceRules(frozenset(allowed["licences"]), frozenset(allowed["exceptions"])),
        distributions={fact.name: fact for fact in facts["distribution"]},
        inside=facts["inside"],
        resources=facts["resource"],
        natives=facts["native"],
    )
