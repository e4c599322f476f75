"""Asks silent servers whether they live, and tells other hosts what is known of all."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import math
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from engine.errors import EngineError
from engine.router.health import Health
from engine.router.ports import Coordinator, HealthChannel, Server

LONGEST_PROBE_S = 10.0
"""A server that says nothing for so long is no help to anybody now."""
MOST_TOLD = 256
"""Servers in one message to other hosts."""
MOST_OBSERVATIONS = 1_000.0
"""What another host may claim to have seen of one server; more is cut to this."""
KIND = "health"


class Probing:
    """Keeps the health of servers up to date."""

    def __init__(
        self, *, coordinator: Coordinator, health: Health, channel: HealthChannel | None
    ) -> None:
        self._coordinator = coordinator
        self._health = health
        self._channel = channel
        self._us = uuid.uuid4().hex
        self.is_sharing = True
        """Whether other hosts are told, and listened to."""

    async def look(self, silent_s: float) -> None:
        """Probe every server without traffic in the last `silent_s`, all at once, and tell others.

        Not probed are servers that are switched off, and the embedded model, which answers when it
        is needed.
        """
        servers = self._coordinator.servers()
        self._health.keep_only(server.name for server in servers)
        for server in servers:
            self._health.of(server.name)
        silent = self._health.silent(silent_s)
        asked = [each for each in servers if each.is_enabled and not each.is_embedded]
        await asyncio.gather(*(self._probe(each.name) for each in asked if each.name in silent))
        self._health.judge_all()
        self._tell(servers)

    def listen(self) -> None:
        """Hear what other hosts say from now on."""
        if self._channel is not None:
            self._channel.listen(self.hear)

    async def aclose(self) -> None:
        """Listen no more."""
        if self._channel is not None:
            await self._channel.aclose()

    def hear(self, message: dict[str, Any]) -> None:
        """Take what another host says; what is no such message changes nothing."""
        host, told = message.get("host"), message.get("servers")
        if not self.is_sharing or message.get("kind") != KIND or host == self._us:
            return
        if not isinstance(host, str) or len(host) > 64 or not isinstance(told, dict):
            return
        for server in self._coordinator.servers():
            mark = mark_of(server.address)
            seen = _observations(told.get(mark)) if mark else None
            if seen is not None:
                self._health.note_others(server.name, host, *seen)

    async def _probe(self, server: str) -> None:
        lives = False
        try:
            async with asyncio.timeout(LONGEST_PROBE_S):
                lives = await self._coordinator.probe(server)
        except (EngineError, TimeoutError):
            pass
        self._health.note_probe(server, lives)

    def _tell(self, servers: Iterable[Server]) -> None:
        if self._channel is None or not self.is_sharing:
            return
        told: dict[str, list[float]] = {}
        for server in servers:
            own = self._health.of(server.name)
            total = own.traffic.total + own.probes.total
            mark = mark_of(server.address)
            if mark and total and len(told) < MOST_TOLD:
                told[mark] = [round(own.traffic.good + own.probes.good, 4), round(total, 4)]
        if told:
            self._channel.publish({"kind": KIND, "host": self._us, "servers": told})


def mark_of(address: str) -> str:
    """Return what hosts call a server among themselves, which tells nobody else where it is.

    "" for a server that only this host reaches: another host's loopback is another server.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # no address
        return ""
    if not host or host == "localhost" or host.endswith(".localhost"):
        return ""
    try:
        if ipaddress.ip_address(host).is_loopback:
            return ""
    except ValueError:
        pass  # a name
    plain = f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"
    return hashlib.blake2b(plain.encode(), digest_size=12).hexdigest()


def _observations(value: Any) -> tuple[float, float] | None:
    """Return (good, total) of a message, or None for what is no such thing."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    if not all(type(each) in (int, float) and math.isfinite(each) for each in value):
        return None
    good, total = float(value[0]), float(value[1])
    if not 0.0 <= good <= total or total <= 0.0:
        return None
    scale = min(1.0, MOST_OBSERVATIONS / total)
    return good * scale, total * scale
