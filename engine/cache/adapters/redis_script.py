"""Lua that Redis runs as one step."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

Argument = str | bytes | int


class Script:
    """A script under the name Redis gives it. In a Cluster all its keys must share a slot."""

    def __init__(self, client: Redis | RedisCluster, text: str) -> None:
        self._client = client
        self._text = text
        self._digest = sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, keys: Sequence[str], *arguments: Argument) -> Any:
        """Return what the script returns; a server that does not know it yet gets its text.

        Raises redis-py's errors. A script that was refused as unknown did nothing.
        """
        from redis.exceptions import NoScriptError

        words = (len(keys), *keys, *arguments)
        try:
            return await self._client.execute_command("EVALSHA", self._digest, *words)
        except NoScriptError:
            return await self._client.execute_command("EVAL", self._text, *words)
