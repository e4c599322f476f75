"""What the .deb runs as root: among stand-ins, below a root of the test's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

FILES = Path(__file__).resolve().parents[2] / "packaging/linux"
NAME = "universal-ai-tools"
UID, GID = os.getuid(), os.getgid()
PERSON, COLLEAGUE = 4021, 4022
OURS = (".config", ".local/share", ".cache", ".local/state")

STAND_INS = {
    "getent": '#!/bin/sh\nawk -F: -v uid="$2" \'$3 == uid\' "$DPKG_ROOT/etc/passwd" | grep .\n',
    "setpriv": '#!/bin/sh\necho "setpriv $*" >>"$CALLS"\nshift 3\nexec "$@"\n',
    "systemctl": '#!/bin/sh\necho "systemctl $*" >>"$CALLS"\nexit "${SYSTEMCTL:-0}"\n',
    "id": f"#!/bin/sh\necho {UID}\n",
}

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="maintainer scripts are Debian's"
)


@dataclass
class System:
    """A Debian with two people who use the application."""

    root: Path

    def home(self, person: str) -> Path:
        """Return where the home of `person` lies."""
        return self.root / "home" / person

    def data(self, person: str) -> list[Path]:
        """Return those of the four folders of `person` that are there."""
        folders = [self.home(person) / each / NAME for each in OURS]
        return [folder for folder in folders if folder.exists()]

    def run(self, script: str, *words: str, **more: str) -> str:
        """Run a maintainer script as dpkg does, and return what it says."""
        done = subprocess.run(
            ["sh", FILES / script, *words],
            env=self.environment | more,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """Return what dpkg tells its scripts, with the stand-ins first on the PATH."""
        return {
            "PATH": f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DPKG_ROOT": str(self.root),
            "CALLS": str(self.root / "calls"),
        }

    @property
    def calls(self) -> list[str]:
        """Return what was called of the stand-ins."""
        file = self.root / "calls"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def runs(self, process: subprocess.Popen[bytes], *words: str, unit: str = "") -> None:
        """Let `process` look like one that was started from the package with `words`."""
        place = self.root / "proc" / str(process.pid)
        place.mkdir(parents=True)
        (place / "exe").symlink_to(self.root / "opt" / NAME / NAME)
        (place / "cmdline").write_bytes(b"\0".join(each.encode() for each in (NAME, *words, "")))
        (place / "cgroup").write_text(f"0::/user.slice/{unit}\n", encoding="utf-8")


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Return a system in which the package is installed, and two people have data."""
    found = System(tmp_path)
    for name, text in STAND_INS.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text, encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    for folder in ("etc", "run", f"opt/{NAME}"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "opt" / NAME / NAME).touch()
    people = {"root": UID, "person": PERSON, "colleague": COLLEAGUE}
    lines = [f"{name}:x:{uid}:{GID}::/home/{name}:/bin/sh" for name, uid in people.items()]
    lines.append("nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin")
    (tmp_path / "etc/passwd").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("person", "colleague"):
        for each in OURS:
            (found.home(name) / each / NAME / "deeper").mkdir(parents=True)
            (found.home(name) / each / "another-program").mkdir()
    return found


def uninstall(system: System) -> None:
    """Take the package's files away, as dpkg does between prerm and postrm."""
    shutil.rmtree(system.root / "opt" / NAME)


def test_removal_keeps_what_people_made(system: System):
    """`apt remove` deletes nothing in any home, and says so."""
    uninstall(system)
    assert "remain" in system.run("postrm", "remove", SUDO_UID=str(PERSON))
    assert len(system.data("person")) == len(system.data("colleague")) == 4


@pytest.mark.parametrize("variable", ["SUDO_UID", "PKEXEC_UID"])
def test_a_purge_deletes_the_data_of_whoever_purges(system: System, variable: str):
    """`sudo apt purge` deletes the own four folders and nothing beside them."""
    uninstall(system)
    said = system.run("postrm", "purge", **{variable: str(PERSON)})
    assert system.data("person") == []
    assert all((system.home("person") / each / "another-program").is_dir() for each in OURS)
    assert said.count("deleted") == 4
    rights = f"setpriv --reuid={PERSON} --regid={GID} --init-groups rm -rf --one-file-system -- "
    assert all(call.startswith(rights) for call in system.calls)


def test_a_purge_leaves_the_data_of_others_and_says_whose(system: System):
    """Another user's data stay, and whoever purges is told where they lie."""
    uninstall(system)
    said = system.run("postrm", "purge", SUDO_UID=str(PERSON))
    folders = system.data("colleague")
    assert len(folders) == 4
    assert [f"{each} remains, which belongs to colleague" in said for each in folders] == [True] * 4


def test_root_deletes_its_own_data_only(system: System):
    """Whoever purges as root itself deletes what root has."""
    uninstall(system)
    (system.home("root") / ".cache" / NAME).mkdir(parents=True)
    system.run("postrm", "purge")
    assert system.data("root") == []
    assert len(system.data("person")) == len(system.data("colleague")) == 4


def test_a_purge_follows_no_link(system: System):
    """A folder that is a link stays as it is, with what it leads to."""
    uninstall(system)
    elsewhere = system.root / "elsewhere"
    shutil.move(system.home("person") / ".cache" / NAME, elsewhere)
    (system.home("person") / ".cache" / NAME).symlink_to(elsewhere)
    assert "is a link" in system.run("postrm", "purge", SUDO_UID=str(PERSON))
    assert (elsewhere / "deeper").is_dir()
    assert system.data("person") == [system.home("person") / ".cache" / NAME]


