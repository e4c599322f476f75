"""List the parts of a frozen application: who made them, under which licence, in which files."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from dataclasses import dataclass, field, replace
from pathlib import Path

from distributions import Distribution, installed
from frozen_folder import FrozenFile, FrozenFolder, NotAccountedFor
from parts import LOCK, ROOT, Part, locked_hashes, order, sha256, version_in
from stand_in_parts import MARK
from system_packages import SystemPackage, owners_on_system
from third_parties import Fact, ThirdParties

PYTHON_BASE = Path(sys.base_prefix).resolve()
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
UNKNOWN = "LicenseRef-Unknown"
IS_LIBRARY = re.compile(
    r"^(?!.*(\.cpython-|\.abi3\.)).*(\.so(\.\d+)*|\.dylib|\.dll|\.framework/Versions/\w+/\w+)$"
)
"""Libraries, not extension modules of Python, which are part of their package."""


@dataclass(slots=True)
class Found:
    """What was found so far: parts by key, and a line for each thing that is not accounted for."""

    parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Inventory:
    """Goes through a frozen folder once. `owners` is what `installed` returned."""

    def __init__(
        self,
        *,
        facts: ThirdParties,
        owners: dict[Path, Distribution],
        locked: dict[str, tuple[str, ...]],
        root: Path = ROOT,
    ) -> None:
        self._facts = facts
        self._owners = owners
        self._locked = locked
        self._root = root
        self._found = Found()

    def take(self, folder: FrozenFolder) -> tuple[Part, ...]:
        """Return the parts, sorted. Raises NotAccountedFor with a line for each that is not."""
        outside = [file.source for file in folder.files if file.source and file.is_native]
        on_system = owners_on_system([path for path in outside if path not in self._owners])
        for source in folder.modules:
            self._take_module(source)
        for file in folder.files:
            self._take_file(file, on_system)
        self._take_linked()
        self._check()
        if self._found.problems:
            raise NotAccountedFor("\n".join(sorted(set(self._found.problems))))
        return tuple(sorted(self._found.parts.values(), key=order))

    # --- one file ---

    def _take_module(self, source: Path) -> None:
        owner = self._owners.get(source)
        if owner is not None:
            self._add_distribution(owner)
        elif self._is_of_python(source):
            self._add_python()
        elif not self._is_ours(source):
            self._found.problems.append(f"{source}: belongs to no installed package")

    def _take_file(self, file: FrozenFile, on_system: dict[Path, SystemPackage]) -> None:
        resource = self._facts.resource(file.name)
        owner = self._owners.get(file.source) if file.source else None
        if resource is not None:
            self._add_resource(resource, file)
        elif file.is_native and MARK.encode() in file.path.read_bytes():
            return
        elif owner is not None:
            self._take_from_wheel(file, owner)
        elif file.source is None:
            if not file.name.startswith("resources/"):
                self._found.problems.append(f"{file.name}: nothing tells where it came from")
        elif self._is_of_python(file.source):
            self._add_python()
            self._refuse_known(file)
        elif file.is_native and not self._is_ours(file.source):
            self._take_from_system(file, on_system.get(file.source))

    def _take_from_wheel(self, file: FrozenFile, owner: Distribution) -> None:
        self._add_distribution(owner)
        base = Path(file.name).name
        if not file.is_native or not IS_LIBRARY.match(file.name):
            return
        fact = self._facts.native(base)
        if fact is None:
            self._unknown(file, f"{owner.name} {owner.version}")
        else:
            texts = self._found.parts["package", owner.key].texts if fact.is_of_package else ()
            by, version = f"{owner.name} {owner.version}", self._wheel_version(fact, owner)
            self._add_native(fact, file, by, version, texts)

    def _wheel_version(self, fact: Fact, owner: Distribution) -> str | None:
        if fact.is_of_package:
            return owner.version
        return owner.grafted().get(fact.wheel_lists_as) if fact.wheel_lists_as else None

    def _take_from_system(self, file: FrozenFile, package: SystemPackage | None) -> None:
        fact = self._facts.native(Path(file.name).name)
        if fact is None:
            self._unknown(file, package.name if package else "the system")
            return
        if package is None:
            self._add_native(fact, file, "this system", None)
            return
        by = f"{package.distribution.title()}'s {package.name} {package.version}"
        text = (package.copyright_text,) if package.copyright_text else ()
        key = self._add_native(fact, file, by, package.version, text)
        self._found.parts[key] = replace(self._found.parts[key], purl=package.purl)

    # --- parts ---

    def _add_distribution(self, owner: Distribution) -> None:
        key = ("package", owner.key)
        if key in self._found.parts:
            return
        fact = self._facts.distributions.get(owner.key, Fact(owner.key))
        if owner.key not in self._locked and not fact.is_tool:
            self._found.problems.append(
                f"{owner.name} {owner.version}: is in no user's lock; exclude it when freezing"
            )
        licence = fact.licence or owner.licence
        if licence is None:
            self._found.problems.append(
                f"{owner.name} {owner.version}: its metadata names no SPDX licence; add a "
                f"[[distribution]] named {owner.key} to packaging/third_parties.toml"
            )
        own = tuple(owner.root / name for name in fact.own_texts)
        self._found.parts[key] = Part(
            name=owner.name,
            version=owner.version,
            kind="package",
            licence=licence or UNKNOWN,
            home=fact.home or owner.home,
            note=fact.note,
            purl=f"pkg:pypi/{owner.key}@{owner.version}",
            texts=owner.texts + own + fact.text_paths(),
            locked_sha256=self._locked.get(owner.key, ()),
        )

    def _add_native(
        self,
        fact: Fact,
        file: FrozenFile,
        by: str,
        version: str | None,
        texts: tuple[Path, ...] = (),
    ) -> tuple[str, str]:
        key = (fact.name, by)
        known = self._found.parts.get(key)
        if known is None:
            kept = fact.text_paths()
            known = Part(
                fact.name, version, "library", fact.licence or "", fact.home, fact.note, by
            )
            known = replace(known, texts=texts + kept)
        found = version or known.version or version_in(file.path, fact.version_pattern)
        files = (*known.files, (file.name, sha256(file.path)))
        self._found.parts[key] = replace(known, version=found, files=files)
        return key

    def _add_resource(self, fact: Fact, file: FrozenFile) -> None:
        key = ("resource", fact.name)
        own = (self._root / fact.own_text,) if fact.own_text else ()
        known = self._found.parts.get(key) or Part(
            fact.name, None, fact.kind, fact.licence or "", fact.home, texts=own + fact.text_paths()
        )
        self._found.parts[key] = replace(
            known, files=(*known.files, (file.name, sha256(file.path)))
        )

    def _add_python(self) -> None:
        texts = tuple(PYTHON_BASE.glob("lib/python3*/LICENSE.txt")) + tuple(
            PYTHON_BASE.glob("LICENSE.txt")
        )
        self._found.parts[("runtime", "CPython")] = Part(
            name="CPython",
            version=platform.python_version(),
            kind="runtime",
            licence="PSF-2.0",
            home="https://www.python.org",
            purl=f"pkg:generic/cpython@{platform.python_version()}",
            texts=texts or (Path(__file__).with_name("licence-texts") / "cpython.txt",),
        )

    def _take_linked(self) -> None:
        """Add what is linked into the binaries of the packages found."""
        shipped = {owner.key: owner for owner in self._owners.values()}
        keys = [key for kind, key in self._found.parts if kind == "package"]
        for owner in (shipped[key] for key in keys):
            by = f"{owner.name} {owner.version}"
            for crate in owner.linked():
                self._found.parts[(crate.purl, by)] = Part(
                    crate.name, crate.version, "linked", crate.licence, by=by, purl=crate.purl
                )
            self._take_inside(owner, by)

    def _take_inside(self, owner: Distribution, by: str) -> None:
        """Add what hands looked up in `owner`; note what it lists and nobody has looked up."""
        vendored = owner.vendored()
        facts = [fact for fact in self._facts.inside if fact.package == owner.key]
        for fact in facts:
            if vendored and fact.name not in vendored:
                continue
            if fact.systems and sys.platform not in fact.systems:
                continue
            version = vendored.get(fact.name) or _version_inside(owner, fact, self._owners)
            self._found.parts[(fact.name, by)] = Part(
                *(fact.name, version, "linked", fact.licence or "", fact.home, fact.note, by),
                purl=f"pkg:pypi/{fact.name}@{version}" if fact.name in vendored else None,
                texts=fact.text_paths() + tuple(owner.root / name for name in fact.own_texts),
            )
        for name in sorted(vendored.keys() - {fact.name for fact in facts}):
            self._found.problems.append(
                f"{name} {vendored[name]}: a package inside {by} that nobody has looked at; add "
                "its licence as [[inside]] to packaging/third_parties.toml"
            )

    # --- what is not right ---

    def _unknown(self, file: FrozenFile, by: str) -> None:
        self._found.problems.append(
            f"{file.name}: a library of {by} that nobody has looked at; exclude it when freezing, "
            "or add its licence as [[native]] to packaging/third_parties.toml"
        )

    def _refuse_known(self, file: FrozenFile) -> None:
        """Take an extension module of Python for what it links to, where that is known."""
        fact = self._facts.native(Path(file.name).name) if file.is_native else None
        if fact is not None:
            self._add_native(fact, file, f"Python {platform.python_version()}", None)

    def _check(self) -> None:
        """Note each part whose licence is not allowed or whose text is missing."""
        for part in self._found.parts.values():
            name = f"{part.name} {part.version or ''}".strip()
            where = f" ({', '.join(file for file, _ in part.files)})" if part.files else ""
            if part.licence != UNKNOWN and self._facts.rules.choose(part.licence) is None:
                self._found.problems.append(
                    f"{name}{where}: its licence {part.licence} is not among those that may be "
                    "passed on with the application; exclude it when freezing"
                )
            missing = [path for path in part.texts if not path.is_file()]
            has_standard = part.kind == "linked" and self._facts.standard_texts(part.licence)
            if missing or not (part.texts or has_standard):
                self._found.problems.append(
                    f"{name}{where}: no licence text; keep one in packaging/licence-texts and "
                    f"name it in packaging/third_parties.toml {[str(path) for path in missing]}"
                )

    def _is_ours(self, source: Path) -> bool:
        return source.is_relative_to(self._root) and ".venv" not in source.parts

    @staticmethod
    def _is_of_python(source: Path) -> bool:
        real = source.resolve()
        if real.is_relative_to(STANDARD_LIBRARY) or real.name.startswith("libpython"):
            return True
        # Below /usr lies everything, not Python alone.
        return Path("/usr") != PYTHON_BASE and real.is_relative_to(PYTHON_BASE)


def _version_inside(
    owner: Distribution, fact: Fact, owners: dict[Path, Distribution]
) -> str | None:
    """Return the version that the package's own binary tells of what is linked into it."""
    if not fact.version_in:
        return None
    for path, each in owners.items():
        if each is owner and fact.version_in["file"] in path.as_posix() and path.is_file():
            return version_in(path, fact.version_in["pattern"])
    return None


def take_inventory(folder: FrozenFolder, facts: ThirdParties) -> tuple[Part, ...]:
    """Return the parts of `folder`, as frozen with the packages of this very Python."""
    inventory = Inventory(facts=facts, owners=installed(), locked=locked_hashes(LOCK))
    return inventory.take(folder)
