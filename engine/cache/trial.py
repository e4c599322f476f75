"""Whether connection settings would work, before they are used."""

from __future__ import annotations

import asyncio
from time import perf_counter

from engine.cache.ports import OpenBackend
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import ConnectionTest, ServerFacts
from engine.errors import EngineError

TRIAL_LIMIT_S = 5.0
"""A person waits for the answer; a name that cannot be resolved takes this long."""


async def try_connection(
    open_backend: OpenBackend, settings: CacheSettings, password: str | None
) -> ConnectionTest:
    """Return what works with `settings`, or what does not and the remedy. Never raises."""
    if not settings.url:
        return ConnectionTest(True, "No address: everything stays in this process.")
    try:
        async with asyncio.timeout(TRIAL_LIMIT_S):
            return await _asked(open_backend, settings, password)
    except TimeoutError:
        text = f"Nothing answered within {TRIAL_LIMIT_S:.0f} s: check host and port."
        return ConnectionTest(False, text)
    except EngineError as error:
        return ConnectionTest(False, str(error))


async def _asked(
    open_backend: OpenBackend, settings: CacheSettings, password: str | None
) -> ConnectionTest:
    backend = await asyncio.to_thread(open_backend, settings, password)
    try:
        assert backend.inspector is not None
        await backend.inspector.facts()  # the first one also connects
        began_s = perf_counter()
        servers = tuple(await backend.inspector.facts())
        latency_ms = 1000 * (perf_counter() - began_s)
    finally:
        await backend.aclose()
    return ConnectionTest(True, _praise(servers), latency_ms, servers)


def _praise(servers: tuple[ServerFacts, ...]) -> str:
    versions = ", ".join(sorted({server.version for server in servers}))
    count = f"{len(servers)} servers answer" if len(servers) != 1 else "It answers"
    return f"{count}: Redis {versions}."
