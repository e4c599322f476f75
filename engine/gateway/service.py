"""The public face of the gateway: opens and closes the address that clients use."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.clock import Clock
from engine.coordinator.snapshot import CoordinatorSnapshot
from engine.errors import EngineError, Refused
from engine.gateway import health, metrics
from engine.gateway.address import url_of
from engine.gateway.client_keys import ClientKeys
from engine.gateway.dispatching import Routes
from engine.gateway.door import FrontDoor
from engine.gateway.ports import Activities, Bound, Handler, HttpServer, OpenServer
from engine.gateway.settings import GatewaySettings
from engine.gateway.snapshot import ClientView, GatewaySnapshot, GatewayState, IngestView
from engine.gateway.traffic import ClientUse, Traffic
from engine.gateway.whereabouts import Whereabouts
from engine.lifecycle import Service

_log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the key files are looked at, and requests a second are counted."""
LOOPBACK = "127.0.0.1"
SWITCHED_OFF = "it is switched off in the settings"


class Gateway(Service[GatewaySnapshot]):
    """One address for every client: checks who calls, and passes the call to its handler.

    routes: handlers by method and path; a path that ends in "/*" stands for all below it.
    coordinator, ingests: what is told in `/metrics` and in the snapshot beside its own figures.
    whereabouts: where other programs of the user learn the address.
    """

    def __init__(
        self,
        *,
        settings: GatewaySettings,
        routes: Mapping[tuple[str, str], Handler],
        keys: ClientKeys,
        server: OpenServer,
        clock: Clock,
        version: str,
        activity: Activities | None = None,
        coordinator: Callable[[], CoordinatorSnapshot] | None = None,
        ingests: Callable[[], tuple[IngestView, ...]] = tuple,
        whereabouts: Whereabouts | None = None,
    ) -> None:
        self._pinned: dict[str, Any] = {}
        settings = self._settings = self._used(settings)
        self._keys, self._open_server = keys, server
        self._clock, self._traffic = clock, Traffic(clock)
        self._ingests, self._whereabouts = ingests, whereabouts
        own = health.routes(self.snapshot, keys, version)
        told = metrics.routes(self.snapshot, self._traffic, coordinator)
        self._door = FrontDoor(
            settings=settings,
            routes=Routes({**own, **told, **routes}),
            keys=keys,
            traffic=self._traffic,
            clock=clock,
            activity=activity,
        )
        self._state, self._reason = GatewayState.OFF, ""
        self._server: HttpServer | None = None
        self._bound: Bound | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._moving = asyncio.Lock()  # of two moves at once one would leave its address open

    async def start(self) -> None:
        """Make the keys where there are none, and listen, unless it is switched off.

        Raises Refused where the address cannot be had or a file cannot be written, Damaged where
        a key file is.
        """
        self._watcher = asyncio.ensure_future(self._watch())
        async with self._moving:
            await self._open()

    def pin(self, host: str | None, port: int | None) -> None:
        """Listen there whatever the settings say, None as they say. For before `start()`.

        Raises SettingsError for a port that cannot be.
        """
        wanted = {"host": host, "port": port}
        self._pinned = {name: value for name, value in wanted.items() if value is not None}
        self._settings = self._used(self._settings)
        self._door.use(self._settings)

    async def aclose(self) -> None:
        """Finish the answers that are under way, for a while. Never raises; may be called twice."""
        async with self._moving:
            if self._server is not None:
                self._retire(GatewayState.DRAINING)
            await self._say(None)
        if self._retiring:
            await asyncio.wait(self._retiring)
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
            self._watcher = None
        self._state = GatewayState.OFF

    async def change_settings(self, settings: GatewaySettings) -> None:
        """Use `settings` from now on; another address is opened at once. Raises as `start()`."""
        settings = self._used(settings)
        async with self._moving:
            before, self._settings = self._settings, settings
            self._door.use(settings)
            if _address(before) == _address(settings):
                return
            if self._server is not None:
                self._retire(GatewayState.OFF)
                await asyncio.sleep(0)  # it stops listening: the next may want the same port
            await self._open()

    @property
    def settings(self) -> GatewaySettings:
        """What is used now."""
        return self._settings

    @property
    def keys(self) -> ClientKeys:
        """The keys with which clients call."""
        return self._keys

    def snapshot(self) -> GatewaySnapshot:
        """Return everything about the gateway at this moment."""
        server, traffic = self._server, self._traffic
        problems = filter(None, (self._reason, self._keys.problem))
        return GatewaySnapshot(
            taken_s=self._clock.now(),
            state=self._state,
            reason="; ".join(problems),
            url=None if self._bound is None else url_of(self._bound),
            key_file=self._keys.key_file,
            in_flight=traffic.in_flight,
            connections=0 if server is None else server.connections,
            counts=dict(traffic.counts),
            clients=self._clients(),
            ingests=self._ingests(),
            requests_per_s=traffic.requests_per_s,
        )

    def _used(self, settings: GatewaySettings) -> GatewaySettings:
        pinned = replace(settings, **self._pinned)
        # To the system an empty address is every interface.
        return replace(pinned, host=pinned.host.strip() or LOOPBACK)

    def _clients(self) -> tuple[ClientView, ...]:
        uses = dict(self._traffic.clients)
        return tuple(
            ClientView(
                name=entry.name,
                created_at_s=entry.created_at_s,
                requests=uses.get(entry.name, ClientUse()).requests,
                last_used_s=uses.get(entry.name, ClientUse()).last_s,
                is_default=entry.is_default,
            )
            for entry in self._keys.entries()
        )

    async def _open(self) -> None:
        if not self._settings.is_enabled:
            self._state, self._reason = GatewayState.OFF, SWITCHED_OFF
            await self._say(None)
            return
        try:
            await asyncio.to_thread(self._keys.load)
            self._server = self._open_server(self._door)
            self._bound = await self._listen(self._server)
        except EngineError as error:
            self._state, self._reason, self._server = GatewayState.FAILED, str(error), None
            raise
        self._state = GatewayState.OPEN
        self._door.is_draining = False
        await self._say(url_of(self._bound))

    async def _listen(self, server: HttpServer) -> Bound:
        """Listen at the wanted port, or at a free one where that is taken."""
        host, port = self._settings.host, self._settings.port
        self._reason = ""
        try:
            return await server.start(host, port)
        except Refused as error:
            if not port:
                raise
            bound = await server.start(host, 0)
            self._reason = f"{error}; port {bound.port} is used instead"
            return bound

    async def _say(self, url: str | None) -> None:
        """Tell the user's other programs the address; without that they try the usual one."""
        if self._whereabouts is None:
            return
        try:
            if url is None:
                await asyncio.to_thread(self._whereabouts.forget)
            else:
                await asyncio.to_thread(self._whereabouts.tell, url)
        except EngineError as error:
            _log.warning("other programs do not learn the address: %s", error)

    def _retire(self, state: GatewayState) -> None:
        """Let the server that listens end by itself."""
        server, self._server, self._bound = self._server, None, None
        self._state = state
        assert server is not None
        if state is GatewayState.DRAINING:
            self._door.is_draining = True
        task = asyncio.ensure_future(self._end(server))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _end(self, server: HttpServer) -> None:
        await server.drain(self._settings.drain_s)
        await server.aclose()

    async def look(self) -> None:
        """Use the key files as they are now, and count; done by itself every LOOK_S.

        A second gateway of the user tells its own address, and takes it along when it ends: then
        this one's is told again.
        """
        self._traffic.sample()
        await asyncio.to_thread(self._keys.refresh)
        if self._whereabouts is None or self._moving.locked():
            return
        async with self._moving:  # of an address that is just being given up nothing is told
            with contextlib.suppress(EngineError):  # in the log since it was told at first
                await asyncio.to_thread(self._whereabouts.retell)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - the outer loop
                _log.exception("the key files could not be looked at")


def _address(settings: GatewaySettings) -> tuple[bool, str, int]:
    return settings.is_enabled, settings.host, settings.port
