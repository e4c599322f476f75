"""The first tier: what it keeps, how much, and what leaves."""

from __future__ import annotations

from collections import OrderedDict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.first_tier import ENTRY_BYTES, LEAST_DEAD, FirstTier
from tests.conftest import FakeClock

VALUE = 100
KEY = 4
WEIGHT = VALUE + KEY + ENTRY_BYTES
LATER = 1e9


def key(number: int) -> bytes:
    """Return a key of KEY bytes."""
    return number.to_bytes(KEY, "big")


def tier(entries: int, clock: FakeClock | None = None) -> FirstTier[str]:
    """Return a tier with room for `entries` of WEIGHT."""
    return FirstTier(limit_bytes=entries * WEIGHT, now=(clock or FakeClock()).now)


def keep(kept: FirstTier[str], number: int, *, ends_s: float = LATER) -> None:
    """Put an entry of WEIGHT."""
    kept.put(key(number), f"value {number}", VALUE, ends_s, ends_s)


class Reference:
    """S3-FIFO as the paper draws it, for entries of one size."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.small: OrderedDict[int, int] = OrderedDict()
        self.main: OrderedDict[int, int] = OrderedDict()
        self.ghosts: OrderedDict[int, None] = OrderedDict()

    def ask(self, number: int) -> bool:
        """Tell whether `number` was there, and put it there."""
        for queue in (self.small, self.main):
            if number in queue:
                queue[number] = min(3, queue[number] + 1)
                return True
        while len(self.small) + len(self.main) >= self.capacity:
            self.evict()
        if number in self.ghosts:
            del self.ghosts[number]
            self.main[number] = 0
        else:
            self.small[number] = 0
        return False

    def evict(self) -> None:
        """Let one entry go on its way."""
        if len(self.small) >= self.capacity // 10 or not self.main:
            number, uses = self.small.popitem(last=False)
            if uses:
                self.main[number] = 0
                return
            self.ghosts[number] = None
            if len(self.ghosts) > self.capacity:
                self.ghosts.popitem(last=False)
        else:
            number, uses = self.main.popitem(last=False)
            if uses:
                self.main[number] = uses - 1


@pytest.mark.parametrize("capacity", [20, 100, 500])
def test_it_decides_as_the_paper_does(capacity: int):
    """For entries of one size every answer is that of S3-FIFO written down plainly."""
    random, kept, reference = Random(capacity), tier(capacity), Reference(capacity)
    for _ in range(30_000):
        number = int(random.paretovariate(0.6)) % 5000
        was_there = kept.get(key(number)) is not None
        if not was_there:
            keep(kept, number)
        assert was_there == reference.ask(number)


def test_one_scan_does_not_push_out_what_is_used():
    """Keys that are asked for once leave; those used before them stay."""
    kept = tier(100)
    for number in range(50):
        keep(kept, number)
        kept.get(key(number))
    for number in range(1000, 3000):
        keep(kept, number)
    assert all(kept.get(key(number)) for number in range(50))


def test_an_entry_knows_what_it_was_given():
    """`get` returns value, size and both ends."""
    kept = tier(10)
    kept.put(b"key", "value", 77, 1010.0, 1020.0)
    entry = kept.get(b"key")
    assert entry is not None
    assert (entry.value, entry.size_bytes, entry.fresh_until_s, entry.ends_s) == (
        "value",
        77,
        1010.0,
        1020.0,
    )


def test_an_entry_is_gone_at_its_end(clock: FakeClock):
    """From `ends_s` on it is not returned, and its room is free."""
    kept = tier(10, clock)
    keep(kept, 1, ends_s=clock.now() + 5)
    clock.advance(4.999)
    assert kept.get(key(1)) is not None
    clock.advance(0.001)
    assert kept.peek(key(1)) is None
    assert kept.get(key(1)) is None
    assert (kept.entries, kept.used_bytes, kept.evicted) == (0, 0, 0)


def test_a_stale_entry_is_returned(clock: FakeClock):
    """What is no longer fresh is the caller's to judge."""
    kept = tier(10, clock)
    kept.put(b"key", "value", 5, clock.now() - 1, clock.now() + 1)
    assert kept.get(b"key") is not None


def test_put_replaces():
    """The newest value under a key counts, with its size and its ends."""
    kept = tier(10)
    kept.put(b"key", "old", 10, 1.0, LATER)
    kept.put(b"key", "new", 300, 2.0, LATER)
    entry = kept.get(b"key")
    assert entry is not None
    assert (entry.value, entry.size_bytes, entry.fresh_until_s) == ("new", 300, 2.0)
    assert (kept.entries, kept.used_bytes) == (1, 3 + 300 + ENTRY_BYTES)


def test_a_value_that_grows_makes_room_for_itself():
    """Replaced by a larger one, others leave, in the small queue as in the main one."""
    kept = tier(20)
    for number in range(20):
        keep(kept, number)
        kept.get(key(number))
    keep(kept, 20)  # moves those before it to the main queue
    for number in (5, 20):
        kept.put(key(number), "grown", 5 * WEIGHT, LATER, LATER)
        assert kept.used_bytes <= kept.limit_bytes
        assert kept.get(key(number)) is not None
    assert kept.evicted >= 10


