"""A model is whole or absent, and every byte of it is the one that was pinned."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import Damaged, Refused, SettingsError, TimedOut, Unreachable
from engine.model_store import store as stores
from engine.model_store.adapters.simulated_model_source import SimulatedModelSource
from engine.model_store.ports import ModelEntry, ModelFile
from engine.model_store.store import ModelStore

FILES = {"config.json": b"{}", "model.bin": bytes(range(256)) * 1000}
SMALLER = {**FILES, "model.bin": bytes(range(256)) * 500}
"""The same model as packages carry it."""


def entry_of(name: str, files: dict[str, bytes]) -> ModelEntry:
    return ModelEntry(
        name=name,
        label=name,
        languages="English",
        hub_repository="",
        hub_revision="",
        files=tuple(
            ModelFile(file, hashlib.sha256(content).hexdigest(), len(content))
            for file, content in files.items()
        ),
    )


def store(tmp_path: Path, *sources: SimulatedModelSource) -> ModelStore:
    small = next(file for file in entry_of("mini", SMALLER).files if file.name == "model.bin")
    mini = replace(entry_of("mini", FILES), quantised=small)
    return ModelStore(
        shipped=tmp_path / "shipped",
        own=tmp_path / "own",
        sources=sources,
        entries=(mini, entry_of("other", {"model.bin": b"other"})),
    )


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def fetch(models: ModelStore, name: str = "mini") -> Path:
    return asyncio.run(models.fetch(name, lambda share: None))


def left_over(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "own").iterdir() if path.is_dir())


def test_fetched_model_is_here(tmp_path: Path) -> None:
    """What a source gives is checked and stands in its place, and nothing else remains."""
    here = store(tmp_path, SimulatedModelSource({"mini": FILES}))
    assert not here.is_installed("mini")
    folder = fetch(here)
    assert folder == tmp_path / "own" / "mini" == here.locate("mini")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert here.is_installed("mini")
    assert left_over(tmp_path) == ["mini"]


def test_model_that_is_here_is_not_fetched(tmp_path: Path) -> None:
    """A whole model costs no download, and progress says that it is done."""
    put(tmp_path / "shipped" / "mini", FILES)
    source = SimulatedModelSource({"mini": FILES})
    shares: list[float] = []
    folder = asyncio.run(store(tmp_path, source).fetch("mini", shares.append))
    assert (folder, shares, source.sent_bytes) == (tmp_path / "shipped" / "mini", [1.0], 0)


def test_shipped_copy_comes_first_and_stays(tmp_path: Path) -> None:
    """The copy that came with the application is used and cannot be removed."""
    put(tmp_path / "shipped" / "mini", FILES)
    here = store(tmp_path)
    assert here.locate("mini") == tmp_path / "shipped" / "mini"
    with pytest.raises(Refused, match="came with the application"):
        here.remove("mini")


@pytest.mark.parametrize("files", [FILES, SMALLER], ids=["full", "quantised"])
@pytest.mark.parametrize("home", ["shipped", "own"])
def test_either_form_is_a_whole_model(tmp_path: Path, home: str, files: dict[str, bytes]) -> None:
    """Weights in 16 and in 8 bits are both the model, wherever they lie: nothing is fetched."""
    put(tmp_path / home / "mini", files)
    source = SimulatedModelSource({"mini": FILES})
    here = store(tmp_path, source)
    assert here.is_installed("mini")
    assert here.locate("mini") == here.verify("mini") == fetch(here) == tmp_path / home / "mini"
    assert source.sent_bytes == 0
    assert here.size_bytes("mini") == sum(map(len, files.values()))


def test_form_that_is_fetched_is_the_full_one(tmp_path: Path) -> None:
    """Of a model that is not here the size to come is told, and that is what comes."""
    here = store(tmp_path, SimulatedModelSource({"mini": FILES}))
    assert here.size_bytes("mini") == sum(map(len, FILES.values()))
    folder = fetch(here)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


@pytest.mark.parametrize("files", [FILES, SMALLER], ids=["full", "quantised"])
def test_damaged_shipped_model_gives_way_to_a_fetched_one(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    """The remedy that is told helps although the damaged copy stays; the copy can go again."""
    put(tmp_path / "shipped" / "mini", {**files, "model.bin": b"x" * len(files["model.bin"])})
    here = store(tmp_path, SimulatedModelSource({"mini": FILES}))
    with pytest.raises(Damaged, match=r"shipped.*model\.bin.*models fetch mini"):
        here.locate("mini")
    assert fetch(here) == tmp_path / "own" / "mini" == here.locate("mini") == here.verify("mini")
    here.remove("mini")
    with pytest.raises(Damaged, match="shipped"):
        here.verify("mini")


def test_damaged_copies_name_the_one_that_is_replaced(tmp_path: Path) -> None:
    """Where both copies are damaged the user's own is named, as it is the one that fetch mends."""
    wrong = {**SMALLER, "model.bin": b"x" * len(SMALLER["model.bin"])}
    for home in ("shipped", "own"):
        put(tmp_path / home / "mini", wrong)
    here = store(tmp_path, SimulatedModelSource({"mini": FILES}))
    with pytest.raises(Damaged, match="own"):
        here.locate("mini")
    assert fetch(here) == tmp_path / "own" / "mini"


