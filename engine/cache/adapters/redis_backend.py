"""Everything that Redis does for the cache."""

from __future__ import annotations

from engine.cache.adapters.redis_channels import RedisChannels
from engine.cache.adapters.redis_connections import RedisConnections
from engine.cache.adapters.redis_counters import RedisCounters
from engine.cache.adapters.redis_directories import directory_for
from engine.cache.adapters.redis_inspector import RedisInspector
from engine.cache.adapters.redis_leases import RedisLeases
from engine.cache.adapters.redis_sessions import RedisSessions
from engine.cache.adapters.redis_streams import RedisStreams
from engine.cache.ports import Backend
from engine.cache.settings import CacheSettings


def redis_backend(settings: CacheSettings, password: str | None) -> Backend:
    """Return what uses the Redis of `settings.url`; nothing is connected yet.

    Raises SettingsError where its certificates cannot be read.
    """
    connections = RedisConnections(settings, password)
    client = connections.client()
    name = connections.address.label
    streams = RedisStreams(client=client, name=name)

    async def close() -> None:
        await streams.close()
        await client.aclose()

    return Backend(
        directory=directory_for(connections),
        leases=RedisLeases(client=client, name=name),
        counters=RedisCounters(client=client, name=name),
        sessions=RedisSessions(client=client, name=name),
        channels=RedisChannels(client=client, name=name),
        streams=streams,
        inspector=RedisInspector(client=client, name=name, database=connections.address.database),
        close=close,
    )
