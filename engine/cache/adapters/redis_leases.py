"""Leases that every process sees."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.cache.adapters.redis_errors import translated
from engine.cache.adapters.redis_script import Script

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

# The token is the time in microseconds, or one more than the last one: it grows even after the
# server lost its data, and, as long as the last one is remembered, where its clock was set back.
ACQUIRE = """
local held = redis.call('HMGET', KEYS[1], 'holder', 'token')
if held[1] == ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return held[2]
end
if held[1] then return false end
local time = redis.call('TIME')
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local token = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'token', token)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], token, 'PX', ARGV[2] + 600000)
return token
"""
RENEW = """
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2] + 600000)
return 1
"""
RELEASE = """
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class RedisLeases:
    """Leases in Redis, each changed by a script in one step. `name` is the server's, for errors."""

    def __init__(self, *, client: Redis | RedisCluster, name: str) -> None:
        self._name = name
        self._acquire = Script(client, ACQUIRE)
        self._renew = Script(client, RENEW)
        self._release = Script(client, RELEASE)

    async def acquire(self, name: str, holder: str, ttl_s: float) -> int | None:
        """Return a fencing token, or None while another holder has it. Raises OutsideError."""
        with translated(self._name):
            token = await self._acquire.run(_keys(name), holder, _milliseconds(ttl_s))
        return None if token is None else int(token)

    async def renew(self, name: str, holder: str, ttl_s: float) -> bool:
        """Let it last `ttl_s` from now; False where `holder` does not have it any more.

        Raises OutsideError.
        """
        with translated(self._name):
            return bool(await self._renew.run(_keys(name), holder, _milliseconds(ttl_s)))

    async def release(self, name: str, holder: str) -> bool:
        """Give it back; False where `holder` did not have it any more. Raises OutsideError."""
        with translated(self._name):
            return bool(await self._release.run(_keys(name), holder))


def _keys(name: str) -> tuple[str, str]:
    # The braces make one slot of a Cluster of both, unless there is nothing between them; a name's
    # own braces are quoted.
    lease = f"uat:1:lease:{{{quote(name, safe=':=/') or '%'}}}"
    return lease, f"{lease}:token"


def _milliseconds(ttl_s: float) -> int:
    return max(1, round(ttl_s * 1000))
