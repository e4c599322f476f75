"""The header of GGUF files, good and bad."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged, Unreachable
from engine.gpu import gguf_header
from engine.gpu.gguf_header import read_gguf
from tests.engine.gpu.gguf_files import ARRAY, LLAMA, STRING, Given, header, text, written

BUILT_IN = (
    Path(__file__).resolve().parents[3]
    / "resources/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"
)


def test_usual_model(tmp_path: Path):
    """Layers, heads, sizes and the longest context are read."""
    path = written(tmp_path / "a.gguf", LLAMA)
    shape = read_gguf(path)
    assert (shape.name, shape.kind, shape.layers) == ("Llama 3.1 8B", "llama", 32)
    assert shape.weights_bytes == path.stat().st_size
    assert shape.full_elements == 32 * 8 * (128 + 128)
    assert (shape.sliding_elements, shape.window_tokens) == (0, None)
    assert (shape.embedding, shape.vocabulary, shape.context_tokens) == (4096, 128256, 131072)


@pytest.mark.skipif(not BUILT_IN.is_file(), reason="the built-in model is not fetched yet")
def test_real_model():
    """The built-in model is read as its authors describe it, vocabulary by its length."""
    shape = read_gguf(BUILT_IN)
    assert (shape.kind, shape.layers, shape.embedding) == ("llama", 30, 576)
    assert shape.full_elements == 30 * 3 * (64 + 64)
    assert (shape.vocabulary, shape.context_tokens) == (49152, 8192)


@pytest.mark.parametrize(
    ("kind", "more", "sliding"),
    [
        ("gemma3", {}, 10),
        ("gemma3", {"gemma3.attention.sliding_window_pattern": 4}, 9),
        ("new", {"new.attention.sliding_window_pattern": [True] * 5 + [False] * 7}, 5),
        ("new", {}, 0),
        ("gemma3", {"gemma3.attention.sliding_window": 0}, 0),
    ],
)
def test_windows(tmp_path: Path, kind: str, more: dict[str, Given], sliding: int):
    """Layers that look over a window are told by the file, or known by the model's kind."""
    told: dict[str, Given] = {
        "general.architecture": kind,
        f"{kind}.block_count": 12,
        f"{kind}.embedding_length": 64,
        f"{kind}.attention.head_count": 4,
        f"{kind}.attention.head_count_kv": 1,
        f"{kind}.attention.key_length": 32,
        f"{kind}.attention.value_length": 32,
        f"{kind}.attention.sliding_window": 512,
    }
    shape = read_gguf(written(tmp_path / "a.gguf", told | more))
    assert shape.sliding_elements == sliding * 64
    assert shape.full_elements == (12 - sliding) * 64


def test_heads_of_each_layer(tmp_path: Path):
    """Where layers differ, each counts as it is, and recurrent ones keep nothing."""
    told = LLAMA | {"llama.block_count": 4, "llama.attention.head_count_kv": [0, 8, 0, 2]}
    assert read_gguf(written(tmp_path / "a.gguf", told)).full_elements == 10 * 256


def test_latent_attention(tmp_path: Path):
    """A model that compresses keys and values keeps one vector for all heads."""
    told: dict[str, Given] = {
        "general.architecture": "deepseek2",
        "deepseek2.block_count": 61,
        "deepseek2.embedding_length": 7168,
        "deepseek2.attention.head_count": 128,
        "deepseek2.attention.kv_lora_rank": 512,
        "deepseek2.attention.key_length_mla": 192,
        "deepseek2.rope.dimension_count": 64,
    }
    assert read_gguf(written(tmp_path / "a.gguf", told)).full_elements == 61 * 576


def test_vocabulary_is_not_kept(tmp_path: Path):
    """A long list of words is counted; a file without a name is called as it is called."""
    told = {
        name: each for name, each in LLAMA.items() if "vocab" not in name and "name" not in name
    }
    told["tokenizer.ggml.tokens"] = [f"word{n}" for n in range(5000)]
    told["tokenizer.ggml.scores"] = list(range(5000))
    shape = read_gguf(written(tmp_path / "tiny.gguf", told))
    assert (shape.vocabulary, shape.name) == (5000, "tiny")


def test_split_model(tmp_path: Path):
    """All parts count, whichever was chosen; one that is missing is named."""
    first = written(tmp_path / "m-00001-of-00002.gguf", LLAMA)
    second = tmp_path / "m-00002-of-00002.gguf"
    with pytest.raises(Unreachable, match="00002-of-00002"):
        read_gguf(first)
    second.write_bytes(bytes(500))
    assert read_gguf(second).weights_bytes == first.stat().st_size + 500


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "ends within"),
        (b"PK\x03\x04 something else", "does not begin with GGUF"),
        (header(LLAMA, version=99), "version is 99"),
        (header(LLAMA)[:-3], "ends within"),
        (header(LLAMA, pairs=2**63), "ends within"),
        (header({}), "describes no language model"),
        (header({**LLAMA, "llama.block_count": 4_000_000_000}), "4000000000 layers"),
        (header({"general.architecture": "clip"}), "describes no language model"),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes, why: str):
    """Whatever is wrong with a file is said, with its name."""
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    with pytest.raises(Damaged, match=why) as caught:
        read_gguf(path)
    assert "a.gguf" in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        struct.pack("<I", 99),
        struct.pack("<IQ", STRING, 2**63),
        struct.pack("<IIQ", ARRAY, 0, 2**63),
        struct.pack("<IIQ", ARRAY, STRING, 2**63),
        struct.pack("<IIQ", ARRAY, ARRAY, 2**40),
        struct.pack("<I", ARRAY) + struct.pack("<IQ", ARRAY, 1) * 50,
    ],
    ids=["kind", "text", "numbers", "texts", "lists", "nested"],
)
def test_hostile_values(tmp_path: Path, value: bytes):
    """Lengths that are lies, unknown kinds and deep nesting are damage, at once."""
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("x") + value + bytes(100))
    with pytest.raises(Damaged):
        read_gguf(path)


def test_enormous_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A header that does not end is given up, however large the file is."""
    monkeypatch.setattr(gguf_header, "LARGEST_HEADER_BYTES", 10_000)
    told = LLAMA | {"tokenizer.ggml.tokens": ["word"] * 5000}
    with pytest.raises(Damaged, match="longer than"):
        read_gguf(written(tmp_path / "a.gguf", told))


def test_missing_file(tmp_path: Path):
    """A file that is not there is named."""
    with pytest.raises(Unreachable, match=r"nothing\.gguf"):
        read_gguf(tmp_path / "nothing.gguf")


@given(st.binary(max_size=400), st.integers(0, 200))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int):
    """Noise in a header is read or refused, never a crash."""
    path = tmp_path_factory.mktemp("noise") / "a.gguf"
    good = header(LLAMA)
    path.write_bytes(good[:at] + noise + good[at + len(noise) :])
    try:
        shape = read_gguf(path)
    except Damaged:
        return
    assert shape.layers >= 1
