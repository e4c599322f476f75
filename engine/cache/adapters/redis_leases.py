"""Leases that every process sees."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.cache.adapters.redis_errors import translated
from engine.cache.adapters.redis_script import Script
from engine.cache.notes import NOTES_GAP_S, Notes

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
# Times are the server's, in milliseconds: hosts need not agree on theirs.
NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
NOTE = f"""
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
{NOW}
local known = redis.call('HMGET', KEYS[2], 'last', 'since')
local since = now
if known[1] and known[2] and math.abs(now - known[1]) <= tonumber(ARGV[5]) then
    since = tonumber(known[2])
end
redis.call('HSET', KEYS[2], 'last', string.format('%.0f', now))
redis.call('HSET', KEYS[2], 'since', string.format('%.0f', since))
if ARGV[3] == '' then
    redis.call('HDEL', KEYS[2], ':' .. ARGV[2])
else
    local ends = string.format('%.0f', now + ARGV[4])
    redis.call('HSET', KEYS[2], ':' .. ARGV[2], ends .. ':' .. ARGV[3])
end
local all = redis.call('HGETALL', KEYS[2])
for at = 1, #all, 2 do
    local ends = string.match(all[at + 1], '^(%d+):')
    if ends and tonumber(ends) <= now then redis.call('HDEL', KEYS[2], all[at]) end
end
redis.call('PEXPIRE', KEYS[2], math.max(tonumber(ARGV[4]), redis.call('PTTL', KEYS[2])))
return 1
"""
NOTES = f"""
{NOW}
local known = redis.call('HMGET', KEYS[2], 'last', 'since')
local steady = 0
if known[1] and known[2] and math.abs(now - known[1]) <= tonumber(ARGV[1]) then
    steady = math.max(0, now - known[2])
end
local found = {{steady}}
local all = redis.call('HGETALL', KEYS[2])
for at = 1, #all, 2 do
    local ends, value = string.match(all[at + 1], '^(%d+):(.*)$')
    if ends and tonumber(ends) > now then
        found[#found + 1] = string.sub(all[at], 2)
        found[#found + 1] = value
    end
end
return found
"""


class RedisLeases:
    """Leases in Redis, each changed by a script in one step. `name` is the server's, for errors."""

    def __init__(self, *, client: Redis | RedisCluster, name: str) -> None:
        self._name = name
        self._acquire = Script(client, ACQUIRE)
        self._renew = Script(client, RENEW)
        self._release = Script(client, RELEASE)
        self._note = Script(client, NOTE)
        self._notes = Script(client, NOTES)

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

    async def note(self, name: str, holder: str, field: str, value: bytes, ttl_s: float) -> bool:
        """Write `value` down; False where `holder` did not have the lease. Raises OutsideError."""
        with translated(self._name):
            words = (holder, field, value, _milliseconds(ttl_s), _milliseconds(NOTES_GAP_S))
            return bool(await self._note.run(_note_keys(name), *words))

    async def notes(self, name: str) -> Notes:
        """Return what holders of the lease wrote down. Raises OutsideError."""
        with translated(self._name):
            words = await self._notes.run(_note_keys(name), _milliseconds(NOTES_GAP_S))
        fields = (str(field, "utf-8", "replace") for field in words[1::2])
        return Notes(words[0] / 1000, dict(zip(fields, words[2::2], strict=True)))


def _keys(name: str) -> tuple[str, str]:
    # The braces make one slot of a Cluster of both, unless there is nothing between them; a name's
    # own braces are quoted.
    lease = f"uat:1:lease:{{{quote(name, safe=':=/') or '%'}}}"
    return lease, f"{lease}:token"


def _note_keys(name: str) -> tuple[str, str]:
    lease, _ = _keys(name)
    return lease, f"{lease}:notes"


def _milliseconds(ttl_s: float) -> int:
    return max(1, round(ttl_s * 1000))
