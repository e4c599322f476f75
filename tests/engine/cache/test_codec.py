"""Frames: what comes back, how small they are, and what no frame can do."""

from __future__ import annotations

import struct
import tracemalloc
from random import Random
from zlib import crc32

import lz4.block
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from engine.cache import codec as codec_module
from engine.cache.codec import HEADER_BYTES, WRITTEN_OFFSET, BadFrame, Codec, raw_bytes, written_ms
from engine.cache.content import Content, Kind
from engine.cache.dictionary import shipped_dictionary

DICTIONARY = shipped_dictionary()
LARGEST = 256 << 10
CODEC = Codec(dictionary=DICTIONARY, largest_bytes=LARGEST)
CHAT = b'{"role":"assistant","content":"The cache keeps what is asked for most, and says so."},' * 9


def content(payload: bytes = CHAT, kind: Kind = Kind.BYTES) -> Content:
    """Return what a value of `payload` may look like."""
    return Content(payload, kind, 1_700_000_000_000, 2**40, 2**41, 2**42, cost_ms=250)


def sealed(codec: int, raw_bytes: int, body: bytes, dictionary: int = 0) -> bytes:
    """Return a frame that says what it likes, with the checksum that belongs to it."""
    head = struct.pack(
        ">4sBBBBIIQQQQI", b"UATF", 1, codec, 0, 0, dictionary, raw_bytes, 1, 2, 3, 4, 5
    )
    return head + struct.pack(">I", crc32(body, crc32(head))) + body


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (b"", "none"),
        (b"a" * 255, "none"),
        (CHAT, "zstd with dictionary"),
        (b"".join(b"%d or " % (n * n) for n in range(1500)), "zstd with dictionary"),
        (b"".join(b"%d and " % n for n in range(9000)), "zstd"),
        (Random(1).randbytes(1536), "none"),
        (bytes(200_000), "lz4"),
    ],
)
def test_the_codec_is_chosen_by_size_and_gain(payload: bytes, name: str):
    """Small values use the dictionary, large ones do not, and what does not shrink stays raw."""
    frame = CODEC.encode(content(payload))
    assert CODEC.header(frame).codec == name
    assert CODEC.decode(frame) == content(payload)


def test_very_large_values_are_packed_too():
    """A value of megabytes comes back as it was."""
    codec = Codec(dictionary=DICTIONARY, largest_bytes=4 << 20)
    value = content(b"".join(b"%d and " % n for n in range(200_000)))
    frame = codec.encode(value)
    assert codec.header(frame).codec == "zstd"
    assert codec.decode(frame) == value


@given(
    payload=st.one_of(st.binary(max_size=2000), st.text(min_size=90).map(str.encode)),
    kind=st.sampled_from(Kind),
    times=st.tuples(*[st.integers(0, 2**64 - 1)] * 4),
    cost_ms=st.integers(0, 2**32 - 1),
    is_compressing=st.booleans(),
)
def test_what_goes_in_comes_out(
    payload: bytes, kind: Kind, times: tuple[int, ...], cost_ms: int, is_compressing: bool
):
    """Every field survives, compressed or not."""
    written, fresh, expires, ends = times
    CODEC.is_compressing = is_compressing
    value = Content(payload, kind, written, fresh, expires, ends, cost_ms)
    frame = CODEC.encode(value)
    CODEC.is_compressing = True
    assert CODEC.decode(frame) == value
    assert written_ms(frame) == written


def test_the_header_lies_where_it_is_documented():
    """A script in Redis finds the time of writing by its offset, and people the rest."""
    frame = CODEC.encode(content())
    assert frame[:5] == b"UATF\x01"
    assert struct.unpack_from(">Q", frame, WRITTEN_OFFSET) == (1_700_000_000_000,)
    header = CODEC.header(frame)
    assert (header.codec, header.kind, header.raw_bytes) == (
        "zstd with dictionary",
        Kind.BYTES,
        len(CHAT),
    )
    assert (header.fresh_until_ms, header.expires_ms, header.ends_ms) == (2**40, 2**41, 2**42)
    assert header.cost_ms == 250


def test_a_few_bytes_have_no_time_and_no_length():
    """What is too short for a header is told, or holds nothing."""
    with pytest.raises(BadFrame):
        written_ms(b"UATF")
    assert raw_bytes(b"UATF") == 0
    assert raw_bytes(CODEC.encode(content())) == len(CHAT)


def test_without_compression_everything_is_raw():
    """Switched off, a frame is the header and the value; compressed ones are still read."""
    before = CODEC.encode(content())
    codec = Codec(dictionary=DICTIONARY, largest_bytes=LARGEST, is_compressing=False)
    assert codec.encode(content())[HEADER_BYTES:] == CHAT
    assert codec.decode(before) == content()


def test_a_cost_that_fits_no_field_is_cut():
    """A value that took two months to make is framed all the same."""
    frame = CODEC.encode(Content(CHAT, Kind.BYTES, 1, 2, 3, 4, cost_ms=2**40))
    assert CODEC.decode(frame).cost_ms == 2**32 - 1


def test_too_large_a_value_is_not_framed():
    """Whoever writes is told, rather than whoever reads."""
    with pytest.raises(ValueError, match=f"at most {LARGEST}"):
        CODEC.encode(content(bytes(LARGEST + 1)))


def test_every_changed_byte_is_noticed():
    """Whichever byte of a frame is changed, it is no frame any more."""
    frame = CODEC.encode(content())
    for place in range(len(frame)):
        changed = bytearray(frame)
        changed[place] ^= 0x11
        with pytest.raises(BadFrame):
            CODEC.decode(bytes(changed))


