"""Every model on offer is pinned to the byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.model_store.store import ModelStore, shipped_models
from engine.voice.catalogue import CATALOGUE, full_weights_bytes

(BASE,) = (entry for entry in CATALOGUE if entry.name == "base")


def test_catalogue_is_pinned() -> None:
    """Every entry names a full revision, a hash and a size for each file, and the weights."""
    names = [entry.name for entry in CATALOGUE]
    assert len(set(names)) == len(names)
    assert {"tiny", "base", "small", "medium", "large-v3", "large-v3-turbo"} <= set(names)
    for entry in CATALOGUE:
        assert re.fullmatch(r"[0-9a-f]{40}", entry.hub_revision), entry.name
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.hub_repository), entry.name
        files = {file.name for file in entry.files}
        assert {"model.bin", "config.json", "tokenizer.json"} <= files
        assert len(files & {"vocabulary.txt", "vocabulary.json"}) == 1
        for file in entry.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256), f"{entry.name} {file.name}"
            assert file.size_bytes > 0
        assert all(re.fullmatch(r"[\w-]+==[\d.]+", wheel) for wheel in entry.wheels)
        if small := entry.quantised:
            assert re.fullmatch(r"[0-9a-f]{64}", small.sha256)
            (full,) = (file for file in entry.files if file.name == small.name)
            assert 0.5 * full.size_bytes < small.size_bytes < 0.6 * full.size_bytes
    hashes = [
        file.sha256 for entry in CATALOGUE for file in entry.files if file.name == "model.bin"
    ]
    assert len(set(hashes)) == len(hashes)


def test_files_shared_by_models_are_the_same_file() -> None:
    """Two entries that give a file the same hash give it the same size, and the other way round."""
    sizes: dict[str, int] = {}
    for entry in CATALOGUE:
        for file in entry.files:
            assert sizes.setdefault(file.sha256, file.size_bytes) == file.size_bytes


def test_size_of_full_weights_is_known() -> None:
    """Weights in 8 bits tell the size of those they were made from; all others their own."""
    full, small = BASE.files[1], BASE.quantised
    assert small is not None
    assert full_weights_bytes(small.size_bytes) == full.size_bytes
    assert full_weights_bytes(full.size_bytes) == full.size_bytes
    assert full_weights_bytes(1) == 1


def test_shipped_base_is_the_pinned_one() -> None:
    """Where the default model came along, its files are the ones in the catalogue."""
    if not (shipped_models() / "base" / "model.bin").exists():
        pytest.skip("the base model is not in resources/models")
    here = ModelStore(shipped=shipped_models(), own=Path("/nonexistent"), entries=CATALOGUE)
    assert here.locate("base") == shipped_models() / "base"