def test_removed_entries_are_passed_over():
    """Eviction meets what was removed before and goes on to what is there."""
    kept = tier(20)
    for number in range(20):
        keep(kept, number)
        kept.get(key(number))
    keep(kept, 20)
    for number in range(5):
        kept.remove(key(number))
    for number in range(100, 115):
        keep(kept, number)
    kept.remove(key(100))
    for number in range(200, 230):
        keep(kept, number)
    assert kept.entries == 20
    assert kept.used_bytes == 20 * WEIGHT
    kept.resize(3 * WEIGHT)
    assert kept.entries == 3


def test_too_large_a_value_is_not_kept():
    """A value that exceeds the limit alone leaves everything else, and not its old self."""
    kept = tier(10)
    keep(kept, 1)
    keep(kept, 2)
    kept.put(key(1), "huge", 10 * WEIGHT, LATER, LATER)
    assert kept.keys() == [key(2)]


def test_a_value_as_large_as_the_limit_is_kept():
    """The limit itself is allowed, and everything else makes room."""
    kept = tier(10)
    for number in range(10):
        keep(kept, number)
    kept.put(key(99), "huge", 10 * WEIGHT - KEY - ENTRY_BYTES, LATER, LATER)
    assert kept.keys() == [key(99)]
    assert kept.used_bytes == kept.limit_bytes


def test_remove_and_clear_say_what_was_there():
    """`remove` tells whether there was an entry, `clear` how many."""
    kept = tier(10)
    for number in range(3):
        keep(kept, number)
    assert kept.remove(key(1))
    assert not kept.remove(key(1))
    assert kept.clear() == 2
    assert (kept.entries, kept.used_bytes, kept.keys()) == (0, 0, [])


def test_peek_does_not_count_as_use():
    """An entry that was only looked at leaves as if nobody had asked for it."""
    kept = tier(20)
    keep(kept, 0)
    keep(kept, 1)
    kept.peek(key(0))
    kept.get(key(1))
    for number in range(100, 200):
        keep(kept, number)
    assert kept.peek(key(0)) is None
    assert kept.peek(key(1)) is not None


def test_a_smaller_limit_holds_at_once():
    """After `resize` no more is kept than allowed, and what left is counted."""
    kept = tier(100)
    for number in range(100):
        keep(kept, number)
    kept.resize(10 * WEIGHT)
    assert (kept.entries, kept.limit_bytes, kept.evicted) == (10, 10 * WEIGHT, 90)


def test_sweep_removes_what_has_ended_little_by_little(clock: FakeClock):
    """Calls of `sweep` go round the entries and remove those that have ended."""
    kept = tier(100, clock)
    for number in range(10):
        keep(kept, number, ends_s=clock.now() + (1 if number % 2 else 100))
    clock.advance(1)
    assert [kept.sweep(4), kept.sweep(4), kept.sweep(4)] == [2, 2, 1]
    assert sorted(kept.keys()) == [key(number) for number in range(0, 10, 2)]
    clock.advance(99)
    assert kept.sweep(100) == 5


def test_removing_does_not_leave_memory_behind():
    """Keys that come and go for ever do not lengthen the queues for ever."""
    kept = tier(100)
    for number in range(20 * LEAST_DEAD):
        keep(kept, number)
        kept.remove(key(number))
    assert len(kept._small) + len(kept._main) <= LEAST_DEAD + 1
    keep(kept, 1)
    assert kept.keys() == [key(1)]


def test_ghosts_are_bounded():
    """No more keys are remembered than are kept."""
    kept = tier(50)
    for number in range(5000):
        keep(kept, number)
    assert len(kept._ghosts) <= 50


Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "get", "remove", "wait", "sweep", "resize", "clear"]),
        st.integers(0, 30),
        st.integers(0, 3000),
        st.integers(1, 40),
    ),
    max_size=120,
)


def take(kept: FirstTier[tuple[int, int]], clock: FakeClock, step: Step) -> None:
    """Do one step of the test below."""
    what, number, size, seconds = step
    if what == "put":
        end_s = clock.now() + seconds
        kept.put(key(number), (number, size), size, end_s, end_s)
    elif what == "remove":
        kept.remove(key(number))
    elif what == "wait":
        clock.advance(seconds / 4)
    elif what == "sweep":
        kept.sweep(seconds)
    elif what == "resize":
        kept.resize(size * 4)
    elif what == "clear" and seconds == 1:
        kept.clear()


@given(steps=STEPS)
def test_whatever_is_done_the_books_are_right(steps: list[Step]):
    """Never over the limit, never past its end, never another value than the last one put."""
    clock = FakeClock()
    kept: FirstTier[tuple[int, int]] = FirstTier(limit_bytes=8000, now=clock.now)
    last: dict[int, tuple[int, float]] = {}
    for what, number, size, seconds in steps:
        if what == "put":
            last[number] = (size, clock.now() + seconds)
        elif what == "remove":
            last.pop(number, None)
        take(kept, clock, (what, number, size, seconds))
        entry = kept.get(key(number))
        if entry is not None:
            assert (entry.value, entry.ends_s) == ((number, last[number][0]), last[number][1])
            assert entry.ends_s > clock.now()
        weights = [one.size_bytes + KEY + ENTRY_BYTES for one in kept._entries.values()]
        assert kept.used_bytes == sum(weights) <= kept.limit_bytes
        assert kept._small_bytes == sum(
            one._weight for one in kept._small if one._queue == 1
        )  # fmt: skip
        queued = [one for one in (*kept._small, *kept._main) if one._queue]
        assert sorted(one.key for one in queued) == sorted(kept.keys())
