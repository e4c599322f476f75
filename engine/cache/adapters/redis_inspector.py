"""What Redis holds and what it says of itself, for people."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from engine.cache.adapters.redis_errors import translated
from engine.cache.snapshot import ServerFacts

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

STEP = 500
"""Keys that a server looks at, or removes, before it serves others again: below a millisecond."""


class RedisInspector:
    """Looks at all servers that take writes; see `ports.Inspector`.

    name: where Redis is, for people.
    database: the number of the one whose keys are counted.
    """

    def __init__(self, *, client: Redis | RedisCluster, name: str, database: int = 0) -> None:
        self._client = client
        self._name = name
        self._database = database

    async def facts(self) -> Sequence[ServerFacts]:
        """Return what every server says of itself, by name. Raises OutsideError."""
        from redis.asyncio import RedisCluster

        with translated(self._name):
            if not isinstance(self._client, RedisCluster):
                return (self._facts_of(self._name, await self._client.info()),)
            told = await self._client.info(target_nodes=RedisCluster.PRIMARIES)
        if "redis_version" in told:  # a Cluster of one server answers without its name
            told = {server.name: told for server in self._client.get_primaries()}
        return tuple(self._facts_of(name, words) for name, words in sorted(told.items()))

    async def scan(self, prefix: bytes, limit: int) -> Sequence[tuple[bytes, float | None, int]]:
        """Return up to `limit` keys that begin with `prefix`: key, seconds left, size in bytes.

        In no order. Raises OutsideError.
        """
        found: list[tuple[bytes, float | None, int]] = []
        async with aclosing(self._steps(prefix)) as steps:
            async for keys in steps:
                with translated(self._name):
                    found += await self._measured(keys[: limit - len(found)])
                if len(found) >= limit:
                    break
        return found

    async def remove_under(self, prefix: bytes) -> int:
        """Remove every key that begins with `prefix`, a few at a time; return how many.

        Raises OutsideError; what was removed until then is gone.
        """
        removed = 0
        async with aclosing(self._steps(prefix)) as steps:
            async for keys in steps:
                pipeline = self._client.pipeline(transaction=False)
                for key in keys:
                    # `unlink` of a Cluster's pipeline queues nothing: it is made for many keys.
                    pipeline.execute_command("UNLINK", key)
                with translated(self._name):
                    removed += sum(await pipeline.execute())
        return removed

    async def _steps(self, prefix: bytes) -> AsyncGenerator[list[bytes], None]:
        """Yield the keys under `prefix`, some at a time, each once."""
        pattern = re.sub(rb"([*?\[\]\\])", rb"\\\1", prefix) + b"*"
        seen: set[bytes] = set()
        step: list[bytes] = []
        # A generator, though redis-py calls it an iterator.
        keys = cast(
            "AsyncGenerator[bytes, None]", self._client.scan_iter(match=pattern, count=STEP)
        )
        with translated(self._name):
            async with aclosing(keys):
                async for key in keys:
                    if key not in seen:
                        seen.add(key)
                        step.append(key)
                    if len(step) == STEP:
                        yield step
                        step = []
        if step:
            yield step

    async def _measured(self, keys: Sequence[bytes]) -> list[tuple[bytes, float | None, int]]:
        pipeline = self._client.pipeline(transaction=False)
        for key in keys:
            pipeline.pttl(key)
            pipeline.strlen(key)
        answers = await pipeline.execute(raise_on_error=False)
        found: list[tuple[bytes, float | None, int]] = []
        for key, left_ms, size in zip(keys, answers[::2], answers[1::2], strict=True):
            if isinstance(left_ms, Exception):
                raise left_ms
            if isinstance(size, Exception):
                # Not a string: hashes and lists of others have no length in bytes.
                size = await self._client.memory_usage(key) or 0
            if left_ms != -2:  # ended meanwhile
                found.append((key, None if left_ms == -1 else left_ms / 1000, size))
        return found

    def _facts_of(self, name: str, words: Mapping[str, Any]) -> ServerFacts:
        hits, misses = words.get("keyspace_hits"), words.get("keyspace_misses")
        asked = hits + misses if hits is not None and misses is not None else 0
        is_counting = any(word.startswith("keyspace_") for word in words)
        keys = words.get(f"db{self._database}", {"keys": 0} if is_counting else {}).get("keys")
        return ServerFacts(
            name=name,
            version=str(words.get("valkey_version") or words.get("redis_version") or ""),
            role=str(words.get("role") or ""),
            uptime_s=words.get("uptime_in_seconds"),
            used_bytes=words.get("used_memory"),
            limit_bytes=words.get("maxmemory") or None,
            keys=keys,
            clients=words.get("connected_clients"),
            operations_per_s=words.get("instantaneous_ops_per_sec"),
            evicted_keys=words.get("evicted_keys"),
            hit_percent=100 * hits / asked if asked and hits is not None else None,
            policy=words.get("maxmemory_policy"),
        )