def test_a_purge_ends_the_unit_that_was_enabled(system: System):
    """No link remains to a unit that is gone."""
    uninstall(system)
    wants = system.home("person") / ".config/systemd/user/default.target.wants"
    wants.mkdir(parents=True)
    (wants / f"{NAME}.service").symlink_to(f"/usr/lib/systemd/user/{NAME}.service")
    (wants / "another.service").symlink_to("/usr/lib/systemd/user/another.service")
    system.run("postrm", "purge", SUDO_UID=str(PERSON))
    assert [each.name for each in wants.iterdir()] == ["another.service"]


def test_a_purge_beside_another_variant_keeps_the_data(system: System):
    """Who changed to the lite package and purges the other one loses nothing."""
    assert "all data remain" in system.run("postrm", "purge", SUDO_UID=str(PERSON))
    assert len(system.data("person")) == 4


@pytest.mark.parametrize("uid", ["9999", "65534"])
def test_a_purge_by_somebody_without_a_home_fails_nothing(system: System, uid: str):
    """Unknown users, and those without a home, have nothing to delete."""
    uninstall(system)
    said = system.run("postrm", "purge", SUDO_UID=uid)
    assert "deleted" not in said
    assert len(system.data("person")) == 4


@pytest.mark.parametrize("word", ["upgrade", "failed-upgrade", "abort-install", "disappear"])
def test_an_upgrade_deletes_nothing(system: System, word: str):
    """Only the word `purge` deletes."""
    assert system.run("postrm", word, SUDO_UID=str(PERSON)) == ""
    assert len(system.data("person")) == 4


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that ends when it is asked to, and leaves nothing behind."""
    found = subprocess.Popen(["sleep", "600"])
    waits = threading.Thread(target=found.wait)
    waits.start()
    yield found
    found.kill()
    waits.join()


@pytest.mark.parametrize("words", [(), ("serve", "--port", "0")])
@pytest.mark.parametrize("word", ["upgrade", "remove"])
def test_what_is_open_is_asked_to_end(
    system: System, process: subprocess.Popen[bytes], words: tuple[str, ...], word: str
):
    """Before files go, the window and `serve` get SIGTERM, and their end is waited for."""
    system.runs(process, *words)
    assert f"closing what is open (process {process.pid})" in system.run("prerm", word)
    assert process.wait(30) == -15


@pytest.mark.parametrize("words", [("gpu", "run", "--", "train"), ("transcribe", "film.mp4")])
def test_work_in_hand_is_left_alone(
    system: System, process: subprocess.Popen[bytes], words: tuple[str, ...]
):
    """A command with somebody's work in it is named, and not ended."""
    system.runs(process, *words)
    said = system.run("prerm", "upgrade")
    assert process.poll() is None
    assert f"process {process.pid} still runs" in said


def test_others_of_the_same_name_are_left_alone(system: System, process: subprocess.Popen[bytes]):
    """A program of this name elsewhere, as in a container, is not this package's."""
    system.runs(process)
    exe = system.root / "proc" / str(process.pid) / "exe"
    exe.unlink()
    (system.root / NAME).touch()
    exe.symlink_to(system.root / NAME)
    said = system.run("prerm", "remove")
    assert (process.poll(), said) == (None, "")


@pytest.mark.parametrize(
    "words", [("upgrade", "0.2.0"), ("remove", "in-favour", f"{NAME}-lite", "0.2.0")]
)
def test_a_service_goes_on_after_an_upgrade(
    system: System, process: subprocess.Popen[bytes], words: tuple[str, ...]
):
    """`serve` that ran as a user's service is started again by what comes after, once."""
    system.runs(process, "serve", unit=f"user@{UID}.service/app.slice/{NAME}.service")
    system.run("prerm", *words)
    assert process.wait(30) == -15
    assert system.run("postinst", "configure", "0.1.0") == ""
    assert system.run("postinst", "configure", "0.1.0") == ""
    user = f"systemctl --user --machine={UID}@.host"
    assert system.calls == [f"{user} daemon-reload", f"{user} start {NAME}.service"]


def test_a_service_that_cannot_be_started_is_told(system: System):
    """Where systemd does not go along, the words to type are said, and nothing fails."""
    (system.root / "run" / f"{NAME}.ended").write_text("1000\n", encoding="utf-8")
    said = system.run("postinst", "configure", "0.1.0", SYSTEMCTL="1")
    assert f"user 1000: systemctl --user start {NAME}.service" in said


def test_a_first_installation_does_nothing(system: System):
    """Where nothing ran before, nothing is started."""
    assert system.run("postinst", "configure", "") == ""
    assert system.calls == []


def test_nothing_runs_where_there_are_no_processes_to_see(system: System):
    """In a tree without /proc, as debootstrap makes it, removal goes through."""
    assert system.run("prerm", "remove") == ""


def test_the_control_file_has_no_other_blanks():
    """Each field stands once, and the blanks are those that packaging/linux.sh fills in."""
    text = (FILES / "control.in").read_text(encoding="utf-8")
    fields = re.findall(r"^([A-Z][\w-]*):", text, re.MULTILINE)
    assert len(fields) == len(set(fields))
    assert set(re.findall(r"@(\w+)@", text)) == {
        *("PACKAGE", "VERSION", "ARCHITECTURE", "MAINTAINER", "INSTALLED_KIB", "GLIBC"),
        *("LIBSTDCXX", "VARIANT"),
    }
    # By their names, so that also dpkg alone changes from one variant to the other.
    variants = f"{NAME}, {NAME}-lite"
    assert f"\nConflicts: {variants}\nReplaces: {variants}\n" in text
    depends = re.search(r"^Depends: (.*)$", text, re.MULTILINE)
    assert depends is not None
    assert "libasound2t64 | libasound2" in depends[1].split(", ")
