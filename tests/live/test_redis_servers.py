"""Real servers as users have them: with passwords, rights, certificates, sockets and replicas."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.cache.adapters.redis_backend import redis_backend
from engine.cache.adapters.redis_connections import RedisConnections
from engine.cache.adapters.redis_directories import directory_for
from engine.cache.adapters.redis_errors import translated
from engine.cache.keys import VALUES
from engine.cache.ports import Node, Put
from engine.cache.settings import CacheSettings, TlsSettings
from engine.errors import OutsideError, Refused, SettingsError, TimedOut, Unreachable
from tests.live.certificates import make_certificates
from tests.live.ports import free_port
from tests.live.redis import RedisServer
from tests.live.redis_fixtures import MakeRedis

pytestmark = pytest.mark.live

KEY = VALUES + b"n.0::=a"
PATIENCE_S = 10.0


def play(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Play `scenario` within some seconds; it must leave no task behind."""

    async def played() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await scenario()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left behind"

    asyncio.run(played())


async def opened(
    settings: CacheSettings, password: str | None = None, heard: list[bytes] | None = None
) -> Node:
    """Return the open node of a single server."""
    (node,) = await directory_for(RedisConnections(settings, password)).find()

    def invalidated(keys: Sequence[bytes] | None) -> None:
        if heard is not None and keys is not None:
            heard.extend(keys)

    await node.open(invalidated, lambda reason: None)
    return node


def check_use(settings: CacheSettings, password: str | None = None) -> None:
    """Store and read a value, and use the pool, with these settings."""

    async def scenario() -> None:
        node = await opened(settings, password)
        assert node.coherence == "tracking"
        assert await node.write([Put(KEY, b"value", 60_000)]) == [1]
        client = RedisConnections(settings, password).client()
        assert await client.get(KEY) == b"value"
        await client.aclose()
        await node.close()

    play(scenario)


def failure(settings: CacheSettings, password: str | None = None) -> OutsideError:
    """Return why the node cannot be opened; the pool must fail alike."""
    errors: list[OutsideError] = []

    async def scenario() -> None:
        with pytest.raises(OutsideError) as failed:
            await opened(settings, password)
        client = RedisConnections(settings, password).client()
        with pytest.raises(type(failed.value)), translated("it"):
            await client.get(KEY)
        await client.aclose()
        errors.append(failed.value)

    play(scenario)
    return errors[0]


def test_unix_socket(redis_server: RedisServer):
    """A server is reached by its socket's path, and counts as near."""
    settings = CacheSettings(url=f"unix://{redis_server.socket}")
    check_use(settings)

    async def scenario() -> None:
        (node,) = await directory_for(RedisConnections(settings, None)).find()
        assert node.name == str(redis_server.socket)
        assert node.is_loopback

    play(scenario)


def test_database_of_the_address(redis_server: RedisServer):
    """Values lie in the database that the address names."""
    check_use(CacheSettings(url=f"redis://{redis_server.name}/3"))
    assert redis_server.cli("-n", "3", "GET", KEY.decode()) == "value"


def test_password(make_redis: MakeRedis):
    """The right password lets in; a wrong one, or none, is told with the remedy and without it."""
    server = make_redis(password="se cret")
    settings = CacheSettings(url=server.url)
    check_use(settings, "se cret")
    for wrong in ("wr0ng", None):
        error = failure(settings, wrong)
        assert isinstance(error, Refused)
        assert "cache password" in str(error)
        assert "wr0ng" not in f"{error!r} {error.__cause__!r}"


def test_password_that_nobody_asked_for(redis_server: RedisServer):
    """A server that lets everybody in is used whatever password is set."""
    check_use(CacheSettings(url=redis_server.url), "any")


def test_user_with_few_rights(redis_server: RedisServer):
    """A user who may use our keys and read what others write has all that is needed."""
    rights = ("on", ">word", "~uat:1:*", "&uat:1:*", "+@all", "-@dangerous", "-@admin")
    redis_server.cli("ACL", "SETUSER", "app", *rights)
    check_use(CacheSettings(url=redis_server.url, username="app"), "word")


