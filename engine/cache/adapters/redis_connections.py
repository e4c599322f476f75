"""Connections to Redis: how they are made, and the pools of whoever asks one thing at a time."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.cache.address import Address, is_loopback, parse_address
from engine.cache.settings import CacheSettings, TlsSettings
from engine.errors import SettingsError

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster
    from redis.asyncio.connection import AbstractConnection
    from redis.asyncio.retry import Retry

Host = tuple[str, int]
FindHosts = Callable[[], Awaitable[Sequence[Host]]]
"""Returns where to connect to now, most likely first."""


ASK_S = 0.5
"""Connecting and one answer may take this where no caller waits."""


def client_for(settings: CacheSettings, password: str | None) -> Redis | RedisCluster:
    """Return a client with a pool of `settings.max_connections`; it connects when it is asked.

    A caller waits for a free connection, and for an answer, `deadline_s` at most; nothing is asked
    twice. Answers are bytes, RESP2. Close it with `aclose()`. Raises SettingsError where
    certificates cannot be read.
    """
    from redis.asyncio import BlockingConnectionPool, Redis

    address = parse_address(settings.url)
    if address.kind == "cluster":
        return _cluster_client(settings, address, password)
    limit_s = deadline_s(settings)
    kind = connection_class(address)
    options = connection_options(settings, address, password)
    if address.kind == "socket":
        options["path"] = address.path
    else:
        kind = _finding(kind, lambda: hosts_now(settings, address))
    pool = BlockingConnectionPool(
        max_connections=settings.max_connections,
        timeout=limit_s,
        connection_class=kind,
        socket_timeout=limit_s,
        socket_connect_timeout=limit_s,
        protocol=2,
        **options,
    )
    return Redis.from_pool(pool)


def link_connection(
    settings: CacheSettings, password: str | None, host: Host | None
) -> AbstractConnection:
    """Return a connection for a `RedisLink`, to `host` or the socket of the settings.

    It speaks RESP3 and waits without end: whoever uses it has deadlines of his own.
    """
    address = parse_address(settings.url)
    place: dict[str, Any] = (
        {"path": address.path} if host is None else {"host": host[0], "port": host[1]}
    )
    options = connection_options(settings, address, password)
    return connection_class(address)(protocol=3, socket_timeout=None, **place, **options)


async def asked_once(
    settings: CacheSettings, password: str | None, host: Host, *command: str
) -> Any:
    """Return what the server at `host` answers to `command`. Raises redis-py's errors."""
    address = parse_address(settings.url)
    place: dict[str, Any] = {"host": host[0], "port": host[1]}
    connection = connection_class(address)(
        protocol=2,
        socket_timeout=ASK_S,
        socket_connect_timeout=ASK_S,
        **place,
        **connection_options(settings, address, password),
    )
    try:
        await connection.connect()  # type: ignore[no-untyped-call]  # redis-py left it so
        await connection.send_command(*command)
        return await connection.read_response()
    finally:
        await connection.disconnect(nowait=True)


async def hosts_now(settings: CacheSettings, address: Address) -> Sequence[Host]:
    """Return where the server is to be tried, in this order; asks the Sentinels where it must.

    Sentinels are asked without a user and a password. Raises redis-py's errors.
    """
    if address.kind != "sentinel":
        return address.hosts
    from redis.asyncio import Sentinel

    limit_s = deadline_s(settings)
    async with Sentinel(  # type: ignore[no-untyped-call]  # redis-py left it without types
        address.hosts,
        sentinel_kwargs={
            "socket_timeout": limit_s,
            "socket_connect_timeout": limit_s,
            "driver_info": None,
            "protocol": 2,
            "retry": _no_retry(),
            "ssl": address.is_tls,
            **tls_options(settings, address),
        },
    ) as sentinel:
        host, port = await sentinel.discover_master(address.service)
    return ((host, port),)


def deadline_s(settings: CacheSettings) -> float:
    """Return how long an answer may take; the shorter time where every host is this machine."""
    address = parse_address(settings.url)
    is_near = all(is_loopback(host) for host, _ in address.hosts)
    return (settings.loopback_deadline_ms if is_near else settings.network_deadline_ms) / 1000


def connection_options(
    settings: CacheSettings, address: Address, password: str | None
) -> dict[str, Any]:
    """Return what every connection is made with, apart from where to: user, database, TLS."""
    options: dict[str, Any] = {
        "username": settings.username or None,
        "password": password,
        "retry": _no_retry(),
        # A name in CLIENT LIST tells people whose connection it is; the library's is no use.
        "client_name": "universal-ai-tools",
        "driver_info": None,
        **tls_options(settings, address),
    }
    if address.database:
        options["db"] = address.database
    return options


def tls_options(settings: CacheSettings, address: Address) -> dict[str, Any]:
    """Return the options of TLS, none without it. Raises SettingsError for unreadable files."""
    if not address.is_tls:
        return {}
    tls = settings.tls
    _check_certificates(tls)
    return {
        "ssl_ca_certs": tls.ca_file or None,
        "ssl_certfile": tls.certificate_file or None,
        "ssl_keyfile": tls.key_file or None,
        "ssl_check_hostname": tls.check_hostname,
    }


def connection_class(address: Address) -> type[AbstractConnection]:
    """Return the class whose connections reach `address`: plain, TLS or by a socket's path."""
    from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

    if address.kind == "socket":
        return UnixDomainSocketConnection
    return SSLConnection if address.is_tls else Connection


def _cluster_client(
    settings: CacheSettings, address: Address, password: str | None
) -> RedisCluster:
    from redis.asyncio.cluster import ClusterNode, RedisCluster

    limit_s = deadline_s(settings)
    return RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in address.hosts],
        max_connections=settings.max_connections,
        socket_timeout=limit_s,
        socket_connect_timeout=limit_s,
        protocol=2,
        ssl=address.is_tls,
        **connection_options(settings, address, password),
    )


def _finding(kind: type[AbstractConnection], find: FindHosts) -> type[AbstractConnection]:
    from redis.exceptions import ConnectionError as NoConnection
    from redis.exceptions import TimeoutError as NoAnswer

    class FindingConnection(kind):  # type: ignore[valid-type, misc]
        """A connection that asks where to connect to, each time that it does."""

        async def connect(self) -> None:
            if self.is_connected:
                return
            failure: Exception = NoConnection("there is no host")
            for self.host, self.port in await find():
                try:
                    await super().connect()
                except (NoConnection, NoAnswer) as error:
                    failure = error
                else:
                    return
            raise failure

    return FindingConnection


def _no_retry() -> Retry:
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Retry(NoBackoff(), 0)


def _check_certificates(tls: TlsSettings) -> None:
    context = ssl.create_default_context()
    try:
        if tls.ca_file:
            context.load_verify_locations(cafile=tls.ca_file)
        if tls.certificate_file:
            context.load_cert_chain(tls.certificate_file, tls.key_file or None)
    except OSError as error:
        raise SettingsError(
            f"the certificates of cache.tls cannot be read ({error}): see cache.tls.ca_file, "
            "cache.tls.certificate_file and cache.tls.key_file"
        ) from error