def test_every_cut_is_noticed():
    """A frame that lost its end, or all of itself, is none."""
    frame = CODEC.encode(content())
    for length in range(len(frame)):
        with pytest.raises(BadFrame):
            CODEC.decode(frame[:length])
    with pytest.raises(BadFrame):
        CODEC.decode(frame + b"x")


def test_an_older_dictionary_is_refused():
    """What was packed with another dictionary cannot be read, and says so."""
    other = zstandard.train_dictionary(
        4096, [b"%d chats of %d words" % (n, n * n) * 20 for n in range(500)]
    )
    frame = Codec(dictionary=other.as_bytes(), largest_bytes=LARGEST).encode(content())
    with pytest.raises(BadFrame, match="dictionary"):
        CODEC.decode(frame)


def bombs() -> list[bytes]:
    """Return frames with a right checksum whose content is far more than they may hold."""
    zeros = bytes(64 << 20)
    sized = zstandard.ZstdCompressor(level=3).compress(zeros)
    streaming = zstandard.ZstdCompressor(level=3).compressobj()
    unsized = streaming.compress(zeros) + streaming.flush()
    packed = lz4.block.compress(zeros, store_size=False)
    long = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    ).compressobj(size=64 << 20)
    wide = long.compress(zeros) + long.flush()
    ours = zstandard.ZstdCompressionDict(DICTIONARY).dict_id()
    padded = packed + bytes(LARGEST // 256)
    return [
        sealed(2, len(zeros), sized),
        sealed(2, LARGEST, sized + bytes(1024)),
        sealed(2, LARGEST, unsized + bytes(1024)),
        sealed(2, LARGEST, wide[:-4] + bytes(1024)),
        sealed(3, LARGEST, sized + bytes(1024), ours),
        sealed(1, LARGEST, padded),
        sealed(1, len(zeros), padded),
        sealed(2, 100, sized[: len(sized) // 2]),
        sealed(0, 2**32 - 1, b"x"),
        sealed(0, LARGEST + 1, bytes(LARGEST + 1)),
        sealed(1, 5000, b""),
    ]


@pytest.mark.parametrize("frame", bombs())
def test_a_bomb_is_a_bad_frame(frame: bytes):
    """Whatever a frame says of its size, it is refused, and takes no more than is allowed."""
    tracemalloc.start()
    try:
        with pytest.raises(BadFrame):
            CODEC.decode(frame)
        assert tracemalloc.get_traced_memory()[1] < 2 * LARGEST + len(frame)
    finally:
        tracemalloc.stop()


def mangled(random: Random, frame: bytes) -> bytes:
    """Return `frame` with a few bytes changed, cut, doubled or made up, often well sealed."""
    data = bytearray(frame)
    for _ in range(random.randrange(1, 6)):
        place = random.randrange(len(data) + 1)
        choice = random.random()
        if choice < 0.5 and place < len(data):
            data[place] = random.randrange(256)
        elif choice < 0.7:
            del data[place : place + random.randrange(1, 40)]
        elif choice < 0.9:
            data[place:place] = random.randbytes(random.randrange(1, 40))
        else:
            data[8 : 8 + random.randrange(8)] = random.randbytes(4)
    if random.random() < 0.8 and len(data) >= HEADER_BYTES:
        head = bytes(data[: HEADER_BYTES - 4])
        check = crc32(data[HEADER_BYTES:], crc32(head))
        data[HEADER_BYTES - 4 : HEADER_BYTES] = check.to_bytes(4, "big")
        if random.random() < 0.7:
            data[:5] = b"UATF\x01"
            check = crc32(data[HEADER_BYTES:], crc32(bytes(data[: HEADER_BYTES - 4])))
            data[HEADER_BYTES - 4 : HEADER_BYTES] = check.to_bytes(4, "big")
    return bytes(data)


def test_ten_thousand_mangled_frames_are_harmless():
    """Frames with wrong bytes and right checksums raise BadFrame or nothing, within the limit."""
    random = Random(4)
    payloads = [b"", b"x" * 100, CHAT, CHAT * 10, CHAT * 40, bytes(100_000), random.randbytes(400)]
    frames = [CODEC.encode(content(payload)) for payload in payloads]
    refused = 0
    tracemalloc.start()
    try:
        for _ in range(10_000):
            frame = mangled(random, random.choice(frames))
            try:
                assert len(CODEC.decode(frame).payload) <= LARGEST
            except BadFrame:
                refused += 1
        assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST
    finally:
        tracemalloc.stop()
    assert refused > 5000


@given(frame=st.binary(max_size=300))
def test_random_bytes_are_no_frame(frame: bytes):
    """Foreign values under our keys are refused."""
    for read in (CODEC.decode, CODEC.header):
        with pytest.raises(BadFrame):
            read(frame)


def test_the_dictionary_halves_small_chats():
    """A chat that the dictionary never saw becomes less than half of what Zstandard makes of it."""
    chat = (
        b'{"id":"chatcmpl-0f","object":"chat.completion","created":1760000001,"model":"qwen3-32b",'
        b'"choices":[{"index":0,"message":{"role":"assistant","content":"Close the window first.",'
        b'"refusal":null,"tool_calls":[]},"logprobs":null,"finish_reason":"stop"}],"usage":'
        b'{"prompt_tokens":12,"completion_tokens":7,"total_tokens":19}}'
    )
    plain = len(zstandard.ZstdCompressor(level=3).compress(chat))
    assert len(CODEC.encode(content(chat))) - HEADER_BYTES < plain / 2


def test_every_codec_has_a_name():
    """People read the name of every codec."""
    assert codec_module.CODEC_NAMES == ("none", "lz4", "zstd", "zstd with dictionary")
