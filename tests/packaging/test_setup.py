"""packaging/setup.sh among stand-ins for the programs that it calls."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.coordinator.embedded_model import ENTRY as LANGUAGE
from engine.voice.catalogue import CATALOGUE

SPEECH = [entry for entry in CATALOGUE if entry.name == "base"]
ROOT = Path(__file__).resolve().parents[2]
SYSTEM = (
    "bash",
    "cat",
    "chmod",
    "cksum",
    "dirname",
    "env",
    "grep",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "sort",
    "tr",
)

PYTHON = """#!/bin/bash
echo "python $*" >>"$CALLS"
case "$*" in
"-c import ensurepip") exit "${NO_ENSUREPIP:-0}" ;;
"-m venv --clear .venv") mkdir -p .venv/bin .venv/lib && cp "$0" .venv/bin/python ;;
"-m pip install "*) exit "${PIP_STATUS:-0}" ;;
"-m app models fetch "*)
    [[ -z ${NO_NETWORK:-} ]] || exit 1
    [[ $5 != "${NO_MODEL:-}" ]] || exit 1
    mkdir -p "resources/models/$5"
    touch "resources/models/$5/model.bin" "resources/models/$5/SmolLM2-135M-Instruct.Q4_1.gguf" ;;
"-c import sysconfig"*) echo .venv/lib ;;
"-c import sys; print"*) echo 3.11 ;;
"-c import PySide6"*) echo .venv/lib/PySide6 ;;
-) cat >/dev/null; exit "${UNUSABLE:-0}" ;;
esac
"""

TEST_TOOLS = ("Xvfb", "xdotool", "openbox", "import", "xwd", "pulseaudio", "pactl", "espeak-ng")

STAND_INS = {
    "python3": PYTHON,
    "uname": "#!/bin/bash\necho Linux\n",
    "id": "#!/bin/bash\necho ${USER_ID:-0}\n",
    "dpkg-query": '#!/bin/bash\necho "dpkg-query" >>"$CALLS"\ncat "$INSTALLED"\n',
    "apt-get": '#!/bin/bash\necho "apt-get $*" >>"$CALLS"\n'
    '[[ $1 != install ]] || for name in "${@:5}"; do echo "installed $name" >>"$INSTALLED"; done\n',
    "npm": '#!/bin/bash\necho "npm $*" >>"$CALLS"\nmkdir -p node_modules\n',
    **dict.fromkeys((*TEST_TOOLS, "node", "chromium"), "#!/bin/bash\n"),
}


@dataclass
class Machine:
    """A checkout on a machine on which nothing real is called."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def set_up(self, level: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run the set-up and return how it went."""
        return subprocess.run(
            ["bash", "packaging/setup.sh", level],
            cwd=self.home,
            env=self.environment | changed,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def calls(self, start: str) -> list[str]:
        """Return the calls so far that begin with `start`."""
        lines = Path(self.environment["CALLS"]).read_text().splitlines()
        return [line for line in lines if line.startswith(start)]

    def forget_calls(self) -> None:
        """Begin a new list of calls."""
        Path(self.environment["CALLS"]).write_text("")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    programs, home = tmp_path / "bin", tmp_path / "a checkout"
    programs.mkdir()
    for name in SYSTEM:
        (programs / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    (programs / "cp").symlink_to(shutil.which("cp") or "/bin/cp")
    (programs / "touch").symlink_to(shutil.which("touch") or "/bin/touch")
    for name, text in STAND_INS.items():
        path = programs / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (home / "packaging").mkdir(parents=True)
    for name in ("setup.sh", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / "packaging" / name, home / "packaging")
    shutil.copy(ROOT / "pyproject.toml", home)
    (home / "tests/clients").mkdir(parents=True)
    shutil.copy(ROOT / "tests/clients/package-lock.json", home / "tests/clients")
    for name in ("calls", "installed"):
        (tmp_path / name).touch()
    environment = {
        "PATH": str(programs),
        "CALLS": str(tmp_path / "calls"),
        "INSTALLED": str(tmp_path / "installed"),
    }
    return Machine(home, environment)


def test_bare_machine_becomes_ready(machine: Machine):
    """On a machine with only Python, one call makes everything and the start script exists."""
    result = machine.set_up("run")
    assert result.returncode == 0, result.stderr
    assert "--require-hashes" in machine.calls("python -m pip install")[0]
    assert "libportaudio2" in machine.calls("apt-get install")[0]
    for model in ("base", "smollm2-135m-instruct"):
        fetch = f"python -m app models fetch {model} --into resources/models"
        assert len(machine.calls(fetch)) == 1
    assert os.access(machine.home / ".venv/bin/universal-ai-tools", os.X_OK)
    assert (machine.home / ".venv/lib/universal_ai_tools.pth").read_text() == f"{machine.home}\n"


@pytest.mark.parametrize("level", ["run", "check", "test"])
def test_second_time_nothing_is_called(machine: Machine, level: str):
    """When all is done already, the set-up says nothing and starts no program of weight."""
    assert machine.set_up(level).returncode == 0
    machine.forget_calls()
    again = machine.set_up(level)
    assert (again.returncode, again.stderr, machine.calls("")) == (0, "", [])


def test_clients_for_node_are_installed_as_locked(machine: Machine):
    """Only the tests need them; another lock file installs them anew."""
    machine.set_up("run")
    assert machine.calls("npm") == []
    machine.set_up("test")
    assert len(machine.calls("npm ci --ignore-scripts")) == 1
    (machine.home / "tests/clients/package-lock.json").write_text("{}")
    machine.set_up("test")
    assert len(machine.calls("npm ci")) == 2


@pytest.mark.parametrize("missing", ["node", "npm", "chromium"])
def test_missing_programs_are_asked_of_the_system(machine: Machine, missing: str):
    """What is not on the PATH is installed by itself, and what is there is left alone."""
    (Path(machine.environment["PATH"]) / missing).unlink()
    assert machine.set_up("test").returncode == 0
    packages = {"node": "nodejs", "npm": "npm", "chromium": "chromium"}
    alone = [call for call in machine.calls("apt-get install") if "xvfb" not in call]
    assert [call.split()[-1] for call in alone] == [packages[missing]]


def test_ready_for_tests_is_ready_to_run(machine: Machine):
    """After the larger set-up, the smaller one installs no libraries and no packages."""
    machine.set_up("test")
    machine.forget_calls()
    assert machine.set_up("run").returncode == 0
    assert machine.calls("python -m pip install") == machine.calls("apt-get") == []


def test_new_lock_is_installed(machine: Machine):
    """A lock file that changed is installed again; the rest stays."""
    machine.set_up("run")
    machine.forget_calls()
    with (machine.home / "packaging/requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert machine.set_up("run").returncode == 0
    assert len(machine.calls("python -m pip install")) == 1
    assert machine.calls("apt-get") == machine.calls("python -m app") == []


def test_interrupted_installation_goes_on(machine: Machine):
    """An installation that broke off is taken up again, in the same environment."""
    assert machine.set_up("run", PIP_STATUS="1").returncode != 0
    machine.forget_calls()
    assert machine.set_up("run").returncode == 0
    assert machine.calls("python -m venv") == []
    assert len(machine.calls("python -m pip install")) == 1


def test_only_missing_packages_are_installed(machine: Machine):
    """What is there already, also under its newer name, is not asked for again."""
    names = [
        "libegl1", "libgl1", "libxkbcommon0", "libdbus-1-3", "libfontconfig1", "libfreetype6",
        "libglib2.0-0t64", "fonts-dejavu-core", "libportaudio2",
    ]  # fmt: skip
    lines = [f"installed {name}" for name in names] + ["config-files libasound2-plugins"]
    Path(machine.environment["INSTALLED"]).write_text("\n".join(lines) + "\n")
    machine.set_up("run")
    asked = machine.calls("apt-get install")[0].split()
    assert set(names) & set(asked) == set()
    assert "libglib2.0-0" not in asked
    assert {"libasound2-plugins", "libxcb-cursor0"} <= set(asked)


def test_without_root_the_command_is_printed(machine: Machine):
    """Who may not install is told the exact command, once, and goes on where it works anyway."""
    first = machine.set_up("run", USER_ID="1000")
    assert first.returncode == 0
    assert "as root, type: apt-get install -y --no-install-recommends libegl1" in first.stderr
    assert machine.calls("apt-get") == []
    assert machine.set_up("run", USER_ID="1000").stderr == ""


def test_without_root_and_unusable_it_stops(machine: Machine):
    """Where a library is really missing, the set-up stops after the command, every time."""
    for _ in range(2):
        result = machine.set_up("run", USER_ID="1000", UNUSABLE="1")
        assert result.returncode == 1
        assert "type: apt-get install" in result.stderr
        assert "a system library is missing" in result.stderr


def test_python_without_venv_is_completed(machine: Machine):
    """Debian's Python without ensurepip gets its package, where root allows."""
    machine.set_up("check", NO_ENSUREPIP="1")
    assert machine.calls("apt-get install")[0].endswith(" python3.11-venv")


def test_python_without_venv_and_root_stops(machine: Machine):
    """Without root, the command that completes Python is printed."""
    result = machine.set_up("check", NO_ENSUREPIP="1", USER_ID="1000")
    assert result.returncode == 1
    assert "sudo apt-get install python3.11-venv" in result.stderr


def test_running_needs_no_model_yet(machine: Machine):
    """Without a network the window still opens, and the model is tried again next time."""
    result = machine.set_up("run", NO_NETWORK="1")
    assert result.returncode == 0
    assert "goes on where this one stopped" in result.stderr
    assert machine.set_up("run").returncode == 0
    assert (machine.home / "resources/models/base/model.bin").exists()


def test_the_set_up_fetches_what_the_engines_look_for(machine: Machine):
    """The files by which the set-up knows that a model is there are those of the catalogues."""
    machine.set_up("run")
    for entry, file in ((SPEECH[0], "model.bin"), (LANGUAGE, LANGUAGE.files[0].name)):
        assert file in {each.name for each in entry.files}
        assert (machine.home / "resources/models" / entry.name / file).exists()
    machine.forget_calls()
    machine.set_up("run")
    assert machine.calls("python -m app models fetch") == []


@pytest.mark.parametrize(
    ("model", "what"), [("base", "speech"), ("smollm2-135m-instruct", "language")]
)
def test_testing_needs_the_models(machine: Machine, model: str, what: str):
    """The tests are not begun without the speech model, nor without the language model."""
    result = machine.set_up("test", NO_MODEL=model)
    assert result.returncode == 1
    assert f"the tests need the {what} model" in result.stderr


def test_moved_checkout_finds_itself(machine: Machine, tmp_path: Path):
    """After the folder was moved, the start script leads to the new place."""
    machine.set_up("run")
    moved = Machine(machine.home.rename(tmp_path / "elsewhere"), machine.environment)
    assert moved.set_up("run").returncode == 0
    assert str(moved.home) in (moved.home / ".venv/bin/universal-ai-tools").read_text()


def test_unknown_level_is_explained(machine: Machine):
    """A wrong word gets the usage."""
    result = machine.set_up("fly")
    assert (result.returncode, machine.calls("")) == (1, [])
    assert "run|check|test" in result.stderr
