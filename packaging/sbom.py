"""Write the bill of materials of a frozen application, as CycloneDX 1.6 in JSON.

    python packaging/sbom.py FROZEN BUILD OUT

FROZEN is PyInstaller's output folder, BUILD the folder that PyInstaller worked in, OUT the file to
write. Version, commit, variant and time come from resources/build.toml in FROZEN, so that one
folder always gives the same bytes. Exits with 1 where something is not accounted for.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from frozen_folder import NotAccountedFor, name_inside, read_frozen
from inventory import take_inventory
from packageurl import PackageURL
from parts import OURS, Part
from third_parties import read_third_parties

HOME = "https://github.com/universal-ai-tools"
"""Names the bill, as a namespace; nothing is fetched from it."""
TYPES = {
    "model": ComponentType.MACHINE_LEARNING_MODEL,
    "font": ComponentType.DATA,
    "data": ComponentType.DATA,
    "runtime": ComponentType.PLATFORM,
}


def _property(name: str, value: str) -> Property:
    return Property(name=f"{OURS}:{name}", value=value)


def _files(part: Part, reference: str) -> list[Component]:
    """Return the libraries or models of `part` as components of type file, with their sums."""
    return [
        Component(
            name=name,
            type=ComponentType.FILE,
            bom_ref=f"{reference}/{name}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        )
        for name, digest in part.files
    ]


def reference(part: Part) -> str:
    """Return what other entries of the bill call `part`; no two parts share one."""
    return "/".join(filter(None, (part.kind, part.name, part.version, part.by)))


def component(part: Part) -> Component:
    """Return `part` as an entry of the bill."""
    known = [
        ("brought-by", part.by),
        ("note", part.note),
        # One of these is the archive that was installed; the lock has one for each platform.
        ("locked-sha256", " ".join(part.locked_sha256) if len(part.locked_sha256) > 1 else ""),
    ]
    one = part.locked_sha256 if len(part.locked_sha256) == 1 else ()
    home = [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(part.home or ""))]
    return Component(
        name=part.name,
        version=part.version,
        type=TYPES.get(part.kind, ComponentType.LIBRARY),
        bom_ref=reference(part),
        purl=PackageURL.from_string(part.purl) if part.purl else None,
        licenses=[_licence(part.licence)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in one],
        external_references=home if part.home else (),
        properties=[_property(name, value) for name, value in known if value],
        components=_files(part, reference(part)),
    )


def _licence(expression: str) -> LicenseExpression | DisjunctiveLicense:
    """Return a name alone for what SPDX has no identifier for, else the expression."""
    if expression.startswith("LicenseRef-"):
        return DisjunctiveLicense(name=expression.removeprefix("LicenseRef-").replace("-", " "))
    return LicenseExpression(value=expression)


def bill(parts: Iterable[Part], build: dict[str, str]) -> Bom:
    """Return the bill of an application made of `parts`; `build` is what build.toml says."""
    root = Component(
        name=OURS,
        version=build["version"],
        type=ComponentType.APPLICATION,
        bom_ref=BomRef(OURS),
        licenses=[LicenseExpression(value="MIT")],
        properties=[_property(name, build[name]) for name in ("commit", "variant")],
    )
    made = {part: component(part) for part in parts}
    owners = {f"{part.name} {part.version}": part for part in made if part.kind == "package"}
    brought: dict[Part, list[Component]] = {part: [] for part in made}
    direct: list[Component] = []
    for part, each in made.items():
        owner = owners.get(part.by or "")
        (brought[owner] if owner else direct).append(each)
    result = Bom(
        serial_number=uuid5(NAMESPACE_URL, _identity(made, build)),
        components=made.values(),
        metadata=BomMetaData(component=root, timestamp=datetime.fromisoformat(build["built_utc"])),
    )
    result.register_dependency(root, direct)
    for part, inner in brought.items():
        result.register_dependency(made[part], inner)
    return result


def _identity(parts: Iterable[Part], build: dict[str, str]) -> str:
    """Return what tells this bill from any other: what was built, and each part and sum."""
    sums = [f"{reference(part)}={part.files}" for part in parts]
    return "\n".join([HOME, sys.platform, *(build[key] for key in sorted(build)), *sums])


def main(arguments: list[str]) -> int:
    """Do what the module's first lines say; return the exit code."""
    if len(arguments) != 3:
        sys.stderr.write("usage: sbom.py FROZEN BUILD OUT\n")
        return 2
    frozen, work, out = map(Path, arguments)
    try:
        folder = read_frozen(frozen, work)
        parts = take_inventory(folder, read_third_parties())
        told = [file.path for file in folder.files if file.name == "resources/build.toml"]
        if not told:
            raise NotAccountedFor(f"{frozen} has no {name_inside('resources/build.toml')}")
    except NotAccountedFor as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"sbom: {line}\n")
        return 1
    build = tomllib.loads(told[0].read_text(encoding="utf-8"))
    text = JsonV1Dot6(bill(parts, build)).output_as_string(indent=2)
    out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{out}: {len(parts)} parts\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
