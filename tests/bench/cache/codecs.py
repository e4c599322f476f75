"""How small values become and how long that takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

import lz4.block
import numpy as np
import zstandard

from engine.cache.codec import HEADER_BYTES, BadFrame, Codec
from engine.cache.content import Content, Kind
from engine.cache.dictionary import shipped_dictionary
from tests.bench.cache.corpus import chat_completion, unseen_texts
from tests.bench.table import Row

T = TypeVar("T")

LEAST_RATIO, MOST_US = 2.8, 15.0
SIZES = {500: 300, 2000: 300, 8000: 150, 50_000: 40}
"""Bytes of a value: how many of them."""
ROUNDS = 25


def rows() -> list[Row]:
    """Return size and time of chats of each size, beside plain LZ4 and Zstandard."""
    codec = Codec(dictionary=shipped_dictionary(), largest_bytes=8 << 20)
    found: list[Row] = []
    for size, count in SIZES.items():
        found += _of_size(codec, size, count)
    return [*found, _other_text(codec), *_vectors(codec), _bomb(codec)]


def _of_size(codec: Codec, size: int, count: int) -> list[Row]:
    values = chats(size, count)
    frames = [codec.encode(_content(value)) for value in values]
    raw = sum(map(len, values))
    packed = sum(map(len, frames)) - HEADER_BYTES * count
    encode_us = fastest_us(codec.encode, [_content(value) for value in values])
    plain_us = fastest_us(_raw().encode, [_content(value) for value in values])
    has_limits = size == 2000
    label = f"chat JSON of {size} bytes"
    zstd, lz4_ = _peer(values, zstandard.ZstdCompressor(level=1).compress), _peer(values, _lz4)
    return [
        Row(f"{label}: left after compression", 100 * packed / raw, "%",
            100 / LEAST_RATIO if has_limits else None,
            f"ratio {raw / packed:.2f}; zstd-1 {zstd[0]:.2f}, lz4 {lz4_[0]:.2f}"),
        Row(f"{label}: compressing", encode_us - plain_us, "µs", MOST_US if has_limits else None,
            f"zstd-1 {zstd[1]:.1f}, lz4 {lz4_[1]:.1f}"),
        Row(f"{label}: value to frame", encode_us, "µs"),
        Row(f"{label}: frame to value", fastest_us(codec.decode, frames), "µs"),
    ]  # fmt: skip


def _other_text(codec: Codec) -> Row:
    """Return how chats about another unseen text do."""
    values = chats(2000, 300, package="hypothesis")
    raw = sum(map(len, values))
    packed = sum(len(codec.encode(_content(value))) - HEADER_BYTES for value in values)
    zstd = _peer(values, zstandard.ZstdCompressor(level=1).compress)
    return Row("chat JSON of 2000 bytes, other text: left", 100 * packed / raw, "%",
               None, f"ratio {raw / packed:.2f}; zstd-1 {zstd[0]:.2f}")  # fmt: skip


def _vectors(codec: Codec) -> list[Row]:
    """Return what float embeddings cost: they do not shrink, and are kept raw."""
    vectors = np.random.default_rng(0).standard_normal((200, 384)).astype(np.float32)
    contents = [_content(row.tobytes()) for row in vectors]
    framed = sum(len(codec.encode(each)) for each in contents)
    return [
        Row("embedding of 384 floats: left", 100 * framed / vectors.nbytes, "%", 105),
        Row("embedding of 384 floats: value to frame", fastest_us(codec.encode, contents), "µs"),
    ]


def _bomb(codec: Codec) -> Row:
    """Return the time that refusing a frame of 256 MiB in 8 KiB takes."""
    body = zstandard.ZstdCompressor(level=3).compress(bytes(256 << 20))
    frame = codec.encode(_content(chats(2000, 1)[0]))[:HEADER_BYTES] + body
    return Row("256 MiB in 8 KiB: refused within", fastest_us(_refused(codec), [frame]), "µs", 1000)


def _refused(codec: Codec) -> Callable[[bytes], None]:
    def refuse(frame: bytes) -> None:
        try:
            codec.decode(frame)
        except BadFrame:
            return
        raise AssertionError("a bomb was accepted")

    return refuse


def chats(size_bytes: int, count: int, package: str = "numpy") -> list[bytes]:
    """Return chats around text that the dictionary has not learned from."""
    random, texts = Random(11), unseen_texts(package)
    return [chat_completion(random, texts, size_bytes) for _ in range(count)]


def fastest_us(work: Callable[[T], object], values: Sequence[T]) -> float:
    """Return the time of one call of `work` in the fastest of some rounds over `values`."""
    rounds = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        for value in values:
            work(value)
        rounds.append(time.perf_counter() - began_s)
    return min(rounds) / len(values) * 1e6


def _peer(values: Sequence[bytes], compress: Callable[[bytes], bytes]) -> tuple[float, float]:
    ratio = sum(map(len, values)) / sum(len(compress(value)) for value in values)
    return ratio, fastest_us(compress, values)


def _lz4(value: bytes) -> bytes:
    packed: bytes = lz4.block.compress(value)
    return packed


def _raw() -> Codec:
    return Codec(dictionary=shipped_dictionary(), largest_bytes=8 << 20, is_compressing=False)


def _content(payload: bytes) -> Content:
    return Content(payload, Kind.TEXT, 1, 2, 3, 4)
