"""Wherever leases are kept, they behave alike: the contract of `LeaseStore`."""

from __future__ import annotations

from engine.cache.notes import Notes
from tests.contracts.cache_outside import Outside, Shared, outside

__all__ = ["outside"]


def test_one_holder_at_a_time(outside: Outside):
    """Who asks first has the lease; nobody else gets it, renews it or gives it back."""

    async def check(shared: Shared) -> None:
        leases = shared.leases
        assert await leases.acquire("a", "one", 10) is not None
        assert await leases.acquire("a", "two", 10) is None
        assert not await leases.renew("a", "two", 10)
        assert not await leases.release("a", "two")
        assert await leases.acquire("b", "two", 10) is not None

    outside.run(check)


def test_tokens_grow_with_every_holder(outside: Outside):
    """Whoever has it later has the larger token; its own holder keeps the token it has."""

    async def check(shared: Shared) -> None:
        leases = shared.leases
        tokens = []
        for holder in ("one", "two", "one"):
            token = await leases.acquire("a", holder, 10)
            assert token == await leases.acquire("a", holder, 10)
            tokens.append(token)
            assert await leases.release("a", holder)
        assert tokens == sorted(set(tokens))

    outside.run(check)


def test_lease_ends(outside: Outside):
    """After its time it is anybody's, its holder cannot renew it, and the token still grows."""

    async def check(shared: Shared) -> None:
        leases = shared.leases
        first = await leases.acquire("a", "one", 10)
        shared.pass_time(10.5)
        assert not await leases.renew("a", "one", 10)
        second = await leases.acquire("a", "two", 10)
        assert first is not None
        assert second is not None
        assert second > first
        assert not await leases.release("a", "one")
        assert not await leases.renew("a", "one", 10)

    outside.run(check)


def test_renewed_lease_lasts(outside: Outside):
    """Renewing, or asking again, counts from now."""

    async def check(shared: Shared) -> None:
        leases = shared.leases
        await leases.acquire("a", "one", 10)
        shared.pass_time(6)
        assert await leases.renew("a", "one", 10)
        shared.pass_time(6)
        assert await leases.acquire("a", "two", 10) is None
        assert await leases.acquire("a", "one", 10) is not None
        shared.pass_time(6)
        assert await leases.acquire("a", "two", 10) is None

    outside.run(check)


def test_given_back_lease_is_free(outside: Outside):
    """What is given back may be had at once, and is not given back twice."""

    async def check(shared: Shared) -> None:
        leases = shared.leases
        await leases.acquire("a", "one", 10)
        assert await leases.release("a", "one")
        assert not await leases.release("a", "one")
        assert await leases.acquire("a", "two", 10) is not None

    outside.run(check)


def test_any_name_will_do(outside: Outside):
    """Braces, blanks and other scripts make names of their own."""

    async def check(shared: Shared) -> None:
        leases = shared.leases
        for name in ("", "{", "}", "{a}", "a b", "make:chat.0::=x", "gpu/0", "größe"):
            assert await leases.acquire(name, "one", 10) is not None
            assert await leases.acquire(name, "two", 10) is None

    outside.run(check)


def test_only_the_holder_writes_notes_and_all_read_them(outside: Outside):
    """What a holder wrote stays after it gave the lease back; nobody else writes anything."""

    async def check(shared: Shared) -> None:
        leases = shared.leases
        await leases.acquire("a", "one", 10)
        assert await leases.note("a", "one", "first", b"\x00:1\n2", 10)
        assert not await leases.note("a", "two", "second", b"2", 10)
        await leases.release("a", "one")
        assert not await leases.note("a", "one", "first", b"3", 10)
        assert (await leases.notes("a")).values == {"first": b"\x00:1\n2"}
        assert (await leases.notes("b")).values == {}
        await leases.acquire("a", "two", 10)
        assert await leases.note("a", "two", "second", b"2", 10)
        assert await leases.note("a", "two", "first", b"", 10)
        assert (await leases.notes("a")).values == {"second": b"2"}

    outside.run(check)


def test_notes_end(outside: Outside):
    """What is not written again is gone after its time, and the notes then begin anew."""

    async def check(shared: Shared) -> None:
        leases = shared.leases
        await leases.acquire("a", "one", 60)
        await leases.note("a", "one", "first", b"1", 10)
        shared.pass_time(10.5)
        assert await leases.notes("a") == Notes(0.0, {})

    outside.run(check)
