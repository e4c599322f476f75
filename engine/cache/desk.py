"""What a person does with the cache by hand: look, remove, bring back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from engine.cache.browser import Browser
from engine.cache.content import Content
from engine.cache.keys import Key, parse_key
from engine.cache.ports import Inspector
from engine.cache.snapshot import KeyPage, ValuePreview
from engine.cache.stampede import Stampede
from engine.cache.tiers import Tiers
from engine.cache.undo import Undo
from engine.cache.unix_time import UnixTime
from engine.errors import OutsideError


class Desk:
    """Browses and clears the cache."""

    def __init__(
        self,
        *,
        tiers: Tiers,
        stampede: Stampede,
        browser: Browser,
        inspector: Inspector | None,
        undo: Undo,
        time: UnixTime,
    ) -> None:
        self._tiers = tiers
        self._stampede = stampede
        self._browser = browser
        self._inspector = inspector
        self._undo = undo
        self._time = time
        self._sweeping: set[asyncio.Task[None]] = set()

    async def keys(self, namespace: str | None = None, text: str = "", limit: int = 200) -> KeyPage:
        """Return up to `limit` keys of `namespace`, or of all, whose name contains `text`."""
        return await self._browser.keys(namespace, text, limit)

    async def preview(self, key: str) -> ValuePreview:
        """Return what lies under `key`, which is a `KeyRow.key`, decoded for people."""
        return await self._browser.preview(key)

    async def remove_keys(self, keys: Sequence[str]) -> str:
        """Remove `keys`, as they are called in a `KeyRow`; return a token for `undo()`."""
        removed: list[tuple[Key, Content]] = []
        for name in keys:
            parsed = parse_key(name.encode("utf-8", "replace"))
            if parsed is None:
                continue
            content = await self._tiers.peek(parsed[0])
            if content is not None:
                removed.append((parsed[0], content))
            self._stampede.overtake(parsed[0])
            await self._tiers.drop(parsed[0])
        return self._undo.remember(removed)

    async def purge(self, namespace: str) -> str:
        """Forget every value of `namespace` in every process; return a token for `undo()`.

        Only what the first tier had can be brought back; "" where it had nothing.
        """
        self._stampede.overtake_namespace(namespace)
        prefix, had = await self._tiers.purge(namespace)
        if self._inspector is not None:
            # Nobody asks for the old keys any more; this only gives their memory back sooner.
            task = asyncio.ensure_future(_sweep(self._inspector, prefix))
            self._sweeping.add(task)
            task.add_done_callback(self._sweeping.discard)
        return self._undo.remember(had)

    def unpurged(self) -> list[str]:
        """Return the namespaces whose purge Redis has not taken yet; others still see them."""
        return self._tiers.generations.owed()

    async def undo(self, token: str) -> int:
        """Bring back what was removed under `token`; return how many values that were."""
        now_ms = self._time.now_ms()
        removed = [each for each in self._undo.take(token) if each[1].ends_ms > now_ms]
        for key, content in removed:
            self._stampede.overtake(key)
            # Written now: as of before it would be older than its own removal.
            await self._tiers.keep(key, replace(content, written_ms=now_ms))
        return len(removed)

    async def aclose(self) -> None:
        """Leave the rest of the sweeping to the ends of the keys. Never raises."""
        tasks = list(self._sweeping)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _sweep(inspector: Inspector, prefix: bytes) -> None:
    try:
        await inspector.remove_under(prefix)
    except OutsideError:
        return  # they end by themselves
