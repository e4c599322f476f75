"""A process that fetches one value through Redis: `python -m tests.live.cache_process URL FOLDER`.

SIGUSR1 lets it ask, SIGUSR2 lets its maker end. It says what it does on its standard output.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from random import Random

from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.redis_backend import redis_backend
from engine.cache.dictionary import shipped_dictionary
from engine.cache.freshness import Freshness
from engine.cache.service import RedisService
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import CacheState
from engine.clock import SystemClock
from engine.keychain import FileStore

CALLERS = 5
LOOK_EVERY_S = 0.02


def say(what: str) -> None:
    """Write one line at once."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def work(url: str, folder: Path) -> None:
    """Fetch with several callers at once and say what they got."""
    loop, asked, finished = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, asked.set)
    loop.add_signal_handler(signal.SIGUSR2, finished.set)

    async def make() -> object:
        say("making")
        await finished.wait()
        return f"made by {os.getpid()}"

    service = RedisService(
        # A busy machine with two cores and six processes: this test is not about deadlines.
        settings=CacheSettings(url=url, loopback_deadline_ms=2000),
        open_backend=redis_backend,
        twins=memory_backend(),
        secrets=FileStore(folder / "secrets"),
        dictionary=shipped_dictionary(),
        clock=SystemClock(),
        random=Random(),
    )
    async with service:
        while service.snapshot().state is not CacheState.REDIS:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(LOOK_EVERY_S)
        say("ready")
        await asked.wait()
        fetches = [service.fetch("page", make, Freshness(ttl_s=60.0)) for _ in range(CALLERS)]
        values = set(await asyncio.gather(*fetches))
        say(f"got {values}")


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
