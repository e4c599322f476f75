"""Builds the engines and their adapters from settings, starts and closes them in order."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from random import Random

from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.redis_backend import redis_backend
from engine.cache.adapters.simulated import SimulatedServer
from engine.cache.adapters.simulated_backend import simulated_backends
from engine.cache.dictionary import shipped_dictionary
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
from engine.keychain import FileStore, LateStore, best_store
from engine.model_store.adapters.hub_model_source import HubModelSource
from engine.model_store.adapters.wheel_model_source import WheelModelSource
from engine.model_store.store import ModelStore, shipped_models
from engine.voice.adapters.faster_whisper_decoder import FasterWhisperFactory
from engine.voice.adapters.pyav_reader import PyAvReader
from engine.voice.adapters.silero_detector import SileroDetector
from engine.voice.adapters.simulated import (
    LoudnessDetector,
    ScriptedDecoderFactory,
    SimulatedMicrophones,
)
from engine.voice.adapters.sounddevice_input import SounddeviceInput
from engine.voice.adapters.webrtc_gate import WebrtcGate
from engine.voice.adapters.webrtc_stages import GainControl, NoiseSuppression
from engine.voice.catalogue import CATALOGUE
from engine.voice.outside import VoicePorts
from engine.voice.service import VoiceProcessingService
from engine.voice.settings import VoiceSettings
from engine.voice.stages import HighPass

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


def cache_of_user(folders: Folders, settings: CacheSettings) -> RedisService:
    """Return the cache of this user, not yet started."""
    clock = SystemClock()
    return RedisService(
        settings=settings,
        open_backend=redis_backend,
        twins=memory_backend(clock),
        secrets=LateStore(lambda: best_store(folders.secrets_file)),
        dictionary=shipped_dictionary(),
        clock=clock,
        random=Random(),
    )


def demo_cache(folders: Folders, server: SimulatedServer | None = None) -> RedisService:
    """Return a cache on a Redis that is simulated: `server`, or one of its own."""
    clock = SystemClock()
    server = server or SimulatedServer(clock=clock)
    return RedisService(
        settings=CacheSettings(url=f"redis://{server.name}"),
        open_backend=simulated_backends(server, clock),
        twins=memory_backend(clock),
        secrets=FileStore(folders.cache / "demo" / "secrets.json"),
        dictionary=shipped_dictionary(),
        clock=clock,
        random=Random(),
    )


def voice_ports(folders: Folders) -> VoicePorts:
    """Return the real outside of the voice engine."""
    return VoicePorts(
        microphones=SounddeviceInput(),
        decoders=FasterWhisperFactory(),
        reader=PyAvReader(),
        models=model_store(folders),
        gate=WebrtcGate,
        detector=SileroDetector,
        stages=lambda: (HighPass(), NoiseSuppression(), GainControl()),
    )


def demo_ports(folders: Folders) -> VoicePorts:
    """Return an outside of the voice engine that needs no microphone and no model."""
    # The simulated models have no files: all of them are here.
    entries = [replace(entry, files=()) for entry in CATALOGUE]
    return VoicePorts(
        microphones=SimulatedMicrophones(),
        decoders=ScriptedDecoderFactory(),
        reader=PyAvReader(),
        models=ModelStore(shipped=None, own=folders.cache / "demo", entries=entries),
        gate=LoudnessDetector,
        detector=LoudnessDetector,
        stages=lambda: (HighPass(), NoiseSuppression(), GainControl()),
    )


def model_store(folders: Folders) -> ModelStore:
    """Return the speech models of this user."""
    return ModelStore(
        shipped=shipped_models(),
        own=folders.data / "models",
        sources=(HubModelSource(), WheelModelSource()),
        entries=CATALOGUE,
    )
