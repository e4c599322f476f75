"""What the second tier asks of Redis, in Redis' words."""

from __future__ import annotations

from engine.cache.adapters.redis_link import Command, Reply
from engine.cache.codec import MAGIC, WRITTEN_OFFSET
from engine.cache.ports import Put, Remove, Write

# Sent whole each time (EVAL): the server keeps what it has compiled, only what a returning Redis
# is given again needs it, and there is no script to load, to lose or to wait for. Lua compares
# text by the server's language, hence the number; milliseconds fit a double without loss.
PUT_NEWER = f"""
local head = redis.call('GETRANGE', KEYS[1], 0, {WRITTEN_OFFSET + 7})
if #head == {WRITTEN_OFFSET + 8} and string.sub(head, 1, {len(MAGIC)}) == '{MAGIC.decode()}' then
  local stored = struct.unpack('>I8', head, {WRITTEN_OFFSET + 1})
  if stored > struct.unpack('>I8', ARGV[1], {WRITTEN_OFFSET + 1}) then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


def command_for(write: Write) -> Command:
    """Return the one command that does `write`."""
    if isinstance(write, Put):
        if write.when == "newer":
            return ("EVAL", PUT_NEWER, 1, write.key, write.frame, write.ttl_ms)
        command: Command = ("SET", write.key, write.frame, "PX", write.ttl_ms)
        return (*command, "NX") if write.when == "absent" else command
    if isinstance(write, Remove):
        # UNLINK frees large values beside the server's work, where DEL holds it up.
        return ("UNLINK", write.key)
    return ("INCRBY", write.key, write.by)


def number_of(reply: Reply) -> int:
    """Return what an answer to such a command comes to: numbers as they are, OK 1, nothing 0."""
    return reply if isinstance(reply, int) else int(reply is not None)
