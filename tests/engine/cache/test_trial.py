"""A try of connection settings says what works or what to do, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

import engine.cache.trial
from engine.cache.ports import Backend
from engine.cache.settings import PASSWORD, CacheSettings
from engine.cache.snapshot import ServerFacts
from engine.cache.trial import try_connection
from engine.errors import Refused, SettingsError, Unreachable
from tests.engine.cache.simulated_cache import HERE, THERE, Outside, Secrets, run, running

SETTINGS = CacheSettings(url=HERE)


@pytest.fixture
def outside() -> Outside:
    """Return servers that answer."""
    outside = Outside()
    outside.server(HERE)
    return outside


def test_what_works(outside: Outside):
    """A server that answers is told with its version and how long it took."""

    async def work() -> None:
        found = await try_connection(outside.open, SETTINGS, "secret")
        assert found.is_good
        assert found.text == "It answers: Redis 7.0."
        assert found.latency_ms is not None
        assert found.latency_ms >= 0
        assert [each.name for each in found.servers] == ["here:6379"]
        assert outside.opened == [(SETTINGS, "secret")]
        assert outside.closed == 1

    run(work)


def test_no_address(outside: Outside):
    """Without an address nothing is opened, and that works."""

    async def work() -> None:
        found = await try_connection(outside.open, CacheSettings(), None)
        assert found.is_good
        assert found.servers == ()
        assert outside.opened == []

    run(work)


@pytest.mark.parametrize("fault", [Unreachable("x: start it"), Refused("x: wrong password")])
def test_what_does_not_answer(fault: Unreachable | Refused, outside: Outside):
    """What Redis or the network says is told as it is, and what was opened is closed."""
    outside.inspectors[HERE].fault = fault

    async def work() -> None:
        found = await try_connection(outside.open, SETTINGS, None)
        assert (found.is_good, found.text, found.servers) == (False, str(fault), ())
        assert found.latency_ms is None
        assert outside.closed == 1

    run(work)


def test_what_cannot_be_opened(outside: Outside):
    """A certificate that cannot be read is told."""
    outside.fault = SettingsError('cache.tls.ca_file is "x": it cannot be read')

    async def work() -> None:
        found = await try_connection(outside.open, SETTINGS, None)
        assert (found.is_good, found.text) == (False, str(outside.fault))

    run(work)


def test_who_never_answers(outside: Outside, monkeypatch: pytest.MonkeyPatch):
    """After a while a person is told that nothing answers, and what was opened is closed."""
    monkeypatch.setattr(engine.cache.trial, "TRIAL_LIMIT_S", 0.01)

    async def hang() -> Sequence[ServerFacts]:
        await asyncio.Event().wait()
        return ()

    outside.inspectors[HERE].facts = hang  # type: ignore[method-assign]

    async def work() -> None:
        found = await try_connection(outside.open, SETTINGS, None)
        assert not found.is_good
        assert "check host and port" in found.text
        assert outside.closed == 1

    run(work)


def test_several_servers(outside: Outside):
    """Of several servers their number and every version are told."""

    async def facts() -> Sequence[ServerFacts]:
        return [
            ServerFacts(name=f"s{number}", version=version, role="master")
            for number, version in enumerate(["7.2", "7.0", "7.2"])
        ]

    outside.inspectors[HERE].facts = facts  # type: ignore[method-assign]

    async def work() -> None:
        found = await try_connection(outside.open, SETTINGS, None)
        assert found.text == "3 servers answer: Redis 7.0, 7.2."

    run(work)


def test_from_the_service(outside: Outside):
    """The service tries other settings beside its own connection, with the password it has."""
    secrets = Secrets(**{PASSWORD: "kept"})

    async def work() -> None:
        outside.server(THERE)
        async with running(outside, secrets=secrets) as cache:
            assert (await cache.test_connection(THERE, "me")).is_good
            assert (await cache.test_connection(THERE, "me", "typed")).is_good
            settings, password = outside.opened[1]
            assert (settings.url, settings.username, password) == (THERE, "me", "kept")
            assert outside.opened[2][1] == "typed"
            assert cache.snapshot().address == "here:6379"
            assert cache.settings == CacheSettings(url=HERE)
            wrong = await cache.test_connection("http://x", "")
            assert not wrong.is_good
            assert "cache.url" in wrong.text
            secrets.fault = Refused("the keyring is locked: unlock it")
            locked = await cache.test_connection(THERE, "")
            assert (locked.is_good, locked.text) == (False, "the keyring is locked: unlock it")

    run(work)


def test_a_backend_without_an_inspector_is_a_mistake(outside: Outside):
    """Something that cannot be asked is no outside: a mistake in the program, told as one."""

    def open_blind(settings: CacheSettings, password: str | None) -> Backend:
        return replace(outside.open(settings, password), inspector=None)

    async def work() -> None:
        with pytest.raises(AssertionError):
            await try_connection(open_blind, SETTINGS, None)
        assert outside.closed == 1

    run(work)
