"""Tell which installed Python package a file belongs to, and what the package says of itself."""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

LICENCE_FILE = re.compile(r"(licen[cs]e|copying|copyright|notice|thirdparty)", re.IGNORECASE)
SPDX_WORDS = re.compile(r"[A-Za-z0-9.\-+]+( (AND|OR|WITH) [A-Za-z0-9.\-+]+)*")
LINKED_KINDS = ("pkg:cargo/",)
VENDORED_BILL = "_vendor/bom.cdx.json"
"""Where pip lists the packages that it has inside."""


def plain_name(name: str) -> str:
    """Return `name` as registries compare it: lower case, words joined by hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True)
class LinkedCrate:
    """A library in another language that a package's own bill of materials lists."""

    name: str
    version: str
    licence: str
    purl: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed package. `licence` is None where its metadata has no SPDX expression."""

    name: str
    version: str
    licence: str | None
    home: str | None
    root: Path
    texts: tuple[Path, ...]
    bills: tuple[Path, ...]

    @property
    def key(self) -> str:
        """The name as locks write it."""
        return plain_name(self.name)

    def linked(self) -> tuple[LinkedCrate, ...]:
        """Return what its bills of materials list as linked in; build tools are left out."""
        found = {}
        for bill in self.bills:
            for each in json.loads(bill.read_text(encoding="utf-8")).get("components", []):
                purl = str(each.get("purl", ""))
                if not purl.startswith(LINKED_KINDS) or each.get("scope") == "excluded":
                    continue
                licences = [
                    row.get("expression") or row.get("license", {}).get("id", "")
                    for row in each.get("licenses", [])
                ]
                crate = LinkedCrate(
                    each["name"], each["version"], " AND ".join(licences), purl.split("?")[0]
                )
                found[crate.purl] = crate
        return tuple(found[purl] for purl in sorted(found))

    def grafted(self) -> dict[str, str]:
        """Return name to version of the system libraries that were copied into its wheel."""
        return {
            each["name"]: str(each["version"])
            for bill in self.bills
            if bill.name.startswith("auditwheel")
            for each in json.loads(bill.read_text(encoding="utf-8")).get("components", [])
        }

    def vendored(self) -> dict[str, str]:
        """Return plain name to version of the Python packages that were copied into it."""
        path = self.root / self.key / VENDORED_BILL
        if not path.is_file():
            return {}
        listed = json.loads(path.read_text(encoding="utf-8"))["components"]
        return {plain_name(each["name"]): each["version"] for each in listed if "purl" in each}


def _licence(fields: metadata.PackageMetadata) -> str | None:
    expression = fields.get("License-Expression")
    if expression:
        return expression
    stated = (fields.get("License") or "").strip()
    return stated if (SPDX_WORDS.fullmatch(stated) and "-" in stated) or stated == "MIT" else None


def _home(fields: metadata.PackageMetadata) -> str | None:
    if fields.get("Home-page"):
        return fields["Home-page"]
    rows = [row.split(", ", 1) for row in fields.get_all("Project-URL") or []]
    urls = {row[0].strip().lower(): row[1].strip() for row in rows if len(row) == 2}
    for label in ("homepage", "home", "source", "source code", "repository", "github"):
        if label in urls:
            return urls[label]
    return next(iter(urls.values()), None)


def _read(distribution: metadata.Distribution) -> tuple[Distribution, list[Path]]:
    """Return what `distribution` says of itself, and its files."""
    root = Path(os.fspath(distribution.locate_file("")))
    record = distribution.read_text("RECORD") or ""
    files = [root / row[0] for row in csv.reader(record.splitlines()) if row]
    own = [
        path for path in files if ".dist-info" in path.as_posix() and "__pycache__" not in str(path)
    ]
    texts = [path for path in own if LICENCE_FILE.search(path.name) and path.suffix != ".py"]
    fields = distribution.metadata
    made = Distribution(
        name=fields["Name"],
        version=distribution.version,
        licence=_licence(fields),
        home=_home(fields),
        root=root,
        texts=tuple(sorted(texts)),
        bills=tuple(sorted(path for path in own if path.parent.name == "sboms")),
    )
    return made, files


def installed(folders: list[str] | None = None) -> dict[Path, Distribution]:
    """Return the package of each installed file; `folders` stands in for this Python's own."""
    found = metadata.distributions(path=folders) if folders else metadata.distributions()
    owners: dict[Path, Distribution] = {}
    for distribution in found:
        made, files = _read(distribution)
        owners.update(dict.fromkeys(files, made))
    return owners