def test_messages_where_tracking_is_not_allowed(redis_server: RedisServer):
    """Without the right to tracking, writes are told by messages, and own ones are not heard."""
    redis_server.cli(
        "ACL", "SETUSER", "app", "on", ">word", "~uat:1:*", "&uat:1:*", "+@all", "-client|tracking"
    )
    settings = CacheSettings(url=redis_server.url, username="app")

    async def scenario() -> None:
        mine: list[bytes] = []
        yours: list[bytes] = []
        node = await opened(settings, "word", mine)
        other = await opened(settings, "word", yours)
        assert node.coherence == "messages"
        assert await node.write([Put(KEY, b"1", 60_000)]) == [1]
        while not yours:
            await other.read([KEY])
        assert yours == [KEY]
        await node.read([KEY])
        assert not mine
        await node.close()
        await other.close()

    play(scenario)


def test_no_coherence_where_nothing_is_allowed(redis_server: RedisServer):
    """A user who may neither track nor listen can use the server, and the node says so."""
    redis_server.cli(
        *("ACL", "SETUSER", "app", "on", ">word", "~uat:1:*", "+@all", "-client|tracking")
    )

    async def scenario() -> None:
        node = await opened(CacheSettings(url=redis_server.url, username="app"), "word")
        assert node.coherence == "none"
        assert await node.write([Put(KEY, b"1", 60_000)]) == [1]
        await node.close()

    play(scenario)


def test_forbidden_command_is_refused_alone(redis_server: RedisServer):
    """What the user may not do is refused with the remedy; the rest of the call is done."""
    redis_server.cli("ACL", "SETUSER", "app", "on", ">word", "~uat:1:c:*", "+@all", "&uat:*")

    async def scenario() -> None:
        node = await opened(CacheSettings(url=redis_server.url, username="app"), "word")
        done, refused = await node.write([Put(KEY, b"1", 60_000), Put(b"elsewhere", b"1", 60_000)])
        assert done == 1
        assert isinstance(refused, Refused)
        assert "ACL SETUSER" in str(refused)
        with pytest.raises(Refused):
            await node.read([b"elsewhere"])
        await node.close()

    play(scenario)


def test_tls(make_redis: MakeRedis, certificates: Path):
    """A server is reached by TLS where its certificate is known and names the host."""
    server = make_redis(tls=certificates)
    check_use(
        CacheSettings(
            url=server.url,
            loopback_deadline_ms=2000,
            tls=TlsSettings(ca_file=str(certificates / "ca.pem")),
        )
    )


def test_unknown_certificate(make_redis: MakeRedis, certificates: Path):
    """A certificate that nobody vouches for is not accepted."""
    server = make_redis(tls=certificates)
    error = failure(CacheSettings(url=server.url, loopback_deadline_ms=2000))
    assert isinstance(error, Unreachable)
    assert "certificate" in str(error).lower()


def test_certificate_of_another_host(make_redis: MakeRedis, tmp_path_factory: Any):
    """A certificate that names another host is accepted only where that was asked for."""
    folder = make_certificates(tmp_path_factory.mktemp("tls"), host="DNS:elsewhere.example")
    server = make_redis(tls=folder)
    ca_file = str(folder / "ca.pem")
    error = failure(
        CacheSettings(url=server.url, loopback_deadline_ms=2000, tls=TlsSettings(ca_file=ca_file))
    )
    assert isinstance(error, Unreachable)
    check_use(
        CacheSettings(
            url=server.url,
            loopback_deadline_ms=2000,
            tls=TlsSettings(ca_file=ca_file, check_hostname=False),
        )
    )


def test_missing_certificates_are_a_wrong_setting():
    """Files that cannot be read are told by the names of their settings."""
    settings = CacheSettings(url="rediss://h:1", tls=TlsSettings(ca_file="/nowhere/ca.pem"))
    with pytest.raises(SettingsError, match=r"cache\.tls\.ca_file"):
        RedisConnections(settings, None).client()


def test_frozen_server(redis_server: RedisServer):
    """A server that takes connections and says nothing has timed out."""
    redis_server.pause()
    assert isinstance(failure(CacheSettings(url=redis_server.url)), TimedOut)


