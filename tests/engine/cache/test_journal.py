"""The journal: which own writes are remembered, and for how long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.cache.journal import ENTRY_BYTES, Journal, JournalEntry
from engine.cache.keys import Key

KEYS = [Key("chat", b":=%c" % letter) for letter in b"abcdefgh"]
A, B, C, D = KEYS[:4]
FRAME = b"frame" * 20
WEIGHT = len(FRAME) + len("chat") + len(A.tail) + ENTRY_BYTES
END = 10_000


def journal(entries: float = 100) -> Journal:
    """Return a journal with room for `entries` of FRAME."""
    return Journal(limit_bytes=int(entries * WEIGHT))


def names(entries: list[JournalEntry]) -> list[tuple[str, Key]]:
    """Return what was written to which key."""
    return [(entry.write, entry.key) for entry in entries]


def test_the_latest_write_of_a_key_counts():
    """A put, a removal, a put: the last one is what Redis has to get."""
    kept = journal()
    kept.put(A, b"one", END)
    kept.remove(A)
    kept.put(A, b"two", END)
    (entry,) = kept.pending()
    assert (entry.write, entry.frame, entry.ends_ms) == ("put", b"two", END)


def test_a_confirmed_put_is_kept_for_a_redis_that_loses_its_data():
    """Once Redis has it, it is no longer pending, and still there."""
    kept = journal()
    kept.confirm(A, kept.put(A, FRAME, END))
    assert kept.pending() == []
    assert [(one.key, one.frame, one.is_pending) for one in kept.kept()] == [(A, FRAME, False)]
    assert kept.get(A) == kept.kept()[0]


def test_a_confirmed_removal_leaves():
    """There is nothing to write again."""
    kept = journal()
    kept.confirm(A, kept.remove(A))
    assert (kept.pending(), kept.kept(), kept.status().used_bytes) == ([], [], 0)


def test_a_doubted_write_is_pending_again():
    """What Redis may have lost is written again, and confirmed by its own ticket."""
    kept = journal()
    ticket = kept.put(A, FRAME, END)
    kept.confirm(A, ticket)
    kept.doubt(A)
    kept.doubt(B)
    assert [(one.key, one.frame, one.is_pending) for one in kept.pending()] == [(A, FRAME, True)]
    assert kept.kept() == []
    kept.confirm(A, ticket)
    assert (kept.pending(), len(kept.kept())) == ([], 1)


def test_a_late_confirmation_changes_nothing():
    """Only the ticket of the latest write counts."""
    kept = journal()
    early = kept.put(A, b"one", END)
    kept.put(A, b"two", END)
    kept.confirm(A, early)
    assert names(kept.pending()) == [("put", A)]


def test_removals_come_first_then_the_oldest():
    """What must not be served again leaves Redis before anything else is written."""
    kept = journal()
    kept.put(A, FRAME, END)
    kept.remove(B)
    kept.put(C, FRAME, END)
    kept.remove(D)
    assert names(kept.pending()) == [("remove", B), ("remove", D), ("put", A), ("put", C)]


def test_a_foreign_write_ends_a_kept_one_and_no_pending_one():
    """What somebody else has written since must not be overwritten by what Redis had before."""
    kept = journal()
    kept.confirm(A, kept.put(A, FRAME, END))
    kept.put(B, FRAME, END)
    kept.forget(A)
    kept.forget(B)
    kept.forget(C)
    assert (kept.get(A), names(kept.pending())) == (None, [("put", B)])


def test_kept_ones_leave_first():
    """Room is made by what Redis has, oldest first; nothing is forgotten by that."""
    kept = journal(3.5)
    for key in (A, B):
        kept.confirm(key, kept.put(key, FRAME, END))
    kept.put(C, FRAME, END)
    kept.put(D, FRAME, END)
    assert (kept.get(A), kept.forgotten) == (None, 0)
    assert names(kept.kept()) == [("put", B)]


def test_then_the_oldest_pending_ones_are_forgotten_and_counted():
    """A journal that is full of writes Redis never got says how many it lost."""
    kept = journal(2.5)
    for key in (A, B, C, D):
        kept.put(key, FRAME, END)
    assert names(kept.pending()) == [("put", C), ("put", D)]
    assert kept.forgotten == 2


def test_too_large_a_write_becomes_a_removal():
    """Redis must not go on serving what was there before it."""
    kept = journal(10)
    kept.put(A, FRAME, END)
    kept.put(A, bytes(20 * WEIGHT), END)
    assert names(kept.pending()) == [("remove", A)]
    assert kept.forgotten == 1


def test_what_has_ended_is_dropped():
    """A kept put leaves at its end; what lives longer and removals stay."""
    kept = journal()
    kept.confirm(A, kept.put(A, FRAME, END))
    kept.confirm(B, kept.put(B, FRAME, END + 1))
    kept.remove(C)
    kept.end(END)
    assert (names(kept.kept()), names(kept.pending())) == ([("put", B)], [("remove", C)])


def test_a_pending_put_that_ends_becomes_a_removal():
    """Redis may hold an older value with more time left, which must not come back."""
    kept = journal()
    kept.put(A, FRAME, END)
    kept.end(END)
    assert names(kept.pending()) == [("remove", A)]


def test_a_purged_namespace_leaves():
    """Its writes are forgotten, those of other namespaces are not."""
    kept = journal()
    other = Key("other", b":=a")
    kept.confirm(A, kept.put(A, FRAME, END))
    kept.remove(B)
    kept.put(other, FRAME, END)
    kept.drop_namespace("chat")
    assert (names(kept.pending()), kept.kept()) == ([("put", other)], [])


def test_a_smaller_limit_holds_at_once():
    """After `resize` no more is remembered than allowed, what Redis has first."""
    kept = journal()
    kept.put(A, FRAME, END)
    kept.confirm(B, kept.put(B, FRAME, END))
    kept.resize(int(1.5 * WEIGHT))
    assert (names(kept.pending()), kept.kept(), kept.forgotten) == ([("put", A)], [], 0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "remove", "confirm", "late", "doubt", "forget", "end"]),
        st.sampled_from(KEYS),
        st.integers(0, 900),
    ),
    max_size=80,
)


@given(steps=STEPS)
def test_whatever_is_written_the_books_are_right(steps: list[tuple[str, Key, int]]):
    """Never over the limit; an entry is always the latest write of its key."""
    kept = Journal(limit_bytes=4000)
    latest: dict[Key, tuple[str, int]] = {}
    older: dict[Key, int] = {}
    for what, key, number in steps:
        if what in ("put", "remove"):
            if key in latest:
                older[key] = latest[key][1]
            if what == "put":
                ticket = kept.put(key, bytes(number), number)
            else:
                ticket = kept.remove(key)
            latest[key] = (what, ticket)
        elif what == "confirm" and key in latest:
            kept.confirm(key, latest[key][1])
        elif what == "late" and older.get(key, 0) < latest.get(key, ("", 0))[1]:
            before = (kept.pending(), kept.kept(), kept.status())
            kept.confirm(key, older.get(key, 0))
            assert (kept.pending(), kept.kept(), kept.status()) == before
        elif what == "doubt":
            kept.doubt(key)
            assert key not in [one.key for one in kept.kept()]
        elif what == "forget":
            kept.forget(key)
        elif what == "end":
            kept.end(number)
            assert all(one.ends_ms > number for one in kept.kept())
            latest.update({one.key: (one.write, one.ticket) for one in kept.pending()})
        entries = [*kept.pending(), *kept.kept()]
        status = kept.status()
        assert len({one.key for one in entries}) == len(entries) == status.pending + status.kept
        assert status.used_bytes == sum(one.weight_bytes for one in entries) <= status.limit_bytes
        assert all(one.ticket == latest[one.key][1] for one in entries)


def test_some_of_what_is_pending():
    """Some of what is pending is given without looking at the rest."""
    kept = journal()
    for key in (A, B, C, D):
        kept.put(key, b"", END)
    assert kept.some_pending(0, 3) == [A, B, C]
    assert kept.some_pending(2, 3) == [C, D]
    assert kept.some_pending(9, 3) == []
