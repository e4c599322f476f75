"""Values as bytes: what a value is in both tiers, and the frame it travels to Redis in.

A frame is a header of 56 bytes, big-endian, and the value, raw or compressed:

    offset  bytes
     0      4   magic "UATF"
     4      1   version, 1
     5      1   codec: 0 none, 1 LZ4, 2 Zstandard, 3 Zstandard with the dictionary
     6      1   kind of value
     7      1   flags, 0
     8      4   number of the dictionary, 0 without one
    12      4   length of the value before it was compressed
    16      8   written, unix ms
    24      8   fresh until, unix ms
    32      8   expires, unix ms
    40      8   ends, unix ms
    48      4   what making it cost, ms
    52      4   CRC-32 of everything before and after it

Whatever is damaged, of another version or too large is a BadFrame before it costs any memory.
"""

from __future__ import annotations

import struct
from typing import NamedTuple
from zlib import crc32

import lz4.block
import zstandard

from engine.cache.content import Content, Kind
from engine.errors import Damaged

MAGIC, VERSION = b"UATF", 1
WRITTEN_OFFSET = 16
"""Where a script in Redis finds the time of writing, an unsigned 64-bit big-endian number."""
RAW_OFFSET = 12
_HEAD = struct.Struct(">4sBBBBIIQQQQI")
_CHECK = struct.Struct(">I")
# The same, parted into what must be so and what it says.
_MARKS = struct.Struct(">4sBxxB")
_FIELDS = struct.Struct(">5xBBxIIQQQQII")
CHECK_OFFSET, HEADER_BYTES = _HEAD.size, _FIELDS.size
_NONE, _LZ4, _ZSTD, _ZSTD_DICTIONARY = range(4)
CODEC_NAMES = ("none", "lz4", "zstd", "zstd with dictionary")

LEAST_BYTES = 256
"""Less is not compressed: there is little to win and the header is as large."""
MOST_DICTIONARY_BYTES = 16 << 10
"""More than this fills its own window; the dictionary only costs time."""
SMALL_LEVEL, SMALL_TABLE_LOG = 3, 19
"""With the dictionary level 3 gains 10 % over level 1 for 3 µs; the dictionary needs the larger
tables (docs/decisions/0014-codecs.md). Its frames go without the 4 bytes of Zstandard's magic: ours
says what they are."""
LEAST_GAIN = 0.1
"""Values that shrink by less are kept raw: embeddings, images."""
MOST_RATIO = 256
"""What claims to hold more than this times its own size is a bomb. What really shrinks so much is
packed with LZ4, which cannot exceed 255."""
LEAST_WINDOW_BYTES = 1 << 10
"""Zstandard has no smaller window."""
LONGEST_MS = 0xFFFF_FFFF


class BadFrame(Damaged):
    """A frame that cannot be read."""


_KINDS = tuple(Kind)
_KIND_COUNT = len(_KINDS)
_Fields = tuple[int, int, int, int, int, int, int, int, int, int]
"""Codec, kind, dictionary, raw length, the times in the order of a Header, and the checksum."""


class Header(NamedTuple):
    """What a frame says of itself. Times are unix milliseconds."""

    codec: str
    """For people."""
    kind: Kind
    dictionary: int
    raw_bytes: int
    written_ms: int
    fresh_until_ms: int
    expires_ms: int
    ends_ms: int
    cost_ms: int


def written_ms(frame: bytes) -> int:
    """Return when `frame` was written, unix ms. Raises BadFrame where it is too short."""
    if len(frame) < HEADER_BYTES:
        raise BadFrame(f"a frame of {len(frame)} bytes has no header")
    return int.from_bytes(frame[WRITTEN_OFFSET : WRITTEN_OFFSET + 8], "big")


def raw_bytes(frame: bytes) -> int:
    """Return how long the value in `frame` says it is; 0 for what is no frame. Checks nothing."""
    return int.from_bytes(frame[RAW_OFFSET : RAW_OFFSET + 4], "big")