def test_absent_server():
    """Nobody at the address: unreachable, by name."""
    port = free_port()
    error = failure(CacheSettings(url=f"redis://127.0.0.1:{port}"))
    assert isinstance(error, Unreachable)
    assert str(port) in str(error)


def test_something_else_than_redis():
    """A server that speaks another language is told from Redis, and nothing is left open."""
    answering: list[Any] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.append(asyncio.current_task())
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OutsideError, match=str(port)):
            await opened(CacheSettings(url=f"redis://127.0.0.1:{port}"))
        server.close()
        await server.wait_closed()
        await asyncio.gather(*answering, return_exceptions=True)

    play(scenario)


def test_first_host_that_takes_writes(redis_server: RedisServer, make_redis: MakeRedis):
    """Of several hosts the one that takes writes is used, else one that answers."""
    replica = make_redis("--replicaof", "127.0.0.1", str(redis_server.port))
    nobody = f"127.0.0.1:{free_port()}"
    settings = CacheSettings(url=f"redis://{nobody},{replica.name},{redis_server.name}/0")

    async def scenario() -> None:
        directory = directory_for(RedisConnections(settings, None))
        (node,) = await directory.find()
        assert node.name == directory.name_for(KEY) == redis_server.name
        assert (await directory.find())[0] is node
        redis_server.kill()
        (node,) = await directory.find()
        assert node.name == replica.name
        replica.kill()
        with pytest.raises(Unreachable):
            await directory.find()
        await directory.close()

    play(scenario)


def test_pool_follows_the_server_that_takes_writes(
    redis_server: RedisServer, make_redis: MakeRedis
):
    """When servers change their roles, the pool fails once and then writes to the other one."""
    replica = make_redis("--replicaof", "127.0.0.1", str(redis_server.port))
    settings = CacheSettings(
        url=f"redis://{redis_server.name},{replica.name}/0", loopback_deadline_ms=1000
    )

    async def scenario() -> None:
        client = RedisConnections(settings, None).client()
        await client.set(KEY, b"1")
        replica.cli("REPLICAOF", "NO", "ONE")
        redis_server.cli("REPLICAOF", "127.0.0.1", str(replica.port))
        with pytest.raises(Refused, match="READONLY"), translated("it"):
            await client.set(KEY, b"2")
        await client.set(KEY, b"3")
        assert replica.cli("GET", KEY.decode()) == "3"
        await client.aclose()

    play(scenario)


def test_replica_refuses_writes(redis_server: RedisServer, make_redis: MakeRedis):
    """A replica answers reads, and refuses writes with the remedy."""
    replica = make_redis("--replicaof", "127.0.0.1", str(redis_server.port))

    async def scenario() -> None:
        node = await opened(CacheSettings(url=replica.url))
        newer = Put(KEY, b"1", 60_000, "newer")
        for outcome in await node.write([Put(KEY, b"1", 60_000), newer]):
            assert isinstance(outcome, Refused)
            assert "READONLY" in str(outcome)
        assert await node.read([KEY]) == [None]
        await node.close()

    play(scenario)


def test_backend_leaves_nothing_open(redis_server: RedisServer):
    """All parts of the outside work together, and nothing is left once they are closed."""

    async def scenario() -> None:
        backend = redis_backend(CacheSettings(url=redis_server.url), None)
        assert backend.directory is not None
        assert backend.inspector is not None
        (node,) = await backend.directory.find()
        await node.open(lambda keys: None, lambda reason: None)
        await node.write([Put(KEY, b"value", 60_000)])
        await backend.counters.add("c", 2, None)
        (facts,) = await backend.inspector.facts()
        assert (facts.role, facts.keys) == ("master", 3)
        ((key, ttl_s, size),) = await backend.inspector.scan(VALUES, 10)
        assert (key, size) == (KEY, 5)
        assert ttl_s is not None
        assert 0 < ttl_s <= 60
        await backend.directory.close()
        await backend.close()  # type: ignore[misc]

    play(scenario)
    assert redis_server.cli("INFO", "clients").count("connected_clients:1\n") == 1
