from __future__ import annotations

from engine.cache.large_frames import LARGE_BYTES, MOST_KEYS, LargeFrames

SMALL, LARGE = bytes(LARGE_BYTES - 1), bytes(LARGE_BYTES)


def test_large_frames_are_remembered():
    """What was read or written large counts; what is small or unknown does not."""
    frames = LargeFrames()
    frames.note(b"a", LARGE_BYTES)
    frames.note_read([b"b", b"c", b"d"], [LARGE, SMALL, None])
    assert frames.total_bytes([b"a", b"b", b"c", b"d", b"e"]) == 2 * LARGE_BYTES


def test_frame_that_shrank_or_went_is_forgotten():
    """A key whose frame is small or gone when it is read next does not count any more."""
    frames = LargeFrames()
    frames.note_read([b"a", b"b"], [LARGE, LARGE])
    frames.note_read([b"a", b"b"], [SMALL, None])
    assert frames.total_bytes([b"a", b"b"]) == 0


def test_frame_that_grew_counts_in_its_new_size():
    """The size that was seen last counts, once."""
    frames = LargeFrames()
    frames.note(b"a", LARGE_BYTES)
    frames.note_read([b"a"], [2 * LARGE])
    assert frames.total_bytes([b"a"]) == 2 * LARGE_BYTES


def test_keys_seen_longest_ago_are_forgotten():
    """The number of keys is bounded; the one that was seen longest ago goes first."""
    frames = LargeFrames()
    for number in range(MOST_KEYS):
        frames.note(b"%d" % number, LARGE_BYTES)
    frames.note(b"0", LARGE_BYTES)
    frames.note(b"new", LARGE_BYTES)
    assert frames.total_bytes([b"0", b"new"]) == 2 * LARGE_BYTES
    assert frames.total_bytes([b"1"]) == 0
