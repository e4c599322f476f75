from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.build import Build, this_build

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PACKAGED = """\
version = "0.1.0"
commit = "abc1234"
built_utc = "2026-11-23T18:40:00Z"
variant = "standard"
updates_url = "https://example.org/newest.json"
"""
PROJECT = '[project]\nname = "universal-ai-tools"\nversion = "0.3.0"\n'


@pytest.fixture
def resources(tmp_path):
    """Return a folder of resources beside which anything may lie."""
    folder = tmp_path / "resources"
    folder.mkdir()
    return folder


def checkout(root, head, **files):
    """Make a checkout whose HEAD says `head`; `files` lie in its .git."""
    (root / "pyproject.toml").write_text(PROJECT)
    git = root / ".git"
    git.mkdir()
    (git / "HEAD").write_text(head)
    for name, text in files.items():
        path = git / name.replace("__", "/").replace("_", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_packaged_application_says_how_it_was_made(resources):
    """Version, commit, date, variant and the address for updates are those of `build.toml`."""
    (resources / "build.toml").write_text(PACKAGED)
    found = this_build(resources)
    assert found == Build(
        version="0.1.0",
        commit="abc1234",
        built_utc=datetime(2026, 11, 23, 18, 40, tzinfo=UTC),
        variant="standard",
        updates_url="https://example.org/newest.json",
    )
    assert found.sentence == (
        "universal-ai-tools 0.1.0 (standard, commit abc1234, built 2026-11-23)"
    )
    assert found.plain == {
        "version": "0.1.0",
        "commit": "abc1234",
        "built_utc": "2026-11-23T18:40:00Z",
        "variant": "standard",
    }


@pytest.mark.parametrize(
    ("told", "commit"),
    [
        ("0123456789", "0123456"),
        ("0123456789-dirty", "0123456-dirty"),
        ("0123456-clean", None),
        ("newest", None),
        ("", None),
    ],
)
def test_a_commit_is_short_and_says_when_it_is_not_all(resources, told, commit):
    """Seven letters, and a word where files had been changed before it was packaged."""
    (resources / "build.toml").write_text(f'commit = "{told}"')
    assert this_build(resources).commit == commit


def test_a_date_that_toml_knows_is_a_date(resources):
    """Whoever writes the moment without quotes, or in another zone, means the same moment."""
    (resources / "build.toml").write_text("built_utc = 2026-11-23T19:40:00+01:00")
    assert this_build(resources).built_utc == datetime(2026, 11, 23, 18, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "files"),
    [
        (f"{COMMIT}\n", {}),
        ("ref: refs/heads/main\n", {"refs__heads__main": f"{COMMIT}\n"}),
        ("ref: refs/heads/main\n", {"packed_refs": f"# pack\n{COMMIT} refs/heads/main\n"}),
    ],
)
def test_a_checkout_tells_its_commit_without_git(resources, head, files):
    """A commit by itself, a branch and a branch that git has packed away are all found."""
    checkout(resources.parent, head, **files)
    found = this_build(resources)
    assert found == Build("0.3.0", COMMIT[:7], is_checkout=True)
    assert found.sentence == "universal-ai-tools 0.3.0 (from source, commit 0123456)"


def test_a_further_working_tree_tells_its_own_commit(resources):
    """There `.git` is a file that names a folder, and branches lie in the folder of the first."""
    root = resources.parent
    (root / "pyproject.toml").write_text(PROJECT)
    own = root / "main" / "worktrees" / "second"
    own.mkdir(parents=True)
    (root / ".git").write_text(f"gitdir: {own}\n")
    (own / "HEAD").write_text("ref: refs/heads/other\n")
    (own / "commondir").write_text("../..\n")
    (root / "main" / "packed-refs").write_text(f"{COMMIT} refs/heads/other\n")
    assert this_build(resources).commit == COMMIT[:7]


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/gone", "ref: refs/../../secret", "ref: /etc/passwd", "no commit"]
)
def test_a_checkout_without_a_commit_has_none(resources, head):
    """A branch without a commit, and what is none, leave the rest as it is."""
    checkout(resources.parent, head)
    (resources.parent / "secret").write_text(COMMIT)
    found = this_build(resources)
    assert found == Build("0.3.0", is_checkout=True)
    assert found.sentence == "universal-ai-tools 0.3.0 (from source)"


def test_the_program_that_is_tested_knows_its_version():
    """This checkout, or wherever the tests run, has the version of its project."""
    assert this_build().version


@given(st.binary(max_size=200))
def test_whatever_the_file_holds_nothing_is_raised(tmp_path_factory, content):
    """A damaged `build.toml` leaves a build of which less is known."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "build.toml").write_bytes(content)
    assert this_build(folder).sentence.startswith("universal-ai-tools ")


VALUES = st.one_of(
    st.integers(), st.text(max_size=20), st.booleans(), st.floats(), st.lists(st.integers())
)


@given(st.dictionaries(st.sampled_from(["version", "commit", "built_utc", "variant"]), VALUES))
def test_values_of_any_kind_become_text_or_nothing(tmp_path_factory, values):
    """What is shown is one printable line, whatever the file says."""
    import tomlkit

    folder = tmp_path_factory.mktemp("strange")
    (folder / "build.toml").write_text(tomlkit.dumps(values), encoding="utf-8")
    assert this_build(folder).sentence.isprintable()


def test_a_folder_in_the_place_of_the_file_is_no_build(resources):
    """Nor is one that cannot be read: the installed version counts then."""
    (resources / "build.toml").mkdir()
    assert this_build(resources).variant is None


def test_asking_loads_nothing_slow():
    """The command line may import this: neither metadata nor Qt comes with it."""
    program = (
        "import sys, engine.build; engine.build.this_build(); "
        "print(*sorted({'importlib.metadata', 'asyncio', 'numpy', 'PySide6'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []
