"""The header of a GGUF file: what llama.cpp, Ollama and LM Studio load.

Format: github.com/ggml-org/ggml, docs/gguf.md. Only the header is read, and nothing it says is
believed without looking: counts and lengths may be anything in a file that means harm.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from engine.errors import Damaged, Unreachable
from engine.gpu.model_shape import Heads, ModelShape

MAGIC = b"GGUF"
VERSIONS = (2, 3)
LARGEST_HEADER_BYTES = 128 * 2**20
"""Vocabularies of a quarter of a million words take a tenth of it."""
LARGEST_KEPT = 4096
"""Longer lists are vocabularies: only how long they are is kept."""
DEEPEST = 4
MOST_LAYERS = 4096

BOOL, STRING, ARRAY = 7, 8, 9
SCALARS = dict(zip((0, 1, 2, 3, 4, 5, 6, BOOL, 10, 11, 12), "BbHhIif?Qqd", strict=True))
"""Python's letter for the value of each kind; all are little-endian."""
PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")

SLIDING_PERIODS = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "cohere2": 4,
    "exaone4": 4,
    "gpt-oss": 2,
    "llama4": 4,
}
"""Every n-th layer sees all of the context: what llama.cpp knows by name where the file gives no
pattern (llama-model.cpp)."""

Value = int | float | bool | str | list["Value"] | range
"""A range stands for a list of that length that was too long to keep."""


def read_gguf(path: Path) -> ModelShape:
    """Return the shape of the model in `path`, of all its parts where it was split.

    Raises Unreachable where a file is not there, Damaged where one is no whole GGUF file.
    """
    parts = _parts(path)
    try:
        weights_bytes = sum(part.stat().st_size for part in parts)
        with parts[0].open("rb") as file:
            told = _Reader(file, path).header()
    except OSError as error:
        raise Unreachable(f"{error.filename} cannot be read ({error.strerror})") from error
    return _shape(path, told, weights_bytes)


def _parts(path: Path) -> list[Path]:
    found = PART.search(path.name)
    if not found:
        return [path]
    count = int(found[2])
    if not 1 <= count <= 1000:
        raise Damaged(f"{path.name} claims to be one of {count} parts: check its name")
    stem = path.name[: found.start()]
    return [path.with_name(f"{stem}-{part:05}-of-{count:05}.gguf") for part in range(1, count + 1)]


