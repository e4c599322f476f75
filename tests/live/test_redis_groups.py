"""Servers that Sentinels watch, and a Cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from engine.cache.adapters.redis_connections import RedisConnections
from engine.cache.adapters.redis_directories import directory_for
from engine.cache.adapters.redis_inspector import RedisInspector
from engine.cache.keys import DATA_IDENTITY, VALUES
from engine.cache.ports import Node, Put
from engine.cache.settings import CacheSettings, TlsSettings
from engine.errors import OutsideError, Refused, Unreachable
from tests.live.programs import wait_until
from tests.live.redis_fixtures import MakeRedis
from tests.live.redis_groups import RedisCluster, Sentinels

pytestmark = pytest.mark.live

KEYS = [VALUES + b"n.0::=%d" % number for number in range(50)]
PATIENCE_S = 30.0


def play(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Play `scenario` within some seconds; it must leave no task behind."""

    async def played() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await scenario()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left behind"

    asyncio.run(played())


def connections(url: str) -> RedisConnections:
    # The time limits of users are too short for six servers on a busy machine.
    return RedisConnections(CacheSettings(url=url, loopback_deadline_ms=1000), None)


async def open_all(nodes: Any) -> None:
    for node in nodes:
        await node.open(lambda keys: None, lambda reason: None)


def test_replica_takes_over(sentinels: Sentinels):
    """When the server ends, the directory and the pool find the one that the Sentinels name.

    A name that they do not know is unreachable.
    """

    async def scenario() -> None:
        with pytest.raises(Unreachable, match="other"):
            await directory_for(connections(sentinels.url.replace("/pair", "/other"))).find()
        directory = directory_for(connections(sentinels.url))
        client = connections(sentinels.url).client()
        (first,) = await directory.find()
        assert first.name == sentinels.first.name
        await open_all([first])
        assert await first.write([Put(KEYS[0], b"1", 60_000)]) == [1]
        await client.wait(1, 5000)
        sentinels.first.kill()
        second = await another(directory, first)
        assert second.name == directory.name_for(KEYS[0]) == sentinels.second.name
        await open_all([second])
        assert await second.read([KEYS[0]]) == [b"1"]
        assert await second.write([Put(KEYS[0], b"2", 60_000)]) == [1]
        assert await client.get(KEYS[0]) == b"2"
        await client.aclose()
        await directory.close()

    play(scenario)


async def another(directory: Any, known: Node) -> Node:
    """Return the node that takes the place of `known`."""
    while True:
        (node,) = await directory.find()
        if node is not known:
            return node  # type: ignore[no-any-return]
        await asyncio.sleep(0.05)


def test_cluster_shares_the_keys(redis_cluster: RedisCluster):
    """Each server of a Cluster is a node, has an identity, and answers for its own keys."""

    async def scenario() -> None:
        directory = directory_for(connections(redis_cluster.url))
        nodes = {node.name: node for node in await directory.find()}
        assert nodes.keys() == {server.name for server in redis_cluster.servers}
        identities = {
            await node.open(lambda keys: None, lambda reason: None) for node in nodes.values()
        }
        assert len(identities) == 3
        by_name: dict[str, list[bytes]] = {name: [] for name in nodes}
        for key in KEYS:
            by_name[directory.name_for(key)].append(key)
        assert all(by_name.values())
        for name, keys in by_name.items():
            assert await nodes[name].write([Put(key, key, 60_000) for key in keys]) == [1] * len(
                keys
            )
            assert await nodes[name].read([keys[-1], VALUES, *keys][::2]) == [
                key if key in keys else None for key in [keys[-1], VALUES, *keys][::2]
            ]
            (identity,) = await nodes[name].read([DATA_IDENTITY])
            assert identity is not None
        assert {node.name: node for node in await directory.find()} == nodes
        await directory.close()

    play(scenario)


def test_cluster_is_found_by_any_server_that_is_left(redis_cluster: RedisCluster):
    """Once the map is known, the server that the address names may go."""

    async def scenario() -> None:
        directory = directory_for(connections(redis_cluster.url))
        await directory.find()
        redis_cluster.servers[1].kill()
        assert len(await directory.find()) == 3
        with pytest.raises(OutsideError):
            await directory_for(connections(redis_cluster.url)).find()
        await directory.close()

    play(scenario)


def test_moved_slot(redis_cluster: RedisCluster):
    """A key that moved is refused by its old server, and found at the new one after a look."""

    async def scenario() -> None:
        from redis.crc import key_slot

        directory = directory_for(connections(redis_cluster.url))
        await open_all(await directory.find())
        servers = {server.name: server for server in redis_cluster.servers}
        key = KEYS[0]
        old = servers.pop(directory.name_for(key))
        new = next(iter(servers.values()))
        redis_cluster.move_slot(key_slot(key), old, new)
        nodes = {node.name: node for node in await directory.find()}
        (refused,) = await nodes[old.name].write([Put(key, b"1", 60_000)])
        assert isinstance(refused, Refused)
        assert "MOVED" in str(refused)
        with pytest.raises(Refused):
            await nodes[old.name].read([key])
        while directory.name_for(key) != new.name:
            await directory.find()
        assert await nodes[new.name].write([Put(key, b"1", 60_000)]) == [1]
        await directory.close()

    play(scenario)


def test_cluster_is_looked_into_as_one(redis_cluster: RedisCluster):
    """Facts come from every server; keys are listed and removed wherever they are."""

    async def scenario() -> None:
        client = connections(redis_cluster.url).client()
        inspector = RedisInspector(client=client, name="it")
        for key in KEYS:
            await client.set(key, b"12345", px=60_000)
        await client.set(b"else", b"1")
        facts = await inspector.facts()
        assert {one.name for one in facts} == {one.name for one in redis_cluster.servers}
        assert sum(one.keys or 0 for one in facts) == len(KEYS) + 1
        rows = await inspector.scan(VALUES, 1000)
        assert {key for key, _, _ in rows} == set(KEYS)
        assert len(await inspector.scan(VALUES, 7)) == 7
        assert await inspector.remove_under(VALUES) == len(KEYS)
        assert await inspector.scan(VALUES, 1000) == []
        assert await client.get(b"else") == b"1"
        await client.aclose()

    play(scenario)


def test_cluster_of_one_with_tls(make_redis: MakeRedis, certificates: Path):
    """A Cluster is reached by TLS, by its nodes and by the pool, with a user and a password."""
    server = make_redis("--cluster-enabled", "yes", "--tls-cluster", "yes", tls=certificates)
    server.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    server.cli("ACL", "SETUSER", "app", "on", ">word", "~uat:*", "&uat:*", "+@all")
    wait_until(lambda: "state:ok" in server.cli("CLUSTER", "INFO"), "it is whole", within_s=30)
    maker = RedisConnections(
        CacheSettings(
            url=f"rediss+cluster://{server.name}",
            username="app",
            loopback_deadline_ms=2000,
            tls=TlsSettings(ca_file=str(certificates / "ca.pem")),
        ),
        "word",
    )

    async def scenario() -> None:
        directory = directory_for(maker)
        (node,) = await directory.find()
        await open_all([node])
        assert await node.write([Put(key, key, 60_000) for key in KEYS]) == [1] * len(KEYS)
        assert await node.read(KEYS) == KEYS
        client = maker.client()
        assert await client.get(KEYS[0]) == KEYS[0]
        (facts,) = await RedisInspector(client=client, name="it").facts()
        assert (facts.name, facts.role) == (server.name, "master")
        await client.aclose()
        await directory.close()

    play(scenario)
