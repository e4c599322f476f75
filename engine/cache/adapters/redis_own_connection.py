"""Connections beside the pool, for whoever waits long: the pool's must stay free for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster
    from redis.asyncio.connection import AbstractConnection


async def own_connection(
    client: Redis | RedisCluster, key: str | None = None
) -> tuple[str, AbstractConnection]:
    """Return the name of the server that has `key`, any in a Cluster without one, and a connection.

    It is made as the client's own are, is not open yet and belongs to the caller, who must
    disconnect it. Raises redis-py's errors.
    """
    from redis.asyncio import RedisCluster
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    if not isinstance(client, RedisCluster):
        pool = client.connection_pool
        return "", pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py left it so
    await client.initialize()
    node = client.get_random_node() if key is None else client.get_node_from_key(key)
    if node is None:
        raise ConnectionError(f"no server of the Cluster has the slot of {key}")
    options = {**node.connection_kwargs, "retry": Retry(NoBackoff(), 0)}
    return node.name, node.connection_class(**options)


async def open_connection(connection: AbstractConnection) -> None:
    """Connect and sign in, where that has not been done yet. Raises redis-py's errors."""
    await connection.connect()  # type: ignore[no-untyped-call]  # redis-py left it so
