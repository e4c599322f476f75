"""Everything in this process: what the cache stands on where no Redis is configured."""

from __future__ import annotations

from engine.cache.adapters.memory_channels import MemoryChannels
from engine.cache.adapters.memory_counters import MemoryCounters
from engine.cache.adapters.memory_leases import MemoryLeases
from engine.cache.adapters.memory_sessions import MemorySessions
from engine.cache.adapters.memory_streams import MemoryStreams
from engine.cache.ports import Backend
from engine.clock import Clock, SystemClock


def memory_backend(clock: Clock | None = None) -> Backend:
    """Return twins of all that several processes could share; there is no second tier."""
    source = clock or SystemClock()

    def now_ms() -> int:
        return int(source.wall().timestamp() * 1000)

    async def close() -> None:
        """Nothing was opened."""

    return Backend(
        directory=None,
        leases=MemoryLeases(now_ms=now_ms),
        counters=MemoryCounters(now_ms=now_ms),
        sessions=MemorySessions(now_ms=now_ms),
        channels=MemoryChannels(),
        streams=MemoryStreams(now_ms=now_ms),
        inspector=None,
        close=close,
    )
