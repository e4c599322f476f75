"""GGUF files for tests: a header, and as many bytes of weights as wanted."""

from __future__ import annotations

import struct
from pathlib import Path

U32, I32, BOOL, STRING, ARRAY, U64 = 4, 5, 7, 8, 9, 10

Given = int | str | list[int] | list[bool] | list[str]


def text(value: str) -> bytes:
    """Return a string as GGUF keeps it."""
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def value(given: Given) -> bytes:
    """Return the kind of a value and the value."""
    match given:
        case str():
            return struct.pack("<I", STRING) + text(given)
        case list():
            return struct.pack("<I", ARRAY) + _items(given)
        case _:
            return struct.pack("<II", U32, given)


def _items(given: list[int] | list[bool] | list[str]) -> bytes:
    first = given[0] if given else 0
    if isinstance(first, str):
        return struct.pack("<IQ", STRING, len(given)) + b"".join(text(str(x)) for x in given)
    if isinstance(first, bool):
        return struct.pack(f"<IQ{len(given)}?", BOOL, len(given), *given)
    return struct.pack(f"<IQ{len(given)}i", I32, len(given), *given)


def header(told: dict[str, Given], *, version: int = 3, pairs: int | None = None) -> bytes:
    """Return a header; `pairs` may lie about how many there are."""
    begin = b"GGUF" + struct.pack("<IQQ", version, 0, len(told) if pairs is None else pairs)
    return begin + b"".join(text(name) + value(each) for name, each in told.items())


LLAMA: dict[str, Given] = {
    "general.architecture": "llama",
    "general.name": "Llama 3.1 8B",
    "llama.block_count": 32,
    "llama.embedding_length": 4096,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
    "llama.context_length": 131072,
    "llama.vocab_size": 128256,
}


def written(path: Path, told: dict[str, Given], *, weights_bytes: int = 1000) -> Path:
    """Write a file and return its path."""
    path.write_bytes(header(told) + bytes(weights_bytes))
    return path
