"""How connections are made from the settings."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from engine.cache.adapters.redis_connections import RedisConnections
from engine.cache.settings import CacheSettings


def connections(url: str, password: str | None = None, username: str = "") -> RedisConnections:
    return RedisConnections(CacheSettings(url=url, username=username), password)


@pytest.mark.parametrize(
    ("url", "deadline_s"),
    [
        ("redis://localhost:1", 0.05),
        ("redis://127.0.0.1:1,[::1]:2", 0.05),
        ("redis://127.0.0.1:1,elsewhere:2", 0.15),
        ("unix:///run/redis.sock", 0.05),
    ],
)
def test_deadline_depends_on_the_distance(url: str, deadline_s: float):
    """Only where every host is this machine the short deadline holds."""
    assert connections(url).deadline_s == deadline_s


@pytest.mark.parametrize(
    ("url", "host", "kind"),
    [
        ("redis://a:1/2", ("a", 1), Connection),
        ("rediss://a:1/2", ("a", 1), SSLConnection),
        ("unix:///run/redis.sock", None, UnixDomainSocketConnection),
    ],
)
def test_link_waits_without_end_and_never_retries(
    url: str, host: tuple[str, int] | None, kind: type
):
    """A link's connection is of the right kind, speaks RESP3, and leaves deadlines to others."""
    link = connections(url).link(host)
    assert type(link) is kind
    assert (link.protocol, link.socket_timeout, link.retry.get_retries()) == (3, None, 0)
    assert link.driver_info is None
    if host is not None:
        assert (link.host, link.port, link.db) == (*host, 2)  # type: ignore[attr-defined]
    else:
        assert link.path == "/run/redis.sock"  # type: ignore[attr-defined]


def test_certificates_are_read_once():
    """All connections of one maker share their certificates."""
    maker = connections("rediss://a:1")
    first, second = (maker.link(("a", 1)) for _ in range(2))
    context = first.ssl_context.get()  # type: ignore[attr-defined]
    assert context is second.ssl_context.get()  # type: ignore[attr-defined]
    assert context.check_hostname


@pytest.mark.parametrize(
    ("password", "username", "said"),
    [
        (None, "", (None, None)),
        ("word", "", ("default", "word")),
        ("word", "app", ("app", "word")),
    ],
)
def test_user_and_password(password: str | None, username: str, said: tuple[str | None, ...]):
    """A password without a user is the default user's."""
    link = connections("redis://a:1", password, username).link(("a", 1))
    assert (link.username, link.password) == said


def test_pool_is_as_large_as_the_settings_say():
    """The pool has as many connections as were allowed and waits no longer than the deadline."""

    async def scenario() -> None:
        maker = RedisConnections(CacheSettings(url="redis://localhost:1", max_connections=7), None)
        client = maker.client()
        pool = client.connection_pool  # type: ignore[union-attr]
        assert (pool.max_connections, pool.timeout) == (7, 0.05)
        await client.aclose()

    asyncio.run(scenario())
