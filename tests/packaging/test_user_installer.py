"""The file that installs the application for one user, made of a tiny application."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "universal-ai-tools"
PROGRAM = '#!/bin/sh\necho "universal-ai-tools VERSION $*"\n'
OLD = "#!/bin/sh\necho glibc 2.31\n"
MAKE = Callable[[str], Path]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not all(map(shutil.which, ("dpkg", "xz", "tar"))),
    reason="the packages of Linux are made on Debian and its like",
)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> MAKE:
    """Return what makes the installer of a version of an application that tells its version."""
    made: dict[str, Path] = {}

    def one(version: str) -> Path:
        if version not in made:
            made[version] = packed(tmp_path_factory.mktemp("packed"), version)
        return made[version]

    return one


def packed(folder: Path, version: str) -> Path:
    """Return the installer of `version`, made in `folder`."""
    frozen = folder / NAME
    (frozen / "_internal" / "resources").mkdir(parents=True)
    (frozen / NAME).write_text(PROGRAM.replace("VERSION", version))
    (frozen / NAME).chmod(0o755)
    build = f'version = "{version}"\nbuilt_utc = "2026-01-31T12:00:00Z"\n'
    (frozen / "_internal" / "resources" / "build.toml").write_text(build)
    # A path that is relative to the checkout, as packaging/package.sh gives it.
    relative = os.path.relpath(frozen, ROOT)
    subprocess.run(
        [ROOT / "packaging" / "linux" / "package.sh", relative, "lite", str(folder / "made")],
        check=True,
        capture_output=True,
        env={**os.environ, "KINDS": "run", "PYTHON": sys.executable},
    )
    return folder / "made.run"


def run(
    file: Path, home: Path, *words: str, path: str = "", prefix: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Return what a script says to somebody who lives, and is, at `home`."""
    home.mkdir(exist_ok=True)
    variables = {"HOME": str(home), "PATH": f"{path}:/usr/bin:/bin".lstrip(":")}
    if prefix is not None:
        variables["PREFIX"] = prefix
    return subprocess.run(
        ["sh", str(file), *words],
        capture_output=True,
        text=True,
        env=variables,
        timeout=60,
        cwd=home,
    )


def told(home: Path, *words: str) -> str:
    """Return what the command on that person's PATH prints."""
    command = [home / ".local" / "bin" / NAME, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_it_installs_for_one_user(make: MAKE, tmp_path: Path):
    """Command, menu and user unit are in the user's own folders and name the command in full."""
    home = tmp_path / "home"
    done = run(make("1.0"), home)
    assert done.returncode == 0, done.stderr
    assert told(home, "doctor") == f"{NAME} 1.0 doctor"
    command = home / ".local" / "bin" / NAME
    share = home / ".local" / "share"
    entry = (share / "applications" / f"{NAME}.desktop").read_text()
    assert f"\nExec={command}\n" in entry
    assert f"\nTryExec={command}\n" in entry
    assert f"={command} serve" in (share / "systemd" / "user" / f"{NAME}.service").read_text()
    assert (share / "icons" / "hicolor" / "scalable" / "apps" / f"{NAME}.svg").exists()
    assert "is not on the PATH yet" in done.stdout


def test_two_versions_lie_side_by_side(make: MAKE, tmp_path: Path):
    """The later one is in use; taken away it leaves the earlier one, which can be used again."""
    home = tmp_path / "home"
    for version in ("1.0", "1.1"):
        assert run(make(version), home).returncode == 0
    assert told(home) == f"{NAME} 1.1"
    settings = home / ".config" / NAME / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("")
    versions = home / ".local" / "opt"
    gone = run(versions / f"{NAME}-1.1" / "install.sh", home, "--uninstall")
    assert gone.returncode == 0, gone.stderr
    earlier = versions / f"{NAME}-1.0" / "install.sh"
    assert str(earlier) in gone.stdout
    assert run(earlier, home).returncode == 0
    assert told(home) == f"{NAME} 1.0"
    assert run(earlier, home, "--uninstall").returncode == 0
    left = [path for path in (home / ".local").rglob("*") if path.is_file() or path.is_symlink()]
    assert left == []
    assert settings.exists()


def test_the_earlier_one_leaves_the_later_alone(make: MAKE, tmp_path: Path):
    """Taking away a version that is not in use changes neither command nor menu."""
    home = tmp_path / "home"
    for version in ("1.0", "1.1"):
        run(make(version), home)
    earlier = home / ".local" / "opt" / f"{NAME}-1.0" / "install.sh"
    assert run(earlier, home, "--uninstall").returncode == 0
    assert told(home) == f"{NAME} 1.1"
    assert (home / ".local" / "share" / "applications" / f"{NAME}.desktop").exists()


@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_a_broken_download_is_told(harm: str, make: MAKE, tmp_path: Path):
    """A file that is not whole installs nothing."""
    data = bytearray(make("1.0").read_bytes())
    if harm == "cut":
        del data[-100:]
    else:
        data[-100] ^= 1
    broken = tmp_path / "broken.run"
    broken.write_bytes(data)
    for words in ((), ("--check",)):
        done = run(broken, tmp_path / "home", *words)
        assert done.returncode == 1
        assert "download it again" in done.stderr
    assert not (tmp_path / "home" / ".local").exists()


def test_a_whole_file_is_told(make: MAKE, tmp_path: Path):
    """`--check` says that nothing is broken, and `--unpack` gives what starts where it lies."""
    home = tmp_path / "home"
    assert "is whole" in run(make("1.0"), home, "--check").stdout
    unpacked = tmp_path / "un packed"
    assert run(make("1.0"), home, "--unpack", str(unpacked)).returncode == 0
    started = run(unpacked / f"{NAME}-1.0" / NAME, home, "--version")
    assert started.stdout == f"{NAME} 1.0 --version\n"


def test_an_old_system_is_told(make: MAKE, tmp_path: Path):
    """Where the C library is too old, both versions are named, before anything is unpacked."""
    run(make("1.0"), home := tmp_path / "home")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "getconf").write_text(OLD)
    (bin_folder / "getconf").chmod(0o755)
    launcher = home / ".local" / "bin" / NAME
    for file in (make("1.0"), launcher):
        done = run(file, tmp_path / "other", path=str(bin_folder))
        assert done.returncode == 1
        assert "glibc 2.31; glibc 2.34 or newer is needed" in done.stderr
    assert not (tmp_path / "other" / ".local").exists()


