"""Builds the engines and their adapters from settings, starts and closes them in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from engine.activity import ActivitySettings
from engine.analytics.settings import AnalyticsSettings
from engine.cache.adapters.simulated import SimulatedServer
from engine.cache.service import RedisService
from engine.cache.settings import CacheSettings
from engine.clock import SystemClock
from engine.configuration import Plain, SettingsFile, Tables
from engine.coordinator.settings import CoordinatorSettings
from engine.demo_callers import DemoCallers
from engine.demo_holders import DemoHolders
from engine.demo_ratings import DemoRatings
from engine.demo_settings import AnyFile, DemoSettings
from engine.demo_work import DemoWork
from engine.demonstration import Demonstration
from engine.errors import EngineError, SettingsError
from engine.folders import Folders
from engine.gateway.settings import GatewaySettings
from engine.gpu.service import VisionResourceManager
from engine.gpu.settings import ResourceSettings
from engine.joints import ServersHere
from engine.lifecycle import Engine
from engine.llm_path import (
    LlmPath,
    LlmSettings,
    demo_endpoints,
    llm_path,
    servers_of_user,
    simulated_servers,
)
from engine.outsides import (
    cache_of_user,
    demo_cache,
    demo_machine,
    demo_ports,
    demo_programs,
    demo_secrets,
    demo_updates,
    machine,
    other_hosts,
    secrets_of_user,
    updates_of_user,
    voice_ports,
)
from engine.room_joints import LeasedRoom
from engine.router.settings import RouterSettings
from engine.updates.check import UpdateCheck
from engine.updates.settings import UpdateSettings
from engine.voice.service import VoiceProcessingService
from engine.voice.settings import VoiceSettings

_log = logging.getLogger(__name__)

RELOAD_S = 2.0
"""How often the settings file is looked at for changes made outside."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the user may change."""

    voice: VoiceSettings = VoiceSettings()
    resources: ResourceSettings = ResourceSettings()
    cache: CacheSettings = CacheSettings()
    coordinator: CoordinatorSettings = CoordinatorSettings()
    router: RouterSettings = RouterSettings()
    gateway: GatewaySettings = GatewaySettings()
    activity: ActivitySettings = ActivitySettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    updates: UpdateSettings = UpdateSettings()

    @property
    def llm(self) -> LlmSettings:
        """What concerns the way of a request for a language model."""
        return LlmSettings(
            self.coordinator, self.router, self.gateway, self.activity, self.analytics
        )


