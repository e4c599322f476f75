"""The headers of safetensors files and what lies beside them, good and bad."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged, Unreachable
from engine.gpu.safetensors_header import read_safetensors

QWEN: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 2560,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "sliding_window": None,
}


def tensors(size_bytes: int, **more: Any) -> bytes:
    """Return a file with one tensor."""
    told = {"__metadata__": {"format": "pt"}, "a": {"data_offsets": [0, size_bytes]}} | more
    head = json.dumps(told).encode()
    return struct.pack("<Q", len(head)) + head + bytes(size_bytes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a model in one file."""
    (tmp_path / "config.json").write_text(json.dumps(QWEN))
    (tmp_path / "model.safetensors").write_bytes(tensors(1000))
    return tmp_path


@pytest.mark.parametrize("chosen", ["", "model.safetensors"])
def test_usual_model(folder: Path, chosen: str):
    """The folder and the file tell the same: weights by the header, the rest by config.json."""
    shape = read_safetensors(folder / chosen)
    assert (shape.name, shape.kind, shape.layers) == (folder.name, "qwen3", 36)
    assert shape.weights_bytes == 1000
    assert shape.full_elements == 36 * 8 * 256
    assert (shape.vocabulary, shape.context_tokens) == (151936, 40960)
    assert (shape.embedding, shape.window_tokens) == (2560, None)


@pytest.mark.parametrize("chosen", ["", "model.safetensors.index.json", "model-1.safetensors"])
def test_sharded_model(folder: Path, chosen: str):
    """All files that the index names count, and no others."""
    places = {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    (folder / "model-1.safetensors").write_bytes(tensors(300))
    (folder / "model-2.safetensors").write_bytes(tensors(50))
    assert read_safetensors(folder / chosen).weights_bytes == 350


def test_several_files_without_an_index(folder: Path):
    """All of a folder's files count where nothing says otherwise."""
    (folder / "more.safetensors").write_bytes(tensors(7))
    assert read_safetensors(folder).weights_bytes == 1007


@pytest.mark.parametrize(
    ("more", "full", "sliding"),
    [
        ({"num_key_value_heads": None}, 36 * 32 * 256, 0),
        ({"head_dim": None}, 36 * 8 * 160, 0),
        (
            {
                "sliding_window": 512,
                "layer_types": ["sliding_attention"] * 30 + ["full_attention"] * 6,
            },
            6 * 8 * 256,
            30 * 8 * 256,
        ),
        ({"kv_lora_rank": 512, "qk_rope_head_dim": 64}, 36 * 576, 0),
        ({"text_config": {"num_hidden_layers": 2}}, 2 * 8 * 256, 0),
    ],
)
def test_kinds_of_attention(folder: Path, more: dict[str, Any], full: int, sliding: int):
    """Shared heads, windows, compressed keys and models that see are told apart."""
    (folder / "config.json").write_text(json.dumps(QWEN | more))
    shape = read_safetensors(folder)
    assert (shape.full_elements, shape.sliding_elements) == (full, sliding)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 5) + b"nojs!",
        struct.pack("<Q", 2) + b"[]",
        tensors(100)[:-1],
        tensors(10, b={"data_offsets": [0, 2**60]}),
        tensors(10, b={"data_offsets": [5, -5]}),
        tensors(10, b={"data_offsets": "all"}),
        struct.pack("<Q", 60_000) + b"[" * 60_000,
    ],
)
def test_damaged_weights(folder: Path, content: bytes):
    """A file that is cut, lies, or is something else is named as damaged."""
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(Damaged, match=r"model\.safetensors"):
        read_safetensors(folder / "model.safetensors")


@pytest.mark.parametrize(
    "told", ["no json", "[]", "{}", '{"num_hidden_layers": 1e99}', '{"num_hidden_layers": 36}']
)
def test_damaged_configuration(folder: Path, told: str):
    """So is a config.json that describes no model."""
    (folder / "config.json").write_text(told)
    with pytest.raises(Damaged, match=r"config\.json"):
        read_safetensors(folder)


@pytest.mark.parametrize("places", [{}, {"a": "../../etc/passwd"}, {"a": 5}, None])
def test_damaged_index(folder: Path, places: object):
    """An index that names no file, or one elsewhere, is not followed."""
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    with pytest.raises(Damaged, match=r"index\.json"):
        read_safetensors(folder)


def test_missing_files(tmp_path: Path, folder: Path):
    """What is not there is named: the folder's files, the file, its configuration."""
    (folder / "config.json").unlink()
    with pytest.raises(Unreachable, match=r"config\.json"):
        read_safetensors(folder)
    with pytest.raises(Unreachable, match=r"other\.safetensors"):
        read_safetensors(folder / "other.safetensors")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Damaged, match="holds no safetensors file"):
        read_safetensors(tmp_path / "empty")


@given(st.binary(max_size=300))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, noise: bytes):
    """Noise is refused, never a crash."""
    folder = tmp_path_factory.mktemp("noise")
    (folder / "config.json").write_text(json.dumps(QWEN))
    (folder / "a.safetensors").write_bytes(noise)
    try:
        read_safetensors(folder / "a.safetensors")
    except Damaged:
        return