class _Reader:
    """Reads little-endian values, and never more than a header may have."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._size = path.stat().st_size
        self._read = 0

    def header(self) -> dict[str, Value]:
        """Return the key-value pairs. Raises Damaged."""
        if self._take(4) != MAGIC:
            raise self._damaged("it does not begin with GGUF")
        version, _, pairs = self._unpack("<IQQ")
        if version not in VERSIONS:
            raise self._damaged(f"its version is {version}, not one of {VERSIONS}")
        told: dict[str, Value] = {}
        for _ in range(pairs):
            name = self._text()
            told[name] = self._value(*self._unpack("<I"))
        return told

    def _value(self, kind: int, depth: int = 0) -> Value:
        if kind == STRING:
            return self._text()
        if kind == ARRAY:
            return self._array(depth)
        if kind not in SCALARS:
            raise self._damaged(f"there is no value of kind {kind}")
        (value,) = self._unpack(f"<{SCALARS[kind]}")
        return value

    def _array(self, depth: int) -> Value:
        if depth >= DEEPEST:
            raise self._damaged("its lists are nested too deeply")
        kind, length = self._unpack("<IQ")
        if length <= LARGEST_KEPT:
            return [self._value(kind, depth + 1) for _ in range(length)]
        if kind in SCALARS:
            self._skip(length * struct.calcsize(f"<{SCALARS[kind]}"))
        else:
            for _ in range(length):
                self._skip_one(kind, depth + 1)
        return range(length)

    def _skip_one(self, kind: int, depth: int) -> None:
        if kind == STRING:
            self._skip(*self._unpack("<Q"))
        else:
            self._value(kind, depth)

    def _text(self) -> str:
        (length,) = self._unpack("<Q")
        return self._take(length).decode("utf-8", "replace")

    def _unpack(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self._take(struct.calcsize(form)))

    def _take(self, size: int) -> bytes:
        self._count(size)
        found = self._file.read(size)
        if len(found) < size:
            raise self._damaged("it ends within its header")
        return found

    def _skip(self, size: int) -> None:
        self._count(size)
        self._file.seek(size, 1)

    def _count(self, size: int) -> None:
        self._read += size
        if self._read > self._size:
            raise self._damaged("it ends within its header")
        if self._read > LARGEST_HEADER_BYTES:
            raise self._damaged(f"its header is longer than {LARGEST_HEADER_BYTES >> 20} MiB")

    def _damaged(self, why: str) -> Damaged:
        return Damaged(f"{self._path.name} is no whole GGUF file: {why}. Download it again")


def _shape(path: Path, told: Mapping[str, Value], weights_bytes: int) -> ModelShape:
    kind = str(told.get("general.architecture", ""))
    layers = _number(told, f"{kind}.block_count")
    embedding = _number(told, f"{kind}.embedding_length")
    if not 1 <= layers <= MOST_LAYERS or embedding < 1:
        raise Damaged(f"{path.name} describes no language model: it has {layers} layers")
    heads = _heads(told, kind, layers, embedding)
    window = _number(told, f"{kind}.attention.sliding_window")
    name = told.get("general.name")
    return ModelShape(
        name=name if isinstance(name, str) and name else path.stem,
        kind=kind,
        weights_bytes=weights_bytes,
        layers=layers,
        full_elements=_latent(told, kind, layers) or heads.elements(sliding=False),
        sliding_elements=heads.elements(sliding=True),
        window_tokens=window or None,
        embedding=embedding,
        vocabulary=_number(told, f"{kind}.vocab_size") or _length(told, "tokenizer.ggml.tokens"),
        context_tokens=_number(told, f"{kind}.context_length") or None,
    )


def _heads(told: Mapping[str, Value], kind: str, layers: int, embedding: int) -> Heads:
    count = max(1, _largest(told.get(f"{kind}.attention.head_count")))
    size = embedding // count
    kv_heads = told.get(f"{kind}.attention.head_count_kv", count)
    return Heads(
        kv_heads=_by_layer(kv_heads, layers),
        key_size=_number(told, f"{kind}.attention.key_length") or size,
        value_size=_number(told, f"{kind}.attention.value_length") or size,
        is_sliding=_sliding(told, kind, layers),
    )


def _latent(told: Mapping[str, Value], kind: str, layers: int) -> int:
    """Return the numbers a token of a model with latent attention, as DeepSeek's; else 0.

    Such a model keeps one compressed vector and the rotated part of its key, for all heads.
    """
    rank = _number(told, f"{kind}.attention.kv_lora_rank")
    if not rank or f"{kind}.attention.key_length_mla" not in told:
        return 0
    return layers * (rank + _number(told, f"{kind}.rope.dimension_count"))


def _sliding(told: Mapping[str, Value], kind: str, layers: int) -> list[bool]:
    if not _number(told, f"{kind}.attention.sliding_window"):
        return [False] * layers
    pattern = told.get(f"{kind}.attention.sliding_window_pattern")
    if isinstance(pattern, list) and len(pattern) == layers:
        return [bool(each) for each in pattern]
    period = max(0, pattern) if isinstance(pattern, int) else SLIDING_PERIODS.get(kind)
    if period is None:
        return [False] * layers  # rather too much memory than too little
    return [period == 0 or layer % period < period - 1 for layer in range(layers)]


def _by_layer(value: Value, layers: int) -> list[int]:
    if isinstance(value, list):
        counts = [int(each) for each in value if isinstance(each, int)]
        return (counts + [0] * layers)[:layers]
    return [max(0, int(value))] * layers if isinstance(value, int) else [0] * layers


def _number(told: Mapping[str, Value], name: str) -> int:
    return _largest(told.get(name))


def _largest(value: Value | None) -> int:
    """Return a number, or the largest of a list, as some files give one a layer; else 0."""
    if isinstance(value, list):
        return max((each for each in value if isinstance(each, int)), default=0)
    return max(0, value) if isinstance(value, int) else 0


def _length(told: Mapping[str, Value], name: str) -> int:
    value = told.get(name)
    return len(value) if isinstance(value, list | range) else 0
