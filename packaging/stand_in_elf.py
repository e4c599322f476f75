"""Stand-ins in ELF, which Linux loads: made by cc, read by nm and readelf."""

from __future__ import annotations

import re
from pathlib import Path

from stand_in_parts import offer_of, run_tool, source_text

STARTS = (b"\x7fELF",)
REMEDY = "install gcc and binutils"


def _names(library: Path, *, are_defined: bool) -> dict[str, tuple[str, str]]:
    """Return the dynamic symbols of `library`, each with nm's letter for its kind and its version.

    The version is empty where the symbol has none.
    """
    chosen = "--defined-only" if are_defined else "--undefined-only"
    text = run_tool("nm", "-D", chosen, str(library), remedy=REMEDY)
    rows = [line.split() for line in text.splitlines()]
    parted = [(row[-1].partition("@"), row[-2]) for row in rows if len(row) >= 2]
    return {name: (kind, version.lstrip("@")) for (name, _, version), kind in parted}


def version_script(wanted: dict[str, tuple[str, str]]) -> str:
    """Return what tells the linker the versions of symbols; "" where none has one."""
    versions = sorted({version for _, version in wanted.values() if version})
    blocks = []
    for version in versions:
        names = [name for name, (_, own) in wanted.items() if own == version]
        blocks.append(f"{version} {{ global: {'; '.join(names)}; }};\n")
    return "".join(blocks)


def make(library: Path, users: list[Path], folder: Path) -> Path:
    """Return a stand-in for `library`, made in `folder`, with all that `users` ask of it."""
    offered = _names(library, are_defined=True)
    asked = {name for user in users for name in _names(user, are_defined=False)}
    wanted = {name: offered[name] for name in sorted(offered) if name in asked}
    offer = offer_of({name: kind in "TWi" for name, (kind, _) in wanted.items()}, library.name)
    soname = re.search(r"SONAME.*\[(.+)\]", run_tool("readelf", "-dW", str(library), remedy=REMEDY))
    source, script, made = (folder / name for name in ("stand_in.c", "versions", "made.so"))
    source.write_text(source_text(library.name.split("-")[0], offer))
    script.write_text(version_script(wanted))
    versions = [f"-Wl,--version-script={script}"] if script.read_text() else []
    run_tool(
        *("cc", "-shared", "-fPIC", "-O1", "-s", "-nostdlib", "-Wl,--build-id=none"),
        f"-Wl,-soname,{soname.group(1) if soname else library.name}",
        *versions,
        *("-o", str(made), str(source)),
        remedy=REMEDY,
    )
    return made
