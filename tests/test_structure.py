"""The style guide's rules that no other tool knows."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for top in ("app", "engine") for path in (ROOT / top).rglob("*.py"))
ENGINES = sorted(path.parent for path in (ROOT / "engine").glob("*/service.py"))
LONGEST_FILE = 300
LONGEST_FUNCTION = 35
MOST_PARAMETERS = 5
GRAB_BAGS = {"common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}
HEAVY = {"PySide6", "av", "ctranslate2", "faster_whisper", "onnxruntime", "sounddevice", "httpx"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    """Return how a test shows `path`."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[Function]:
    """Return every function in the file at `path`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def body_lines(function: Function) -> int:
    """Return the lines of `function` without decorators and docstring."""
    first = function.body[0]
    is_documented = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def parameters(function: Function) -> int:
    """Return how many parameters a caller thinks about; constructors are wired by keyword."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args)]
    if function.name != "__init__":
        names += [each.arg for each in given.kwonlyargs]
    return len([each for each in names if each not in ("self", "cls")])


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_file_is_small(path: Path):
    """A source file has at most 300 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_functions_are_small(path: Path):
    """A function has at most 35 lines beside its docstring, and 5 parameters beside `self`."""
    found = functions(path)
    long = [f.name for f in found if body_lines(f) > LONGEST_FUNCTION]
    wide = [
        f.name
        for f in found
        if parameters(f) > MOST_PARAMETERS and name(path) != "engine/configuration.py"
    ]
    assert (long, wide) == ([], [])


def test_no_grab_bags():
    """No module is named for being left over."""
    assert [name(path) for path in SOURCES if path.stem in GRAB_BAGS] == []


def test_every_engine_has_the_same_four_files():
    """Whoever has read one engine finds the way in all."""
    roles = {"settings.py", "snapshot.py", "ports.py", "service.py"}
    missing = {name(engine): roles - {path.name for path in engine.iterdir()} for engine in ENGINES}
    assert ENGINES
    assert {engine: files for engine, files in missing.items() if files} == {}


def test_every_module_of_the_engines_is_tested():
    """`engine/voice/vad.py` has `tests/engine/voice/test_vad.py`; adapters share suites."""
    values = {"__init__.py", "outside.py", "ports.py", "settings.py", "snapshot.py"}
    untested = [
        name(path)
        for path in (ROOT / "engine").rglob("*.py")
        if path.name not in values
        and path.parent.name != "adapters"
        and not any((ROOT / "tests" / path.parent.relative_to(ROOT)).glob(f"test_{path.stem}*.py"))
    ]
    assert untested == []


@pytest.mark.parametrize("module", ["engine", "engine.gpu.service", "engine.voice.snapshot"])
def test_importing_an_engine_does_nothing(module: str):
    """Importing starts no thread and loads no heavy library."""
    program = (
        f"import sys, threading, {module}; "
        f"print(*sorted({HEAVY!r} & set(sys.modules)), threading.active_count())"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["1"]


def committed() -> list[Path]:
    """Return the files that are part of the project."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_registry_is_named():
    """Where packages come from is the user's choice: no file names a registry or sets one."""
    pattern = re.compile(
        "|".join(
            [
                "--(extra-)?index-" + "url",
                "--find-" + "links",
                "--trusted-" + "host",
                "pypi" + r"\.org",
                "files\\.python" + "hosted",
                "registry\\.npm" + "js",
                "^registry" + " *=",
            ]
        ),
        re.MULTILINE,
    )
    found = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [name(path)] if pattern.search(text) else []
    assert found == []


def pinned(lock: str) -> dict[str, list[str]]:
    """Return the requirements of a lock, each with its hashes."""
    pins: dict[str, list[str]] = {}
    for line in (ROOT / "packaging" / lock).read_text(encoding="utf-8").splitlines():
        text = line.rstrip(" \\")
        if text.startswith("    --hash="):
            pins[next(reversed(pins))].append(text.strip())
        elif text and not text.startswith("#"):
            pins[text] = []
    return pins


def test_everything_installed_is_pinned_by_hash():
    """Each requirement of both locks names one version and its hashes."""
    for lock in ("requirements.lock", "requirements-dev.lock"):
        for requirement, hashes in pinned(lock).items():
            assert "==" in requirement
            assert hashes


def test_every_client_for_node_is_pinned_by_hash():
    """Each package that npm installs has its hash, and no address that it must come from."""
    lock = json.loads((ROOT / "tests/clients/package-lock.json").read_text(encoding="utf-8"))
    packages = {key: each for key, each in lock["packages"].items() if key}
    assert packages
    assert [key for key, each in packages.items() if not each.get("integrity")] == []
    assert [key for key, each in packages.items() if "resolved" in each] == []


def test_tests_run_on_the_versions_that_users_get():
    """The lock for development holds the whole lock for users, version by version."""
    assert pinned("requirements.lock").keys() <= pinned("requirements-dev.lock").keys()


def test_every_dependency_is_locked_and_its_licence_named():
    """Each library of pyproject.toml stands in the lock and in the third-party notices."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[<>=~!\[]", each)[0].strip().lower() for each in project["dependencies"]}
    locked = {each.split("==")[0] for each in pinned("requirements.lock")}
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8").lower()
    assert wanted <= locked
    assert [each for each in sorted(locked) if f"| {each} |" not in notices] == []