class Codec:
    """Makes frames and reads them. One for each thread: its compressors are reused.

    dictionary: what Zstandard learned of small values; frames with another one cannot be read.
    largest_bytes: no value may be larger, before compression.
    """

    def __init__(
        self, *, dictionary: bytes, largest_bytes: int, is_compressing: bool = True
    ) -> None:
        self.largest_bytes = largest_bytes
        self.is_compressing = is_compressing
        """May be changed at any time; compressed frames are read in any case."""
        trained = zstandard.ZstdCompressionDict(dictionary)
        small = zstandard.ZstdCompressionParameters.from_level(
            SMALL_LEVEL,
            hash_log=SMALL_TABLE_LOG,
            chain_log=SMALL_TABLE_LOG,
            format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        )
        trained.precompute_compress(compression_params=small)
        self._dictionary = trained.dict_id()
        self._compress = zstandard.ZstdCompressor(level=1).compress
        self._compress_small = zstandard.ZstdCompressor(
            compression_params=small, dict_data=trained
        ).compress
        self._decompress = zstandard.ZstdDecompressor().decompress
        self._decompress_small = zstandard.ZstdDecompressor(
            dict_data=trained, format=zstandard.FORMAT_ZSTD1_MAGICLESS
        ).decompress

    def encode(self, content: Content) -> bytes:
        """Return the frame of `content`. Raises ValueError where it is larger than allowed."""
        payload = content.payload
        if len(payload) > self.largest_bytes:
            raise ValueError(f"a value of {len(payload)} bytes: at most {self.largest_bytes}")
        codec, body = self._smallest(payload)
        head = _HEAD.pack(
            MAGIC,
            VERSION,
            codec,
            content.kind,
            0,
            self._dictionary if codec == _ZSTD_DICTIONARY else 0,
            len(payload),
            content.written_ms,
            content.fresh_until_ms,
            content.expires_ms,
            content.ends_ms,
            max(0, min(content.cost_ms, LONGEST_MS)),
        )
        return b"".join((head, _CHECK.pack(crc32(body, crc32(head))), body))

    def decode(self, frame: bytes) -> Content:
        """Return what `frame` holds. Raises BadFrame where it cannot be read."""
        codec, kind, _, raw_bytes, written_ms, fresh_ms, expires_ms, ends_ms, cost_ms, check = (
            self._parse(frame)
        )
        body = frame[HEADER_BYTES:]
        if crc32(body, crc32(frame[:CHECK_OFFSET])) != check:
            raise BadFrame("a frame was changed on its way: its checksum differs")
        payload = body if codec == _NONE else self._expand(codec, body, raw_bytes)
        if len(payload) != raw_bytes:
            raise BadFrame(f"a frame holds {len(payload)} bytes and says {raw_bytes}")
        return Content(payload, _KINDS[kind], written_ms, fresh_ms, expires_ms, ends_ms, cost_ms)

    def header(self, frame: bytes) -> Header:
        """Return what `frame` says of itself, unchecked. Raises BadFrame where it is none."""
        codec, kind, *numbers, _ = self._parse(frame)
        return Header(CODEC_NAMES[codec], _KINDS[kind], *numbers)

    def _smallest(self, payload: bytes) -> tuple[int, bytes]:
        size = len(payload)
        if not self.is_compressing or size < LEAST_BYTES:
            return _NONE, payload
        if size <= MOST_DICTIONARY_BYTES:
            codec, body = _ZSTD_DICTIONARY, self._compress_small(payload)
        else:
            codec, body = _ZSTD, self._compress(payload)
        if size > MOST_RATIO * len(body):
            codec, body = _LZ4, lz4.block.compress(payload, store_size=False)
        if len(body) > (1 - LEAST_GAIN) * size:
            return _NONE, payload
        return codec, body

    def _parse(self, frame: bytes) -> _Fields:
        """Return the fields of the header of `frame`, whose checksum is not looked at."""
        size = len(frame) - HEADER_BYTES
        if size < 0:
            raise BadFrame(f"a frame of {len(frame)} bytes has no header")
        magic, version, flags = _MARKS.unpack_from(frame)
        if magic != MAGIC or version != VERSION:
            raise BadFrame(f"{magic!r} {version}: no frame of ours, or of another version")
        fields: _Fields = _FIELDS.unpack_from(frame)
        codec, kind, dictionary, raw_bytes = fields[:4]
        if codec > _ZSTD_DICTIONARY or kind >= _KIND_COUNT or flags:
            raise BadFrame(f"codec {codec}, kind {kind}, flags {flags}: unknown to this version")
        if dictionary != (self._dictionary if codec == _ZSTD_DICTIONARY else 0):
            raise BadFrame(f"dictionary {dictionary}: not the one of this version")
        if raw_bytes > self.largest_bytes or raw_bytes > MOST_RATIO * size:
            raise BadFrame(f"a value of {raw_bytes} bytes in {len(frame)}: too large")
        return fields

    def _expand(self, codec: int, body: bytes, raw_bytes: int) -> bytes:
        """Return the value of `raw_bytes`, or raise BadFrame before it takes more than that."""
        try:
            return self._expanded(codec, body, raw_bytes)
        except (zstandard.ZstdError, lz4.block.LZ4BlockError, MemoryError) as error:
            raise BadFrame(f"a frame cannot be decompressed: {error}") from error

    def _expanded(self, codec: int, body: bytes, raw_bytes: int) -> bytes:
        if codec == _LZ4:
            return lz4.block.decompress(body, uncompressed_size=raw_bytes)  # type: ignore[no-any-return]
        # `max_output_size` is not heeded where the body states its own size: that is asked first.
        is_plain = codec == _ZSTD
        form = zstandard.FORMAT_ZSTD1 if is_plain else zstandard.FORMAT_ZSTD1_MAGICLESS
        stated = zstandard.get_frame_parameters(body, format=form)
        most_window = max(self.largest_bytes, LEAST_WINDOW_BYTES)
        if stated.content_size != raw_bytes or stated.window_size > most_window:
            raise BadFrame(f"a frame holds {stated.content_size} bytes and says {raw_bytes}")
        expand = self._decompress if is_plain else self._decompress_small
        return expand(body, max_output_size=raw_bytes, allow_extra_data=False)