def test_wrong_bytes_are_never_accepted(tmp_path: Path) -> None:
    """A source with other content fails, and what it gave is thrown away."""
    wrong = {**FILES, "model.bin": b"x" * len(FILES["model.bin"])}
    here = store(tmp_path, SimulatedModelSource({"mini": wrong}))
    with pytest.raises(Unreachable, match=r"simulation: the content of model\.bin"):
        fetch(here)
    assert not here.is_installed("mini")
    assert not (tmp_path / "own" / ".mini.partial" / "model.bin").exists()


def test_short_file_is_never_accepted(tmp_path: Path) -> None:
    """A source that stops early without an error has not delivered."""
    short = {**FILES, "model.bin": FILES["model.bin"][:-1]}
    with pytest.raises(Unreachable, match="did not arrive whole"):
        fetch(store(tmp_path, SimulatedModelSource({"mini": short})))


def test_sources_are_tried_in_order(tmp_path: Path) -> None:
    """The next source takes over with what the one before has brought."""
    broken = SimulatedModelSource({"mini": FILES}, fails_with=TimedOut("too slow"))
    good = SimulatedModelSource({"mini": FILES})
    assert fetch(store(tmp_path, broken, good)).name == "mini"
    assert broken.sent_bytes > 0
    assert broken.sent_bytes + good.sent_bytes == sum(map(len, FILES.values()))


def test_failure_names_every_source(tmp_path: Path) -> None:
    """When no source delivers, the error lists each and why."""
    first = SimulatedModelSource({"mini": FILES}, fails_with=TimedOut("the hub sleeps"))
    second = SimulatedModelSource({"mini": FILES}, fails_with=Refused("pip says no"))
    unfit = SimulatedModelSource({})
    with pytest.raises(Unreachable) as caught:
        fetch(store(tmp_path, first, second, unfit))
    text = str(caught.value)
    assert "mini" in text
    assert text.index("the hub sleeps") < text.index("pip says no")
    with pytest.raises(Unreachable, match="no source knows it"):
        fetch(store(tmp_path, unfit))


def test_fetch_goes_on_after_an_interruption(tmp_path: Path) -> None:
    """What an earlier run brought is not brought again."""
    broken = SimulatedModelSource({"mini": FILES}, fails_with=TimedOut("cut"))
    with pytest.raises(Unreachable):
        fetch(store(tmp_path, broken))
    again = SimulatedModelSource({"mini": FILES})
    fetch(store(tmp_path, again))
    assert again.sent_bytes == sum(map(len, FILES.values())) - broken.sent_bytes


