"""The steps of RedisSessions that must not be torn apart, as Lua.

KEYS: of a session its hash and its history; of an index the ids by when they were touched, and by
when they end on the server's own clock.
"""

from __future__ import annotations

FIELDS = ("owner", "version", "data", "created", "touched", "expires", "base")
"""Of the hash of a session."""
READ = """
local function read()
    local fields = redis.call('HMGET', KEYS[1],
        'owner', 'version', 'data', 'created', 'touched', 'expires', 'base')
    if not fields[2] then return false end
    fields[8] = redis.call('LLEN', KEYS[2])
    return fields
end
local function live(ttl)
    redis.call('PEXPIRE', KEYS[1], ttl)
    redis.call('PEXPIRE', KEYS[2], ttl)
end
"""
LOAD = READ + "return read()"
CREATE = (
    READ
    + """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'version', ARGV[3], 'data', ARGV[4],
    'created', ARGV[5], 'touched', ARGV[6], 'expires', ARGV[7], 'base', ARGV[8])
live(ARGV[1])
return 1
"""
)
UPDATE = (
    READ
    + """
if redis.call('HGET', KEYS[1], 'version') == ARGV[2] then
    redis.call('HSET', KEYS[1], 'version', ARGV[3], 'data', ARGV[4],
        'touched', ARGV[5], 'expires', ARGV[6])
    if ARGV[7] ~= '0' then redis.call('HSET', KEYS[1], 'base', ARGV[7]) end
    live(ARGV[1])
end
return read()
"""
)
TOUCH = (
    READ
    + """
local owner = redis.call('HGET', KEYS[1], 'owner')
if not owner then return false end
redis.call('HSET', KEYS[1], 'touched', ARGV[2], 'expires', ARGV[3])
live(ARGV[1])
return owner
"""
)
REMOVE = """
local owner = redis.call('HGET', KEYS[1], 'owner')
redis.call('DEL', KEYS[1], KEYS[2])
return owner
"""
APPEND = """
local ttl = redis.call('PTTL', KEYS[1])
if ttl < 0 then return false end
local length = redis.call('LLEN', KEYS[2])
for each = 1, #ARGV do length = redis.call('RPUSH', KEYS[2], ARGV[each]) end
redis.call('PEXPIRE', KEYS[2], ttl)
return length
"""
MERGE = """
local ttl = redis.call('PTTL', KEYS[1])
if ttl < 0 then return false end
local there = {}
for _, each in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do there[each] = true end
for each = 1, #ARGV do
    if not there[ARGV[each]] then redis.call('RPUSH', KEYS[2], ARGV[each]) end
end
redis.call('PEXPIRE', KEYS[2], ttl)
return redis.call('LLEN', KEYS[2])
"""
# Each time a session is entered, some that have ended leave; the index ends with its last one.
ENTER = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[3]), ARGV[1])
local ended = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now),
    'LIMIT', 0, 20)
for _, each in ipairs(ended) do
    redis.call('ZREM', KEYS[1], each)
    redis.call('ZREM', KEYS[2], each)
end
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if last[2] then
    local ttl = string.format('%.0f', math.max(1, last[2] - now))
    redis.call('PEXPIRE', KEYS[1], ttl)
    redis.call('PEXPIRE', KEYS[2], ttl)
end
return 0
"""
LEAVE = """
for each = 1, #ARGV do
    redis.call('ZREM', KEYS[1], ARGV[each])
    redis.call('ZREM', KEYS[2], ARGV[each])
end
return 0
"""