def test_a_place_that_cannot_be_written_is_told(make: MAKE, tmp_path: Path):
    """Where nothing can be put, that is said and nothing stays behind."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".local").write_text("a file, and no folder")
    done = run(make("1.0"), home)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


def test_a_home_with_a_space_is_quoted(make: MAKE, tmp_path: Path):
    """Menu and systemd take the command for one word, wherever somebody lives."""
    home = tmp_path / "Jö rg"
    assert run(make("1.0"), home).returncode == 0
    command = home / ".local" / "bin" / NAME
    share = home / ".local" / "share"
    entry = (share / "applications" / f"{NAME}.desktop").read_text()
    assert f'\nExec="{command}"\n' in entry
    assert f"\nTryExec={command}\n" in entry
    unit = (share / "systemd" / "user" / f"{NAME}.service").read_text()
    assert f'\nExecStart="{command}" serve\n' in unit
    assert told(home) == f"{NAME} 1.0"


def test_a_place_with_a_sign_of_menus_is_told(make: MAKE, tmp_path: Path):
    """What would need other signs in menu and unit is refused, before anything is written."""
    done = run(make("1.0"), tmp_path / "R&D")
    assert done.returncode == 1
    assert "set PREFIX to another folder" in done.stderr
    assert not (tmp_path / "R&D" / ".local").exists()


def test_another_place_is_remembered(make: MAKE, tmp_path: Path):
    """A relative PREFIX works from anywhere; taking it away needs none, and takes no other."""
    home = tmp_path / "home"
    assert run(make("1.0"), home).returncode == 0
    assert run(make("1.0"), home, prefix="else where").returncode == 0
    place = home / "else where"
    command = [place / "bin" / NAME]
    assert subprocess.run(command, capture_output=True, check=True, cwd="/").stdout
    installer = place / "opt" / f"{NAME}-1.0" / "install.sh"
    assert run(installer, home, "--uninstall").returncode == 0
    assert [path for path in place.rglob("*") if not path.is_dir()] == []
    assert told(home) == f"{NAME} 1.0"


def test_a_folder_that_was_renamed_takes_no_other_place(make: MAKE, tmp_path: Path):
    """What was unpacked is installed by its version, and replaces nothing that has its name."""
    home = tmp_path / "home"
    other = home / ".local" / "opt" / "editor" / "file"
    other.parent.mkdir(parents=True)
    other.touch()
    assert run(make("1.0"), home, "--unpack", str(tmp_path)).returncode == 0
    renamed = (tmp_path / f"{NAME}-1.0").rename(tmp_path / "editor")
    assert run(renamed / "install.sh", home).returncode == 0
    assert other.exists()
    assert (home / ".local" / "opt" / f"{NAME}-1.0").is_dir()


def test_what_runs_is_not_taken_away(make: MAKE, tmp_path: Path):
    """What runs stays, and its process is named; taken away, it is no enabled service any more."""
    home = tmp_path / "home"
    run(make("1.0"), home)
    place = home / ".local" / "opt" / f"{NAME}-1.0"
    unit = home / ".local" / "share" / "systemd" / "user" / f"{NAME}.service"
    enabled = home / ".config" / "systemd" / "user" / "default.target.wants" / unit.name
    enabled.parent.mkdir(parents=True)
    enabled.symlink_to(unit)
    program = place / "application" / NAME
    shutil.copy(str(shutil.which("sleep")), program)
    with subprocess.Popen([program, "600"]) as process:
        try:
            refused = run(place / "install.sh", home, "--uninstall")
        finally:
            process.kill()
    assert refused.returncode == 1
    assert f"it still runs (process {process.pid})" in refused.stderr
    assert run(place / "install.sh", home, "--uninstall").returncode == 0
    assert not place.exists()
    assert not enabled.is_symlink()