def test_rubbish_of_an_earlier_run_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """Files of full length with wrong content are dropped before the first source is asked."""
    put(
        tmp_path / "own" / ".mini.partial",
        {"model.bin": b"x" * len(FILES["model.bin"]), "notes.txt": b"?"},
    )
    put(tmp_path / "own" / ".mini.partial" / "wheels", {"a.whl": b"?"})
    folder = fetch(store(tmp_path, SimulatedModelSource({"mini": FILES})))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_damaged_model_is_replaced(tmp_path: Path) -> None:
    """Fetching a model whose copy here is damaged puts a good one in its place."""
    put(tmp_path / "own" / "mini", {**FILES, "model.bin": b"x" * len(FILES["model.bin"])})
    here = store(tmp_path, SimulatedModelSource({"mini": FILES}))
    with pytest.raises(Damaged, match=r"model\.bin.*models fetch mini"):
        here.locate("mini")
    assert (fetch(here) / "model.bin").read_bytes() == FILES["model.bin"]
    assert left_over(tmp_path) == ["mini"]


def test_cancelled_fetch_leaves_no_model(tmp_path: Path) -> None:
    """A cancelled fetch shows no half model, and a later one completes it."""
    here = store(tmp_path, SimulatedModelSource({"mini": FILES}))

    async def cancel_on_the_way() -> None:
        task: asyncio.Task[Path] = asyncio.create_task(
            here.fetch("mini", lambda share: task.cancel() and None)
        )
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_on_the_way())
    assert not here.is_installed("mini")
    fetch(here)
    assert here.is_installed("mini")


def test_full_disk_is_refused_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the model does not fit, nothing is fetched, and the sizes are named."""
    monkeypatch.setattr(stores, "SPARE_BYTES", 1 << 60)
    source = SimulatedModelSource({"mini": FILES})
    with pytest.raises(Refused, match=r"needs \d+ MiB .* has \d+ MiB left"):
        fetch(store(tmp_path, source))
    assert source.sent_bytes == 0


def test_unwritable_folder_is_refused(tmp_path: Path) -> None:
    """A data folder that cannot be written is named."""
    (tmp_path / "own").write_text("a file")
    with pytest.raises(Refused, match="cannot be written"):
        fetch(store(tmp_path, SimulatedModelSource({"mini": FILES})))


def test_missing_model_names_the_command(tmp_path: Path) -> None:
    """A model that is not here says how to get it; an unknown one which there are."""
    with pytest.raises(Unreachable, match="run `universal-ai-tools models fetch mini`"):
        store(tmp_path).locate("mini")
    with pytest.raises(SettingsError, match="known are mini, other"):
        store(tmp_path).locate("maxi")
    with pytest.raises(Unreachable, match="not here"):
        store(tmp_path).remove("mini")


def test_removed_model_is_gone(tmp_path: Path) -> None:
    """Removing deletes the model and what was half fetched of it."""
    here = store(tmp_path, SimulatedModelSource({"mini": FILES}))
    fetch(here)
    put(tmp_path / "own" / ".mini.partial", {"model.bin": b"half"})
    here.remove("mini")
    assert not here.is_installed("mini")
    assert left_over(tmp_path) == []


def test_changed_file_is_noticed(tmp_path: Path) -> None:
    """A file that was replaced by one of the same size is found out at the next look."""
    put(tmp_path / "own" / "mini", FILES)
    here = store(tmp_path)
    here.locate("mini")
    other = tmp_path / "other.bin"
    other.write_bytes(b"x" * len(FILES["model.bin"]))
    other.replace(tmp_path / "own" / "mini" / "model.bin")
    with pytest.raises(Damaged, match=r"model\.bin"):
        here.locate("mini")


def test_full_check_finds_what_the_quick_one_trusts(tmp_path: Path) -> None:
    """Bytes changed behind the file's time are found by `verify`."""
    put(tmp_path / "own" / "mini", FILES)
    here = store(tmp_path)
    here.locate("mini")
    path = tmp_path / "own" / "mini" / "model.bin"
    stat = path.stat()
    with path.open("r+b") as file:
        file.write(b"!")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    here.locate("mini")
    with pytest.raises(Damaged):
        here.verify("mini")


@pytest.mark.parametrize("content", ["", "no json", "[1, 2]", '{"a": 1}', '{"a": ["b"]}'])
def test_broken_notebook_costs_only_time(tmp_path: Path, content: str) -> None:
    """A notebook of hashes that cannot be read is started anew."""
    put(tmp_path / "own" / "mini", FILES)
    (tmp_path / "own" / ".verified.json").write_text(content)
    assert store(tmp_path).locate("mini").name == "mini"
