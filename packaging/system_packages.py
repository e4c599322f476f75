"""Tell which package of Debian or its descendants a library of the system belongs to."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

DOCUMENTS = Path("/usr/share/doc")


@dataclass(frozen=True, slots=True)
class SystemPackage:
    """A package; `copyright_text` is None where its file was left out on this machine."""

    name: str
    version: str
    architecture: str
    distribution: str
    copyright_text: Path | None

    @property
    def purl(self) -> str:
        """The package in the notation of package URLs."""
        version = self.version.replace("+", "%2B").replace(":", "%3A")
        return f"pkg:deb/{self.distribution}/{self.name}@{version}?arch={self.architecture}"


def _lines(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def _distribution() -> str:
    """Return the ID of this system, `debian` where it does not tell."""
    release = Path("/etc/os-release")
    rows = release.read_text(encoding="utf-8").splitlines() if release.is_file() else []
    found = (row[3:].strip('"') for row in rows if row.startswith("ID="))
    return next(found, "debian")


def owners_on_system(libraries: list[Path]) -> dict[Path, SystemPackage]:
    """Return the package of each of `libraries`; those that no package owns are left out."""
    if not libraries or shutil.which("dpkg-query") is None:
        return {}
    asked: dict[str, Path] = {}
    for library in libraries:
        # With /usr merged, packages list a file under either name.
        for path in (library, library.resolve()):
            text = path.as_posix()
            asked[text] = library
            asked[text.removeprefix("/usr") if text.startswith("/usr/") else f"/usr{text}"] = (
                library
            )
    named = {}
    for line in _lines("dpkg-query", "--search", *asked):
        package, _, path = line.partition(": ")
        if path in asked and not package.startswith("diversion "):
            named[asked[path]] = package.split(",")[0].strip()
    versions = _versions(sorted(set(named.values())))
    return {library: versions[name] for library, name in named.items() if name in versions}


def _versions(names: list[str]) -> dict[str, SystemPackage]:
    """Return the packages by the names that dpkg gave for them."""
    if not names:
        return {}
    layout = "${binary:Package}\t${Package}\t${Version}\t${Architecture}\n"
    distribution, made = _distribution(), {}
    for line in _lines("dpkg-query", "--show", f"--showformat={layout}", *names):
        full, name, version, architecture = line.split("\t")
        text = DOCUMENTS / name / "copyright"
        package = SystemPackage(
            name, version, architecture, distribution, text if text.is_file() else None
        )
        made[full] = made[name] = package
    return made
