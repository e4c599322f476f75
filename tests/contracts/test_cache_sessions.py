"""Wherever sessions are kept, they behave alike: the contract of `SessionStore`."""

from __future__ import annotations

from dataclasses import replace

from engine.cache.ports import SessionRecord
from tests.contracts.cache_outside import Outside, Shared, outside

__all__ = ["outside"]

TO_THE_END = 2**40


def session(shared: Shared, name: str, owner: str = "ann", *, ago_s: int = 0) -> SessionRecord:
    """Return a new session that was touched `ago_s` before now and then ends in 100 s."""
    at_ms = shared.now_ms() - 1000 * ago_s
    return SessionRecord(
        id=name,
        owner=owner,
        version=1,
        data=b"\x81\xa1n\x01",
        created_ms=at_ms,
        touched_ms=at_ms,
        expires_ms=at_ms + 100_000,
    )


def test_session_comes_back_as_it_was(outside: Outside):
    """What was created is loaded; what was not is None; an id is taken once."""

    async def check(shared: Shared) -> None:
        record = session(shared, "s{1} é", "Ann {Lee}")
        assert await shared.sessions.create(record)
        assert await shared.sessions.load("s{1} é") == record
        assert await shared.sessions.load("other") is None
        assert not await shared.sessions.create(replace(record, data=b"new"))
        assert await shared.sessions.load("s{1} é") == record

    outside.run(check)


def test_update_needs_the_version_before(outside: Outside):
    """Who is first wins; who is late gets what is stored, unchanged."""

    async def check(shared: Shared) -> None:
        sessions, record = shared.sessions, session(shared, "a")
        await sessions.create(record)
        first = replace(record, version=2, data=b"first", expires_ms=record.expires_ms + 5)
        assert await sessions.update(first) == first
        assert await sessions.update(replace(record, version=2, data=b"late")) == first
        assert await sessions.load("a") == first
        assert await sessions.update(session(shared, "gone")) is None

    outside.run(check)


def test_update_may_skip_versions(outside: Outside):
    """`replaces` names the version that must be stored, however many are skipped."""

    async def check(shared: Shared) -> None:
        sessions, record = shared.sessions, session(shared, "a")
        await sessions.create(record)
        fifth = replace(record, version=5, data=b"fifth")
        assert await sessions.update(fifth, replaces=1) == fifth
        assert await sessions.update(replace(record, version=9), replaces=4) == fifth

    outside.run(check)


def test_base_stays(outside: Outside):
    """Where a session was changed unseen is kept, through updates that do not say."""

    async def check(shared: Shared) -> None:
        sessions, record = shared.sessions, replace(session(shared, "a"), base=7)
        await sessions.create(record)
        assert await sessions.load("a") == record
        second = replace(record, version=2, data=b"2")
        assert await sessions.update(replace(second, base=0)) == second
        third = replace(record, version=3, base=9)
        assert await sessions.update(third) == third
        assert list(await sessions.list(None, 10)) == [third]

    outside.run(check)


def test_owner_and_birth_never_change(outside: Outside):
    """An update stores data and times; the owner and the time of creation stay."""

    async def check(shared: Shared) -> None:
        sessions, record = shared.sessions, session(shared, "a")
        await sessions.create(record)
        stolen = replace(record, version=2, owner="eve", created_ms=1)
        assert await sessions.update(stolen) == replace(record, version=2)

    outside.run(check)


def test_session_ends(outside: Outside):
    """After its time it is gone: with its history, from the lists, for every call."""

    async def check(shared: Shared) -> None:
        sessions, record = shared.sessions, session(shared, "a")
        await sessions.create(record)
        await sessions.append("a", [b"hello"])
        shared.pass_time(101)
        assert await sessions.load("a") is None
        assert await sessions.update(replace(record, version=2)) is None
        assert not await sessions.touch("a", record.touched_ms, record.expires_ms)
        assert await sessions.append("a", [b"again"]) is None
        assert list(await sessions.history("a", 0, TO_THE_END)) == []
        assert list(await sessions.list(None, 10)) == []
        assert not await sessions.remove("a")

    outside.run(check)


def test_touched_session_lasts(outside: Outside):
    """A touch moves both times; the session and its history live on."""

    async def check(shared: Shared) -> None:
        sessions, record = shared.sessions, session(shared, "a")
        await sessions.create(record)
        await sessions.append("a", [b"hello"])
        shared.pass_time(60)
        touched_ms = record.touched_ms + 60_000
        assert await sessions.touch("a", touched_ms, touched_ms + 100_000)
        shared.pass_time(60)
        loaded = await sessions.load("a")
        assert loaded is not None
        assert (loaded.touched_ms, loaded.expires_ms) == (touched_ms, touched_ms + 100_000)
        assert list(await sessions.history("a", 0, TO_THE_END)) == [b"hello"]

    outside.run(check)


