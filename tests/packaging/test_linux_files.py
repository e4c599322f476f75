"""What a package lays into a Linux system: by the validators of those who read it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

import app.__main__

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "packaging/linux"
NAME = "universal-ai-tools"
ID = "io.github.universal_ai_tools.ControlCentre"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def program(name: str) -> str:
    """Return where the program `name` lies, or skip the test."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program and return how it went."""
    environment = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    return subprocess.run(words, capture_output=True, text=True, env=environment | more)


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a package's tree with everything laid into it."""
    root = tmp_path_factory.mktemp("root")
    words = ["bash", FILES / "lay_files.sh", root, VERSION, "2026-11-23"]
    done = run(*words, PYTHON=sys.executable, QT_QPA_PLATFORM="offscreen")
    assert (done.returncode, done.stderr) == (0, "")
    return root


def entry() -> dict[str, str]:
    """Return the keys of the menu's entry."""
    lines = (FILES / f"{NAME}.desktop").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_everything_lies_where_it_is_looked_for(laid: Path):
    """A tree holds entry, icons, metadata, manual, completion, unit, licence and the command."""
    share = laid / "usr/share"
    for file in (
        share / f"applications/{NAME}.desktop",
        share / f"bash-completion/completions/{NAME}",
        share / f"doc/{NAME}/copyright",
        share / f"icons/hicolor/48x48/apps/{NAME}.png",
        share / f"icons/hicolor/scalable/apps/{NAME}.svg",
        share / f"man/man1/{NAME}.1.gz",
        share / f"metainfo/{ID}.metainfo.xml",
        laid / f"usr/lib/systemd/user/{NAME}.service",
    ):
        assert file.stat().st_size > 0
        assert file.stat().st_mode & 0o777 == 0o644
    assert (laid / f"usr/bin/{NAME}").readlink() == Path(f"/opt/{NAME}/{NAME}")


def test_the_menus_entry_is_valid():
    """freedesktop.org's validator finds nothing in the entry, not even a hint."""
    done = run(program("desktop-file-validate"), FILES / f"{NAME}.desktop")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_window_belongs_to_the_menus_entry():
    """A running window is shown under the entry's icon: Qt gives it the same name."""
    source = (ROOT / "app/application.py").read_text(encoding="utf-8")
    assert f'setDesktopFileName("{NAME}")' in source
    assert f'setApplicationName("{NAME}")' in source
    assert (entry()["Exec"], entry()["Icon"], entry()["StartupWMClass"]) == (NAME, NAME, NAME)


def test_the_metadata_are_valid(laid: Path):
    """AppStream's validator takes the metadata, without a warning."""
    file = laid / f"usr/share/metainfo/{ID}.metainfo.xml"
    done = run(program("appstreamcli"), "validate", "--no-net", file)
    assert done.returncode == 0, done.stdout
    assert "W:" not in done.stdout


def test_the_metadata_name_what_is_there(laid: Path):
    """A software centre finds the menu's entry, the command and this version's release."""
    tree = ElementTree.parse(laid / f"usr/share/metainfo/{ID}.metainfo.xml")
    assert tree.findtext("id") == ID
    assert tree.findtext("launchable") == f"{NAME}.desktop"
    assert tree.findtext("provides/binary") == NAME
    releases = [each.attrib for each in tree.iterfind("releases/release")]
    assert releases == [{"version": VERSION, "date": "2026-11-23"}]


def test_the_unit_is_valid(tmp_path: Path):
    """Systemd knows every word of the user unit."""
    text = (FILES / f"{NAME}.service").read_text(encoding="utf-8")
    assert f"ExecStart=/usr/bin/{NAME} serve\n" in text
    unit = tmp_path / f"{NAME}.service"
    unit.write_text(text.replace(f"/usr/bin/{NAME}", "/bin/sh"), encoding="utf-8")
    words = [program("systemd-analyze"), "--user", "--man=no", "verify", unit]
    done = run(*words, XDG_RUNTIME_DIR=str(tmp_path), HOME=str(tmp_path))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_gives_answers_their_time():
    """Systemd waits longer than the engines do for what is under way, and hides no device."""
    from engine.gateway.settings import GatewaySettings

    text = (FILES / f"{NAME}.service").read_text(encoding="utf-8")
    stop_s = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert stop_s is not None
    assert int(stop_s[1]) >= 2 * GatewaySettings().drain_s
    words = {line.split("=")[0] for line in text.splitlines() if re.match(r"[A-Z]", line)}
    assert words.isdisjoint({"PrivateDevices", "ProtectHome", "MemoryDenyWriteExecute"})


def test_the_shell_completes_what_the_program_takes():
    """Bash offers each command, its actions and its options."""
    script = f"""
        source {FILES / NAME}.bash
        try() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _universal_ai_tools
                 echo "${{COMPREPLY[@]}}"; }}
        try {NAME} ''
        try {NAME} gpu ''
        try {NAME} gpu run --p
        try {NAME} transcribe inter
    """
    done = run("bash", "-c", script)
    commands, gpu, options, files = done.stdout.splitlines()
    assert done.stderr == ""
    assert set(app.__main__.COMMANDS) <= set(commands.split())
    assert "run" in gpu.split()
    assert options == "--priority"
    assert files == ""


def test_a_package_asks_for_what_its_libraries_need(tmp_path: Path):
    """The newest symbol of the C and C++ libraries decides on which systems a folder runs."""
    symbols = b"\0GLIBC_2.17\0GLIBC_2.38\0GLIBC_2.35\0GLIBCXX_3.4.29\0GLIBCXX_3.4.30\0"
    (tmp_path / "old.so").write_bytes(b"\x7fELF\0GLIBC_2.17\0")
    (tmp_path / "new.so").write_bytes(b"\x7fELF" + symbols)
    (tmp_path / "words.txt").write_bytes(b"text\0GLIBC_2.99\0")
    done = run(sys.executable, FILES / "floors.py", tmp_path)
    assert done.stdout == "libc6 2.38 libstdc++6 12\n"


def test_a_folder_of_old_libraries_still_needs_what_qt_needs(tmp_path: Path):
    """Nothing older than Qt's own libraries is promised."""
    done = run(sys.executable, FILES / "floors.py", tmp_path)
    assert done.stdout == "libc6 2.34 libstdc++6 11\n"
