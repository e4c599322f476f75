"""Connections to Redis: how they are made, and the pools of whoever asks one thing at a time."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from engine.cache.adapters.redis_cancellable import cancellable
from engine.cache.address import is_loopback, parse_address
from engine.cache.settings import CacheSettings, TlsSettings
from engine.errors import SettingsError

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster
    from redis.asyncio.connection import AbstractConnection

Host = tuple[str, int]

ASK_S = 0.5
"""Connecting and one answer may take this where no caller waits."""


class RedisConnections:
    """Makes connections as the settings say: where to, as whom, with which certificates.

    Raises SettingsError where certificates cannot be read.
    """

    def __init__(self, settings: CacheSettings, password: str | None) -> None:
        self.address = parse_address(settings.url)
        self._settings = settings
        self._password = password
        self._found: Host | None = None
        # Reading the system's certificates takes 20 ms, in which the loop stands still; redis-py
        # would do so for each connection.
        self._context = _context(settings.tls) if self.address.is_tls else None

    @property
    def deadline_s(self) -> float:
        """How long an answer may take; the shorter time where every host is this machine."""
        is_near = all(is_loopback(host) for host, _ in self.address.hosts)
        settings = self._settings
        return (settings.loopback_deadline_ms if is_near else settings.network_deadline_ms) / 1000

    def client(self) -> Redis | RedisCluster:
        """Return a client with at most `settings.max_connections`; it connects when it is asked.

        A caller waits for a free connection, and for an answer, `deadline_s` at most; nothing is
        asked twice. Answers are bytes, RESP2. Close it with `aclose()`.
        """
        from redis.asyncio import BlockingConnectionPool, Redis

        if self.address.kind == "cluster":
            return self._cluster_client()
        options = self._options(self.deadline_s)
        is_local = self.address.kind == "socket"
        kind = cancellable(self._kind()) if is_local else self._seeking_kind()
        if self.address.kind == "socket":
            options["path"] = self.address.path
        pool = BlockingConnectionPool(
            max_connections=self._settings.max_connections,
            timeout=self.deadline_s,
            connection_class=kind,
            **options,
        )
        return Redis.from_pool(pool)

    def link(self, host: Host | None) -> AbstractConnection:
        """Return a connection for a `RedisLink`, to `host` or the socket of the settings.

        It speaks RESP3 and waits without end: whoever uses it has deadlines of his own.
        """
        options = {**self._options(None), "protocol": 3}
        return self._prepared(self._kind()(**options), host)

    async def ask(self, host: Host, *command: str, as_nobody: bool = False) -> Any:
        """Return what the server at `host` answers to one command. Raises redis-py's errors.

        as_nobody: do not sign in.
        """
        options = self._options(ASK_S)
        if as_nobody:
            options.update(username=None, password=None, db=0)
        connection = self._prepared(cancellable(self._kind())(**options), host)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]  # redis-py left it so
            await connection.send_command(*command)
            return await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)

    async def find(self) -> Host:
        """Return where the server is that takes writes now. Raises redis-py's errors.

        A single host is not asked. Of several, the first that takes writes is it, else the first
        that answers; of Sentinels, the first that knows is believed.
        """
        if len(self.address.hosts) == 1 and self.address.kind == "server":
            return self.address.hosts[0]
        self._found = await (
            self._find_by_sentinel() if self.address.kind == "sentinel" else self._find_writable()
        )
        return self._found

    async def _find_by_sentinel(self) -> Host:
        from redis.exceptions import ConnectionError as NoConnection
        from redis.exceptions import RedisError

        failure: RedisError = NoConnection(f"no Sentinel knows {self.address.service}")
        for host in self.address.hosts:
            try:
                told = await self._ask_sentinel(host)
            except RedisError as error:
                failure = error
            else:
                if told is not None:
                    return (told[0].decode(), int(told[1]))
        raise failure

    async def _find_writable(self) -> Host:
        from redis.exceptions import ConnectionError as NoConnection
        from redis.exceptions import RedisError, ResponseError

        answering: list[Host] = []
        failure: RedisError = NoConnection("there is no host")
        # The one of last time first: others may be gone, which takes time to notice.
        for host in sorted(self.address.hosts, key=lambda host: host != self._found):
            try:
                role, *_ = await self.ask(host, "ROLE")
            except ResponseError:  # the user may not ask
                role = None
            except RedisError as error:
                failure = error
                continue
            if role == b"master":
                return host
            answering.append(host)
        if not answering:
            raise failure
        return answering[0]

    async def _ask_sentinel(self, host: Host) -> Any:
        from redis.exceptions import AuthenticationError

        command = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.address.service)
        try:
            return await self.ask(host, *command, as_nobody=True)
        except AuthenticationError:
            # Few Sentinels have a password; those that do, mostly that of their servers.
            return await self.ask(host, *command)

    def _options(self, limit_s: float | None) -> dict[str, Any]:
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        return {
            # Said with its name: RESP2 and RESP3 then agree where the server needs no password.
            "username": self._settings.username or ("default" if self._password else None),
            "password": self._password,
            "db": self.address.database,
            "protocol": 2,
            "socket_timeout": limit_s,
            "socket_connect_timeout": limit_s,
            "retry": Retry(NoBackoff(), 0),
            # Nothing is said of ourselves: the user may lack the right to.
            "driver_info": None,
        }

    def _kind(self) -> type[AbstractConnection]:
        from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

        if self.address.kind == "socket":
            return UnixDomainSocketConnection
        return SSLConnection if self.address.is_tls else Connection

    def _prepared(self, connection: Any, host: Host | None) -> AbstractConnection:
        """Return `connection` with its place and our certificates."""
        if host is None:
            connection.path = self.address.path
        else:
            connection.host, connection.port = host
        if self._context is not None:
            connection.ssl_context.context = self._context
        prepared: AbstractConnection = connection
        return prepared

    def _seeking_kind(self) -> type[AbstractConnection]:
        """Return the class of connections that look for their server each time they connect."""
        from redis.exceptions import ReadOnlyError

        connections = self

        class SeekingConnection(cancellable(self._kind())):  # type: ignore[misc]
            """Ends itself where its server takes no writes any more."""

            async def connect(self) -> None:
                if not self.is_connected:
                    connections._prepared(self, await connections.find())
                    await super().connect()

            async def read_response(self, *words: Any, **options: Any) -> Any:
                try:
                    return await super().read_response(*words, **options)
                except ReadOnlyError:
                    await self.disconnect(nowait=True)
                    raise

        return SeekingConnection

    def _cluster_client(self) -> RedisCluster:
        from redis.asyncio.cluster import ClusterNode, RedisCluster

        options = self._options(self.deadline_s)
        if self.address.is_tls:
            # It makes its connections itself, from files and not from our context.
            tls = self._settings.tls
            options.update(
                ssl=True,
                ssl_ca_certs=tls.ca_file or None,
                ssl_certfile=tls.certificate_file or None,
                ssl_keyfile=tls.key_file or None,
                ssl_check_hostname=tls.check_hostname,
            )
        client = RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in self.address.hosts],
            max_connections=self._settings.max_connections,
            **options,
        )
        # It takes no class of connections; the nodes it knows and those it finds get ours.
        kind: Any = cancellable(self._kind())
        client.get_connection_kwargs()["connection_class"] = kind
        for node in client.startup_nodes:
            node.connection_class = kind
        return client


def _context(tls: TlsSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = tls.check_hostname
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
    return context
