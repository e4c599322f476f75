"""An outside of the cache that needs no server: for demonstrations and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.simulated import SimulatedDirectory, SimulatedServer
from engine.cache.ports import Backend, OpenBackend, Remove
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import ServerFacts
from engine.clock import Clock

LIMIT_BYTES = 256 * 1024 * 1024


def simulated_backends(server: SimulatedServer, clock: Clock) -> OpenBackend:
    """Return what makes backends on `server`, as several processes would have them."""

    def open_backend(settings: CacheSettings, password: str | None) -> Backend:
        directory = SimulatedDirectory(server)
        inspector = SimulatedInspector(server, clock)
        return replace(memory_backend(clock), directory=directory, inspector=inspector)

    return open_backend


class SimulatedInspector:
    """Looks into a simulated server; see `ports.Inspector`."""

    def __init__(self, server: SimulatedServer, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._began_s = clock.now()

    async def facts(self) -> Sequence[ServerFacts]:
        """Return what the server would say of itself."""
        keys = self._server.keys()
        used_bytes = sum(len(key) + len(self._server.get(key) or b"") for key in keys)
        return [
            ServerFacts(
                name=self._server.name,
                version="7.0, simulated",
                role="master",
                uptime_s=int(self._clock.now() - self._began_s),
                used_bytes=used_bytes,
                limit_bytes=LIMIT_BYTES,
                keys=len(keys),
                clients=2,
                policy="allkeys-lru",
            )
        ]

    async def scan(self, prefix: bytes, limit: int) -> Sequence[tuple[bytes, float | None, int]]:
        """Return up to `limit` keys that begin with `prefix`, what is left of them, their size."""
        server, found = self._server, self._under(prefix)[:limit]
        return [(key, server.ttl_s(key), len(server.get(key) or b"")) for key in found]

    async def remove_under(self, prefix: bytes) -> int:
        """Remove every key that begins with `prefix`; return how many."""
        doomed = self._under(prefix)
        for key in doomed:
            self._server.do(Remove(key))
        return len(doomed)

    def _under(self, prefix: bytes) -> list[bytes]:
        everything = self._server.keys()
        return [key for key in everything if key.startswith(prefix)]
