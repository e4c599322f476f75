"""Put stand-ins for libraries under the GPL and its like that are linked to but never called.

    python packaging/stand_ins.py dist/frozen/universal-ai-tools

PyAV's wheels link FFmpeg's libavcodec, under the LGPL, to the encoders x264 and x265, under the
GPL. Only sound is decoded here, but libavcodec does not load without them. Debian's JACK client
asks for Berkeley DB in the same way. A stand-in is a small library of our own: it has the same name
and offers the names that are asked of the other, and each of them answers that it failed. Linux
only; docs/decisions/0033 says why.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

MARK = "universal-ai-tools stand-in for "
"""Stands in the bytes of every stand-in, so that licences and the bill of materials know it."""
REPLACED = ("libx264", "libx265", "libdb-5")
LEAST_ROOM_BYTES = 4096
"""A table of x264's that libavcodec walks to its first empty row: all rows are empty."""


class NotMade(Exception):
    """A stand-in could not be made; the message says what is missing."""


def source_text(name: str, functions: list[str], tables: list[str]) -> str:
    """Return the C source of a library that offers `functions` and `tables`.

    A function whose name holds `open` returns NULL, as for an encoder that cannot be opened; one
    that holds `api_get` returns a table of functions that return NULL; one that holds `strerror`
    returns words; any other returns -1.
    """
    lines = [
        f'const char universal_ai_tools_stand_in[] = "{MARK}{name}";',
        "static void *nothing(void) { return 0; }",
        "static void *(*const failing[256])(void) = { [0 ... 255] = nothing };",
    ]
    for function in functions:
        if "api_get" in function:
            lines.append(f"const void *{function}(void) {{ return failing; }}")
        elif "strerror" in function:
            lines.append(f'const char *{function}(void) {{ return "left out"; }}')
        elif "open" in function:
            lines.append(f"void *{function}(void) {{ return 0; }}")
        else:
            lines.append(f"int {function}(void) {{ return -1; }}")
    lines += [f"const char {table}[{LEAST_ROOM_BYTES}] = {{0}};" for table in tables]
    return "\n".join(lines) + "\n"


def _run(*command: str) -> str:
    """Return what `command` prints. Raises NotMade where it is not here or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise NotMade(f"{command[0]} is not installed: install gcc and binutils") from error
    except subprocess.CalledProcessError as error:
        raise NotMade(f"{' '.join(command[:3])} failed: {error.stderr.strip()}") from error
    return done.stdout


def _names(library: Path, *, are_defined: bool) -> dict[str, tuple[str, str]]:
    """Return the dynamic symbols of `library`, each with nm's letter for its kind and its version.

    The version is empty where the symbol has none.
    """
    chosen = "--defined-only" if are_defined else "--undefined-only"
    rows = [line.split() for line in _run("nm", "-D", chosen, str(library)).splitlines()]
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


def stand_in(library: Path, users: list[Path]) -> None:
    """Replace `library` by a stand-in with all names that `users` ask of it."""
    offered = _names(library, are_defined=True)
    asked = {name for user in users for name in _names(user, are_defined=False)}
    wanted = {name: offered[name] for name in sorted(offered) if name in asked}
    functions = [name for name, (kind, _) in wanted.items() if kind in "TWi"]
    tables = [name for name, (kind, _) in wanted.items() if kind not in "TWi"]
    soname = re.search(r"SONAME.*\[(.+)\]", _run("readelf", "-dW", str(library)))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "stand_in.c")
        source.write_text(source_text(library.name.split("-")[0], functions, tables))
        made, script = Path(folder, "made.so"), Path(folder, "versions")
        script.write_text(version_script(wanted))
        versions = [f"-Wl,--version-script={script}"] if script.read_text() else []
        _run(
            *("cc", "-shared", "-fPIC", "-O1", "-s", "-nostdlib", "-Wl,--build-id=none"),
            f"-Wl,-soname,{soname.group(1) if soname else library.name}",
            *versions,
            *("-o", str(made), str(source)),
        )
        mode = library.stat().st_mode
        library.unlink()  # elsewhere the same file may be linked to, or in use
        library.write_bytes(made.read_bytes())
        library.chmod(mode)


def put_stand_ins(folder: Path) -> list[Path]:
    """Replace every library of REPLACED below `folder`; return those replaced now."""
    libraries = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.name.startswith(REPLACED)
    ]
    replaced = []
    for library in libraries:
        if MARK.encode() in library.read_bytes():
            continue
        if ".so" not in library.name:
            raise NotMade(f"{library}: stand-ins are made for Linux only so far")
        beside = [path for path in library.parent.iterdir() if ".so" in path.name]
        stand_in(library, [path for path in beside if path != library])
        replaced.append(library)
    return replaced


def main(arguments: list[str]) -> int:
    """Replace them in the folder named in `arguments`; return the exit code."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: stand_ins.py FOLDER\n")
        return 2
    try:
        replaced = put_stand_ins(Path(arguments[0]))
    except NotMade as error:
        sys.stderr.write(f"stand_ins: {error}\n")
        return 1
    for path in replaced:
        sys.stdout.write(f"{path.name}: replaced by a stand-in\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