class Engines:
    """The engines, wired. `started_problems` tells which did not start, each with its remedy."""

    def __init__(
        self,
        *,
        voice: VoiceProcessingService,
        resources: VisionResourceManager,
        cache: RedisService,
        path: LlmPath,
        updates: UpdateCheck,
        file: AnyFile,
        settings: Settings,
        room: LeasedRoom | None = None,
        demonstrations: Sequence[DemoWork] = (),
    ) -> None:
        self.voice = voice
        self.resources = resources
        self.cache = cache
        self.activity = path.activity
        self.coordinator = path.coordinator
        self.analytics = path.analytics
        self.router = path.router
        self.gateway = path.gateway
        self.updates = updates
        self.settings = settings
        self.started_problems: tuple[str, ...] = ()
        self._ingest = path.ingest
        self._file = file
        self._room = room
        self._demonstrations = tuple(demonstrations)
        # One change after the other: else the older of two could be the one that counts.
        self._turn = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None

    @property
    def _all(self) -> dict[str, Engine]:
        """The engines by the name of their settings, each after those that it uses."""
        return {
            "cache": self.cache,
            "resources": self.resources,
            "activity": self.activity,
            "coordinator": self.coordinator,
            "analytics": self.analytics,
            "router": self.router,
            "voice": self.voice,
            "gateway": self.gateway,
            "updates": self.updates,
        }

    async def start(self) -> None:
        """Start every engine; one that fails is told in `started_problems` and left out."""
        if self._room is not None:
            self._room.open()
        for engine in self._all.values():
            try:
                await engine.start()
            except EngineError as error:
                self._tell(str(error))
        for each in self._demonstrations:
            each.start()
        self._watcher = asyncio.ensure_future(self._watch())

    async def aclose(self) -> None:
        """Close every engine, the last started first. Never raises; may be called twice."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
        for each in self._demonstrations:
            await each.aclose()
        self.resources.leases.stop_asking()
        await self._ingest.aclose()
        for engine in reversed(self._all.values()):
            await engine.aclose()

    async def change_setting(self, key: str, value: Plain | Tables | None) -> Settings:
        """Write `key` ("voice.language") to the user's file, use it, and return all settings.

        None goes back to the default. Raises SettingsError, Refused; and what the engine raises
        that cannot use the value.
        """
        async with self._turn:
            settings = await asyncio.to_thread(self._file.change, Settings, key, value)
            await self._use(settings)
        return settings

    async def _use(self, settings: Settings) -> None:
        before, self.settings = self.settings, settings
        refusals: list[EngineError] = []
        for name, engine in self._all.items():
            if (wanted := getattr(settings, name)) == getattr(before, name):
                continue
            try:
                await engine.change_settings(wanted)
            except EngineError as error:
                # A certificate that cannot be read is no matter of the microphone's.
                refusals.append(error)
        if refusals:
            raise refusals[0]

    async def _watch(self) -> None:
        """Use what somebody writes into the file; what is wrong there waits until it is right."""
        while True:
            await asyncio.sleep(RELOAD_S)
            try:
                async with self._turn:
                    if await asyncio.to_thread(self._file.has_changed):
                        await self._use(await asyncio.to_thread(self._file.read, Settings))
            except EngineError as error:
                self._tell(str(error))
            except Exception as error:  # noqa: BLE001 - the outer loop
                _log.exception("the settings could not be used")
                self._tell(f"The settings could not be used ({error!r})")

    def _tell(self, problem: str) -> None:
        self.started_problems = (*self.started_problems[-4:], problem)


def build_engines(folders: Folders, *, demo: bool = False) -> Engines:
    """Return the engines of this user, not yet started; only settings and build are read."""
    file = (DemoSettings if demo else SettingsFile)(folders.settings_file)
    settings, problems = _settings_in(file)
    engines = (_simulated if demo else _real)(folders, settings, file)
    engines.started_problems = problems
    return engines


def _settings_in(file: AnyFile) -> tuple[Settings, tuple[str, ...]]:
    try:
        return file.read(Settings), ()
    except SettingsError as error:
        return Settings(), (f"{error}. The defaults are used meanwhile.",)


def _real(folders: Folders, settings: Settings, file: AnyFile) -> Engines:
    clock = SystemClock()
    cache = cache_of_user(folders, settings.cache)
    # The servers are known only once the way to them is built.
    servers = ServersHere(
        lambda: path.coordinator.snapshot().endpoints,
        lambda url: path.coordinator.headers_for(url),  # noqa: PLW0108 - the path is built below
    )
    resources = machine(folders, settings.resources, servers, other_hosts(cache))
    room = LeasedRoom(
        resources.leases,
        cards=lambda: resources.snapshot().cards,
        settings=lambda: engines.settings.resources,
    )
    voice = VoiceProcessingService(
        settings=settings.voice, ports=voice_ports(folders, room), data=folders.data, clock=clock
    )
    path = llm_path(
        folders,
        settings.llm,
        servers_of_user(folders, room),
        beside=(cache, voice, resources),
        secrets=secrets_of_user(folders),
    )
    engines = Engines(
        voice=voice,
        resources=resources,
        cache=cache,
        path=path,
        updates=updates_of_user(folders, settings.updates),
        file=file,
        settings=settings,
        room=room,
    )
    return engines


def _simulated(folders: Folders, settings: Settings, file: AnyFile) -> Engines:
    clock = SystemClock()
    # What is simulated stays out of what is the user's own.
    home = Folders.under(folders.cache / "demo")
    redis = SimulatedServer(clock=clock)
    cache, neighbour = demo_cache(home, redis), demo_cache(home, redis)
    voice = VoiceProcessingService(
        settings=settings.voice, ports=demo_ports(home), data=home.data, clock=clock
    )
    programs = demo_programs()
    resources = demo_machine(settings.resources, programs)
    path = llm_path(
        home,
        # On any port: the usual one is for what is real.
        replace(settings.llm, gateway=replace(settings.gateway, port=0)),
        simulated_servers(),
        beside=(cache, voice, resources),
        secrets=demo_secrets(home),
    )
    callers = DemoCallers(path.router, path.coordinator, Random(), endpoints=demo_endpoints())
    return Engines(
        voice=voice,
        resources=resources,
        cache=cache,
        path=path,
        updates=demo_updates(home, settings.updates),
        file=file,
        settings=settings,
        demonstrations=(
            DemoWork(Demonstration(cache, Random(), neighbour=neighbour).live),
            DemoWork(callers.live),
            DemoWork(DemoHolders(resources, programs, Random()).live),
            DemoWork(DemoRatings(path.analytics, Random()).live),
        ),
    )
