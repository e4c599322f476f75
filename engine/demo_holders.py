"""Programs that hold graphics memory for a while, for `--demo`."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from random import Random

from engine.errors import EngineError
from engine.gpu.adapters.simulated_programs import SimulatedPrograms
from engine.gpu.service import VisionResourceManager

MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class _Job:
    """Work that comes again and again."""

    name: str
    program: str
    vram_mib: int
    priority: str
    held_s: float
    """About how long."""
    pause_s: float
    """About how long it stays away."""
    used_share: float = 0.94
    """How much of what it was promised it uses."""


JOBS = (
    _Job("Whisper large-v3", "whisper", 3_900, "high", 45, 12),
    _Job("llama3.1 8B", "llama-server", 7_400, "normal", 70, 15),
    _Job("Fine-tuning 3B", "python train.py", 9_600, "low", 90, 20),
    _Job("Image generation", "comfyui", 6_800, "normal", 40, 10),
    _Job("Embedding of notes", "python embed.py", 2_200, "low", 30, 14),
    _Job("Notebook", "jupyter", 5_000, "normal", 55, 18, 0.55),
    _Job("Video upscaling", "ffmpeg", 4_600, "low", 50, 16),
)


class DemoHolders:
    """Asks for memory as people's programs would, holds it, and leaves when asked to."""

    def __init__(
        self, resources: VisionResourceManager, programs: SimulatedPrograms, random: Random
    ) -> None:
        self._resources = resources
        self._programs = programs
        self._random = random

    async def live(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number, job in enumerate(JOBS):
                group.create_task(self._repeat(job, number * 0.4))

    async def _repeat(self, job: _Job, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while True:
            pid = self._programs.start(job.program)
            try:
                # What is refused, and who is ended, is what the demo is to show.
                with contextlib.suppress(EngineError):
                    await self._hold(job, pid)
            finally:
                self._programs.stop(pid)
            await asyncio.sleep(self._about(job.pause_s))

    async def _hold(self, job: _Job, pid: int) -> None:
        held_s = self._about(job.held_s)
        wanted = self._resources.allocate_resources(
            job.vram_mib, job.priority, held_s * 1.5 * MS_PER_S, name=job.name, pid=pid
        )
        async with wanted as lease:
            self._programs.load(pid, lease.card_ids, int(job.vram_mib * job.used_share))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(held_s):
                    await lease.until_asked_to_leave()
            self._programs.stop(pid)

    def _about(self, seconds: float) -> float:
        return seconds * self._random.uniform(0.6, 1.4)
