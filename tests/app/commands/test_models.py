"""`models` lists, fetches, checks and removes speech models."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import pytest

from app.commands import models
from engine.model_store.adapters.simulated_model_source import SimulatedModelSource
from engine.model_store.ports import ModelEntry, ModelFile
from engine.model_store.store import ModelStore

CONTENT = b"weights" * 400_000
MINI = ModelEntry(
    name="mini",
    label="Mini: for tests",
    languages="English",
    hub_repository="",
    hub_revision="",
    files=(ModelFile("model.bin", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)),),
    quantised=ModelFile("model.bin", hashlib.sha256(b"small").hexdigest(), len(b"small")),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models of this test alone, from a simulated source."""
    monkeypatch.setenv("UNIVERSAL_AI_TOOLS_HOME", str(tmp_path))

    def small_store(*, into: Path | None = None) -> ModelStore:
        own = into or tmp_path / "data" / "models"
        source = SimulatedModelSource({"mini": {"model.bin": CONTENT}})
        return ModelStore(shipped=None, own=own, sources=(source,), entries=(MINI,))

    monkeypatch.setattr(models, "store_of_user", small_store)
    return tmp_path


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    models.add_arguments(parser)
    return models.run(parser.parse_args(words))


def test_list_shows_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    """The list has a line for each model and says which are here."""
    assert run("list") == 0
    assert "here" not in capsys.readouterr().out
    run("fetch", "mini")
    capsys.readouterr()
    run("list")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[0] == "mini"
    assert " here " in line


def test_list_tells_the_size_of_what_is_here(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model in its smaller form is here, with the room that it takes; `verify` finds it whole."""
    run("list")
    assert capsys.readouterr().out.split()[1] == "2"
    folder = home / "data" / "models" / "mini"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"small")
    assert run("list") == run("verify") == 0
    listed, verified = capsys.readouterr().out.splitlines()
    assert (listed.split()[1], " here " in listed) == ("0", True)
    assert verified == f"mini: whole, in {folder}"


def test_fetch_prints_the_folder(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder goes to stdout for scripts, progress to stderr."""
    assert run("fetch", "mini") == 0
    printed = capsys.readouterr()
    assert printed.out == f"{home / 'data' / 'models' / 'mini'}\n"
    assert printed.err.splitlines()[-1] == "mini: 100%"
    assert (home / "data" / "models" / "mini" / "model.bin").read_bytes() == CONTENT


def test_fetch_into_a_folder(home: Path) -> None:
    """Set-up puts the model where it says, and a second run changes nothing."""
    assert run("fetch", "mini", "--into", str(home / "there")) == 0
    before = (home / "there" / "mini" / "model.bin").stat().st_mtime_ns
    assert run("fetch", "mini", "--into", str(home / "there")) == 0
    assert (home / "there" / "mini" / "model.bin").stat().st_mtime_ns == before


def test_verify_reads_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`verify` passes a whole model and fails a damaged one, with the remedy."""
    run("fetch", "mini")
    assert run("verify") == 0
    assert "mini: whole" in capsys.readouterr().out
    (home / "data" / "models" / "mini" / "model.bin").write_bytes(b"x" * len(CONTENT))
    assert run("verify", "mini") == 1
    assert "models fetch mini" in capsys.readouterr().err


def test_verify_without_models_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is here, the command that fetches the default is named."""
    assert run("verify") == 0
    assert "models fetch base" in capsys.readouterr().err


def test_remove(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`remove` deletes a model, and says so when there is none."""
    run("fetch", "mini")
    assert run("remove", "mini") == 0
    assert not (home / "data" / "models" / "mini").exists()
    assert run("remove", "mini") == 1
    assert "is not here" in capsys.readouterr().err


def test_unknown_model_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name fails with the names that are known, and no traceback."""
    assert run("fetch", "maxi") == 1
    assert capsys.readouterr().err.strip() == "There is no model 'maxi'; known are mini"


def test_interrupt_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C ends a fetch with the usual exit code and says that it can go on."""

    async def interrupt(*_: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(ModelStore, "fetch", interrupt)
    assert run("fetch", "mini") == 130
    assert "goes on from here" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("fetch",), ("sell", "mini")])
def test_wrong_usage_exits_with_two(words: tuple[str, ...]) -> None:
    """Missing and unknown words are told apart from failures."""
    with pytest.raises(SystemExit) as caught:
        run(*words)
    assert caught.value.code == 2
