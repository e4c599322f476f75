"""What a process remembers of sessions."""

from __future__ import annotations

import asyncio

import pytest

from engine.cache import session_copies
from engine.cache.adapters.memory_sessions import MemorySessions
from engine.cache.ports import SessionRecord
from engine.cache.session_copies import Copy, SessionCopies
from tests.conftest import FakeClock


def record(name: str, version: int = 1, *, data: bytes = b"d", messages: int = 0) -> SessionRecord:
    """Return a session that does not end."""
    return SessionRecord(name, "ann", version, data, 0, 0, 2**50, messages)


def made(clock: FakeClock) -> SessionCopies:
    """Return copies in a twin of its own."""
    return SessionCopies(twin=MemorySessions(now_ms=lambda: 1), clock=clock)


def test_older_answer_changes_nothing(clock: FakeClock):
    """An answer of Redis that was overtaken by a newer one is not taken over."""

    async def check() -> None:
        copies = made(clock)
        await copies.mirror(record("a", 3))
        await copies.mirror(record("a", 2))
        assert await copies.twin.load("a") == record("a", 3)

    asyncio.run(check())


def test_unsaved_copy_is_not_overwritten(clock: FakeClock):
    """What Redis lacks stays as it is here, whatever Redis has."""

    async def check() -> None:
        copies = made(clock)
        copy = await copies.mirror(record("a", 1))
        copy.has_data = True
        await copies.mirror(record("a", 9))
        assert await copies.twin.load("a") == record("a", 1)
        assert copies.unsaved() == ["a"]

    asyncio.run(check())


def test_memory_is_bounded(clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    """Saved copies used longest ago leave first; unsaved ones stay."""
    monkeypatch.setattr(session_copies, "MOST_BYTES", 20_000)

    async def check() -> None:
        copies = made(clock)
        (await copies.mirror(record("unsaved"))).has_touch = True
        for number in range(50):
            await copies.mirror(record(f"s{number}", data=bytes(1000)))
            copies.get("s0")
        assert 8 <= len(copies) <= 15
        assert copies.get("unsaved") is not None
        assert copies.get("s0") is not None
        assert copies.get("s1") is None
        assert await copies.twin.load("s1") is None

    asyncio.run(check())


def test_whole_history_fills_the_copy(clock: FakeClock):
    """Messages that others wrote are known once the whole history was read."""

    async def check() -> None:
        copies = made(clock)
        copy = await copies.mirror(record("a", messages=2))
        assert copy.unseen == 2
        await copies.fill("a", [b"1", b"2"])
        assert copy.unseen == 0
        assert list(await copies.twin.history("a", 0, 9)) == [b"1", b"2"]
        await copies.fill("a", [b"1"])
        assert list(await copies.twin.history("a", 0, 9)) == [b"1", b"2"]

    asyncio.run(check())


def test_after_a_loss_everything_is_to_be_handed_over(clock: FakeClock):
    """All known sessions are, but those that were gone long before; removals stay removals."""

    async def check() -> None:
        copies = made(clock)
        for name in ("kept", "just gone", "long gone"):
            await copies.mirror(record(name))
        copies.enter("removed", Copy(0, is_removed=True), 1)
        copies.miss(copies.get("long gone") or Copy(0))
        clock.advance(40)
        copies.miss(copies.get("just gone") or Copy(0))
        await copies.lose()
        assert set(copies.unsaved()) == {"kept", "just gone", "removed"}
        removed = copies.get("removed")
        assert removed is not None
        assert not removed.is_new

    asyncio.run(check())
