"""Counters that every process adds to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cache.adapters.redis_errors import translated
from engine.cache.adapters.redis_script import Script

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

ADD = """
local is_new = redis.call('EXISTS', KEYS[1]) == 0
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if is_new and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])
"""


class RedisCounters:
    """Counters in Redis. `name` is the server's, for errors."""

    def __init__(self, *, client: Redis | RedisCluster, name: str) -> None:
        self._client = client
        self._name = name
        self._add = Script(client, ADD)

    async def add(self, name: str, amount: int, ttl_s: float | None) -> int:
        """Add `amount` and return the sum; a new counter ends after `ttl_s`.

        Raises OutsideError; Refused where the sum would leave 64 bits.
        """
        ttl = "" if ttl_s is None else max(1, round(ttl_s * 1000))
        with translated(self._name):
            return int(await self._add.run([_key(name)], amount, ttl))

    async def read(self, name: str) -> int:
        """Return the number; 0 where there is none. Raises OutsideError."""
        with translated(self._name):
            return int(await self._client.execute_command("GET", _key(name)) or 0)


def _key(name: str) -> str:
    return f"uat:1:counter:{name}"
