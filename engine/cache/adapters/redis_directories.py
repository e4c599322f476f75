"""Which servers of Redis there are: one, the one that a Sentinel names, or those of a Cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.cache.adapters.redis_connections import Host, RedisConnections
from engine.cache.adapters.redis_errors import translated
from engine.cache.adapters.redis_node import RedisNode
from engine.cache.address import is_loopback
from engine.cache.keys import DATA_IDENTITY
from engine.cache.ports import Directory
from engine.errors import OutsideError, Refused, Unreachable

SLOTS = 16_384
"""How many a Cluster has."""


def directory_for(connections: RedisConnections) -> Directory:
    """Return the directory of the servers that the address names; it connects to nothing."""
    if connections.address.kind == "cluster":
        return ClusterDirectory(connections)
    return ServerDirectory(connections)


class KnownNodes:
    """The nodes that were ever found, by name, so that each is one object."""

    def __init__(self, connections: RedisConnections) -> None:
        self._connections = connections
        self._nodes: dict[str, RedisNode] = {}

    def at(self, host: Host | None, slot_of: Callable[[bytes], int] | None = None) -> RedisNode:
        """Return the node at `host`, or at the socket of the address."""
        name = self._connections.address.path if host is None else _name(host)
        if name not in self._nodes:
            self._nodes[name] = RedisNode(
                name=name,
                is_loopback=host is None or is_loopback(host[0]),
                make_connection=lambda: self._connections.link(host),
                slot_of=slot_of,
            )
        return self._nodes[name]

    async def close(self) -> None:
        """Close them all."""
        for node in self._nodes.values():
            await node.close()


class ServerDirectory:
    """One server: at the URL's only host, the first that takes writes, or as Sentinel says."""

    def __init__(self, connections: RedisConnections) -> None:
        self._connections = connections
        self._address = connections.address
        self._nodes = KnownNodes(connections)
        self._found = ""

    @property
    def label(self) -> str:
        """Where Redis is, for people."""
        return self._address.label

    async def find(self) -> Sequence[RedisNode]:
        """Return the one node that takes writes now. Raises OutsideError where none is known.

        A single host is not asked: its node tells what is wrong with it.
        """
        if self._address.kind == "socket":
            node = self._nodes.at(None)
        else:
            with translated(self.label):
                host = await self._connections.find()
            node = self._nodes.at(host)
        self._found = node.name
        return (node,)

    def name_for(self, key: bytes) -> str:
        """Return the name of the one node; "" before it was found."""
        return self._found

    async def close(self) -> None:
        """Close every node. Never raises."""
        await self._nodes.close()


class ClusterDirectory:
    """The servers of a Cluster that take writes, and which slots each has."""

    def __init__(self, connections: RedisConnections) -> None:
        from redis.crc import key_slot

        self._connections = connections
        self._address = connections.address
        self._nodes = KnownNodes(connections)
        self._slot_of = key_slot
        self._names = [""] * SLOTS
        self._hosts: tuple[Host, ...] = ()
        """Of the last map; asked first, as the URL may name only servers that are gone by now."""

    @property
    def label(self) -> str:
        """Where Redis is, for people."""
        return self._address.label

    async def find(self) -> Sequence[RedisNode]:
        """Return a node for each server that takes writes. Raises OutsideError."""
        ranges = await self._read_map()
        names = [""] * SLOTS
        found: dict[str, RedisNode] = {}
        for first, last, host in ranges:
            node = self._nodes.at(host, self._slot_of)
            found[node.name] = node
            names[first : last + 1] = [node.name] * (last + 1 - first)
        self._names = names
        self._hosts = tuple({host: None for _, _, host in ranges})
        for node in found.values():
            self._give_identity(node)
        return tuple(found.values())

    def name_for(self, key: bytes) -> str:
        """Return the name of the node that has `key`; "" where no server has its slot."""
        return self._names[self._slot_of(key)]

    async def close(self) -> None:
        """Close every node. Never raises."""
        await self._nodes.close()

    async def _read_map(self) -> list[tuple[int, int, Host]]:
        failure: OutsideError = Unreachable(f"{self.label}: there is no host")
        for host in dict.fromkeys((*self._hosts, *self._address.hosts)):
            try:
                with translated(_name(host)):
                    slots = await self._connections.ask(host, "CLUSTER", "SLOTS")
            except OutsideError as error:
                failure = error
                continue
            if slots:
                return [(first, last, _host(server, host)) for first, last, server, *_ in slots]
            failure = Refused(f"{_name(host)} belongs to no Cluster that has slots; create it")
        raise failure

    def _give_identity(self, node: RedisNode) -> None:
        if self.name_for(node.identity_key) == node.name:
            return
        tag = 0
        while self.name_for(key := DATA_IDENTITY + b"{%d}" % tag) != node.name:
            tag += 1
        node.identity_key = key


def _host(server: Sequence[object], asked: Host) -> Host:
    # A server that does not know its own address leaves it out: it is where it was asked.
    host, port = server[0], server[1]
    name = host.decode() if isinstance(host, bytes) else ""
    assert isinstance(port, int), f"CLUSTER SLOTS tells {port!r} for a port"
    return (name if name not in ("", "?") else asked[0], port)


def _name(host: Host) -> str:
    return f"{host[0]}:{host[1]}"
