"""Builds the engines and their adapters from settings, starts and closes them in order."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from random import Random

from engine.cache.adapters.simulated import SimulatedServer
from engine.cache.service import RedisService
from engine.cache.settings import CacheSettings
from engine.clock import SystemClock
from engine.configuration import Plain, SettingsFile
from engine.demonstration import Demonstration
from engine.errors import EngineError, SettingsError
from engine.folders import Folders
from engine.gpu.adapters.host import PsutilHost
from engine.gpu.adapters.simulated import SimulatedHost
from engine.gpu.service import VisionResourceManager
from engine.gpu.settings import ResourceSettings
from engine.outsides import cache_of_user, demo_cache, demo_ports, voice_ports
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


class Engines:
    """The engines, wired. `started_problems` tells which did not start, each with its remedy."""

    def __init__(
        self,
        *,
        voice: VoiceProcessingService,
        resources: VisionResourceManager,
        cache: RedisService,
        file: SettingsFile,
        settings: Settings,
        demonstration: Demonstration | None = None,
    ) -> None:
        self.voice = voice
        self.resources = resources
        self.cache = cache
        self.settings = settings
        self.started_problems: tuple[str, ...] = ()
        self._file = file
        self._demonstration = demonstration
        # One change after the other: else the older of two could be the one that counts.
        self._turn = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start every engine; one that fails is told in `started_problems` and left out."""
        for engine in (self.cache, self.resources, self.voice):
            try:
                await engine.start()
            except EngineError as error:
                self._tell(str(error))
        if self._demonstration is not None:
            self._demonstration.start()
        self._watcher = asyncio.ensure_future(self._watch())

    async def aclose(self) -> None:
        """Close every engine, the last started first. Never raises; may be called twice."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
        if self._demonstration is not None:
            await self._demonstration.aclose()
        await self.voice.aclose()
        await self.resources.aclose()
        await self.cache.aclose()

    async def change_setting(self, key: str, value: Plain | None) -> Settings:
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
        if settings.resources != before.resources:
            await self.resources.change_settings(settings.resources)
        try:
            if settings.cache != before.cache:
                await self.cache.change_settings(settings.cache)
        finally:  # a certificate that cannot be read is no matter of the microphone's
            # Last, as it may be refused: a microphone may not be there.
            if settings.voice != before.voice:
                await self.voice.change_settings(settings.voice)

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
    """Return the engines of this user, not yet started; nothing is read but the settings."""
    clock = SystemClock()
    file = SettingsFile(folders.settings_file)
    problems: tuple[str, ...] = ()
    try:
        settings = file.read(Settings)
    except SettingsError as error:
        settings, problems = Settings(), (f"{error}. The defaults are used meanwhile.",)
    probe = SimulatedHost(clock=clock) if demo else PsutilHost(disk=folders.data)
    demonstration = None
    if demo:
        server = SimulatedServer(clock=clock)
        cache, neighbour = demo_cache(folders, server), demo_cache(folders, server)
        demonstration = Demonstration(cache, Random(), neighbour=neighbour)
    else:
        cache = cache_of_user(folders, settings.cache)
    engines = Engines(
        voice=VoiceProcessingService(
            settings=settings.voice,
            ports=demo_ports(folders) if demo else voice_ports(folders),
            # What is simulated stays out of the user's own history.
            data=folders.cache / "demo" if demo else folders.data,
            clock=clock,
        ),
        resources=VisionResourceManager(settings=settings.resources, probe=probe, clock=clock),
        cache=cache,
        file=file,
        settings=settings,
        demonstration=demonstration,
    )
    engines.started_problems = problems
    return engines
