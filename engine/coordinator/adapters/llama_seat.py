"""Where the built-in model computes: on a graphics card where there is room, else on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.coordinator.adapters.llama_process import LlamaProcess
from engine.coordinator.embedded_model import CONTEXT_TOKENS, MODEL, SLOTS
from engine.coordinator.ports import Provider
from engine.errors import EngineError, Unreachable
from engine.model_room import FileLoad, ModelRoom, RoomWish, Stay, Tenant

PATIENCE_S = 5.0
"""Longest wait for room: the first question waits as well, and the CPU answers it too."""
NAME = "Built-in model"
NO_CARDS = (
    "this build of llama.cpp can use no graphics card: install xllamacpp for CUDA or ROCm, or set "
    "coordinator.embedded_gpu_layers to 0"
)


@dataclass(frozen=True, slots=True)
class Seat:
    """A place to compute."""

    stay: Stay | None = None
    """Room on a card; None on the CPU."""
    note: str = ""
    """Where that is, in words, or why it is not on a card; "" where nobody wanted one."""
    job: Mapping[str, Any] = field(default_factory=dict)
    """What the process is told of it."""

    async def end(self, process: LlamaProcess, server: Provider | None = None) -> None:
        """End `process`, to which `server` speaks, then give the room back."""
        try:
            if server is not None:
                await server.aclose()
            await process.stop()
        finally:
            if self.stay is not None:
                self.stay.release()


class Usher:
    """Finds a place for each run of the model's process.

    command: how the process is run. tenant: is asked to leave.
    """

    def __init__(self, *, room: ModelRoom, command: Sequence[str], tenant: Tenant) -> None:
        self._room = room
        self._command = command
        self._tenant = tenant
        self._can_offload: bool | None = None
        """Whether llama.cpp can use a card; None before it was asked."""
        self._trouble = ""
        """Why it did not start on a card."""

    async def start(
        self, process: LlamaProcess, job: Mapping[str, Any], layers: int
    ) -> tuple[str, Seat]:
        """Return the address at which `process` serves, and where it computes.

        layers: how many are wanted on a card. Raises Unreachable saying why it does not start; a
        card on which it did not is not tried again.
        """
        seat = Seat()
        try:
            seat = await self._seat(process, Path(job["model"]), layers)
            return await process.start({**job, **seat.job}), seat
        except BaseException as error:
            await seat.end(process)
            if seat.stay is not None and isinstance(error, Unreachable):
                self._trouble = f"it did not start {seat.note} ({error})"
            raise

    async def _seat(self, process: LlamaProcess, path: Path, layers: int) -> Seat:
        """Return a place. Room is asked for only where llama.cpp can use a card, before anything
        is loaded, and for the process that will hold it.
        """
        if layers == 0:
            return Seat()
        trouble = self._trouble or await self._inability()
        if trouble:
            return Seat(note=f"on the CPU: {trouble}")
        wish = RoomWish(
            name=NAME,
            model=f"{MODEL}, {layers} layers",
            needs=FileLoad(path, CONTEXT_TOKENS, SLOTS),
            priority="normal",
            patience_s=PATIENCE_S,
            pid=await process.begin(),
        )
        try:
            stay = await self._room.hold(wish, self._tenant)
        except EngineError as error:
            return Seat(note=f"on the CPU: no room on a graphics card ({error})")
        where = "a graphics card" if stay.card is None else stay.card.name
        environment = {} if stay.card is None else dict(stay.card.environment)
        return Seat(stay, f"on {where}", {"gpu_layers": layers, "environment": environment})

    async def _inability(self) -> str:
        """Return why llama.cpp can use no card; "" where it can. Asked once, in a process."""
        if self._can_offload is None:
            looking = LlamaProcess(self._command, ended=lambda reason: None)
            self._can_offload = bool(await looking.look())
        return "" if self._can_offload else NO_CARDS