def test_removed_session_is_gone(outside: Outside):
    """Removing takes the history along; a new session of that id begins empty."""

    async def check(shared: Shared) -> None:
        sessions, record = shared.sessions, session(shared, "a")
        await sessions.create(record)
        await sessions.append("a", [b"hello"])
        assert await sessions.remove("a")
        assert not await sessions.remove("a")
        assert await sessions.load("a") is None
        assert list(await sessions.list("ann", 10)) == []
        assert await sessions.create(record)
        assert list(await sessions.history("a", 0, TO_THE_END)) == []

    outside.run(check)


def test_list_is_by_last_touch(outside: Outside):
    """All sessions or an owner's, last touched first, no more than asked for."""

    async def check(shared: Shared) -> None:
        sessions = shared.sessions
        for number, owner in enumerate(["ann", "bob", "ann", "ann"]):
            await sessions.create(session(shared, f"s{number}", owner, ago_s=40 - 10 * number))
        await sessions.append("s1", [b"one", b"two"])
        touched_ms = shared.now_ms()
        await sessions.touch("s0", touched_ms, touched_ms + 100_000)
        assert [each.id for each in await sessions.list(None, 10)] == ["s0", "s3", "s2", "s1"]
        assert [each.id for each in await sessions.list("ann", 2)] == ["s0", "s3"]
        assert [(each.id, each.messages) for each in await sessions.list("bob", 10)] == [("s1", 2)]
        assert list(await sessions.list("nobody", 10)) == []
        assert list(await sessions.list(None, 0)) == []

    outside.run(check)


def test_long_list_reaches_behind_the_ended(outside: Outside):
    """Many ended sessions in front hide none of those that are alive."""

    async def check(shared: Shared) -> None:
        sessions = shared.sessions
        await sessions.create(replace(session(shared, "old", ago_s=90), expires_ms=10**15))
        for number in range(230):
            await sessions.create(session(shared, f"s{number}"))
        shared.pass_time(101)
        assert [each.id for each in await sessions.list(None, 10)] == ["old"]

    outside.run(check)


def test_history_grows_at_its_end(outside: Outside):
    """Messages are counted from the first, slices work as in Python, bytes stay bytes."""

    async def check(shared: Shared) -> None:
        sessions = shared.sessions
        await sessions.create(session(shared, "a"))
        assert await sessions.append("a", [b"0", b"\x00\xff"]) == 2
        assert await sessions.append("a", [b"2"]) == 3
        assert await sessions.append("a", []) == 3
        for start, stop in [(0, TO_THE_END), (1, 2), (-1, TO_THE_END), (0, -1), (0, 0), (2, 1)]:
            expected = [b"0", b"\x00\xff", b"2"][start:stop]
            assert list(await sessions.history("a", start, stop)) == expected
        loaded = await sessions.load("a")
        assert loaded is not None
        assert loaded.messages == 3
        assert await sessions.append("gone", [b"x"]) is None

    outside.run(check)


def test_merge_adds_what_is_missing(outside: Outside):
    """Messages that are in the history already are not added again; the others come last."""

    async def check(shared: Shared) -> None:
        sessions = shared.sessions
        await sessions.create(session(shared, "a"))
        assert await sessions.merge("a", [b"1", b"2"]) == 2
        assert await sessions.merge("a", [b"2", b"3\xff", b"1", b"4"]) == 4
        assert await sessions.merge("a", []) == 4
        assert list(await sessions.history("a", 0, TO_THE_END)) == [b"1", b"2", b"3\xff", b"4"]
        assert await sessions.merge("gone", [b"1"]) is None
        shared.pass_time(101)
        assert await sessions.merge("a", [b"5"]) is None

    outside.run(check)


def test_update_keeps_the_history(outside: Outside):
    """Data and messages change apart from each other, and live equally long."""

    async def check(shared: Shared) -> None:
        sessions, record = shared.sessions, session(shared, "a")
        await sessions.create(record)
        await sessions.append("a", [b"hello"])
        later = replace(record, version=2, expires_ms=record.expires_ms + 100_000)
        assert await sessions.update(later) == replace(later, messages=1)
        shared.pass_time(150)
        assert list(await sessions.history("a", 0, TO_THE_END)) == [b"hello"]

    outside.run(check)
