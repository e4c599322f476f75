"""A lease for a program that is started: held at the running application, or by this process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from app.gateway_client import OpenGateway, open_gateway, words_of
from engine.errors import EngineError, Refused, Rejected, Unreachable
from engine.folders import Folders
from engine.gateway.whereabouts import Whereabouts

if TYPE_CHECKING:
    from engine.gpu.lease_handle import LeaseHandle
    from engine.gpu.service import VisionResourceManager
    from engine.loop import BackgroundLoop

T = TypeVar("T")

BEAT_S = 5.0
"""How often signs of life are given."""
POLL_S = 10.0
"""How long the gateway is asked to wait before it tells of the place in the queue."""
MS_PER_S = 1000
TRIES = 5
NOT_FOUND, OVER = 404, 409
ALONE = (
    "this application does not run here: the lease is held by this command alone, and other "
    "programs cannot see it; no idle model is asked to unload for it, and no other host is asked "
    "(`universal-ai-tools serve` does all that)"
)
RENEW_BELOW = 0.5
"""A lease is renewed when this share of its time is left."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a program needs."""

    vram_mib: int
    priority: str
    gpus: int
    name: str
    duration_s: float
    model: str | None
    is_preemptible: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """How a lease stands."""

    is_held: bool
    was_preempted: bool = False
    """It is over because others needed the memory."""
    leave_within_s: float | None = None
    """How soon it must be given back; None where nobody has asked for that."""
    words: str | None = None
    """Why it waits, must leave or is over."""
    environment: Mapping[str, str] | None = None


class HeldLease(Protocol):
    """A lease that is asked for, kept alive and given back. Every call blocks."""

    def wait(self, tell: Callable[[str], None]) -> Mapping[str, str]:
        """Return the variables of the lease when it is granted; tell how it stands meanwhile.

        Raises EngineError where it never will be.
        """
        ...

    def beat(self) -> Standing:
        """Give a sign of life and return how the lease stands.

        Returns after BEAT_S, or as soon as the lease must be given back. Raises Unreachable.
        """
        ...

    def release(self) -> None:
        """Give it back, or stop to wait. Never raises; may be called twice."""
        ...


def lease_for(wanted: Wanted, folders: Folders, tell: Callable[[str], None]) -> HeldLease:
    """Return a lease, not yet asked for: of the running application, where one runs."""
    gateway = _found(folders)
    if gateway is not None:
        return GatewayLease(wanted, gateway, lambda: open_gateway(folders))
    tell(ALONE)
    if _settings(folders).share_leases:
        tell("other hosts may promise the same memory meanwhile: leases are to be shared with them")
    return OwnLease(wanted, folders)


def _found(folders: Folders) -> OpenGateway | None:
    """Return the running application's gateway; one that is slow is asked again.

    Whoever took it for absent would use memory that it has promised to somebody else.
    """
    gateway = open_gateway(folders)
    for _ in range(TRIES):
        if gateway is not None or not Whereabouts(folders.data).read():
            break
        gateway = open_gateway(folders)
    return gateway


class GatewayLease:
    """A lease of the running application. find: looks for that again after it was restarted."""

    def __init__(
        self, wanted: Wanted, gateway: OpenGateway, find: Callable[[], OpenGateway | None]
    ) -> None:
        self._wanted = wanted
        self._gateway = gateway
        self._find = find
        self._id: str | None = None

    def wait(self, tell: Callable[[str], None]) -> Mapping[str, str]:
        """See `HeldLease.wait`."""
        told = self._ask()
        while told["state"] not in ("active", "draining"):
            tell(_place(told))
            path = f"/leases/{self._id}?wait={POLL_S:.0f}"
            status, told = self._call("GET", path, silence_s=2 * POLL_S)
            if status == NOT_FOUND:  # it was restarted, and knows nothing of those who waited
                told = self._ask()
            elif "error" in told or told["ended"]:
                raise Refused(told.get("reason") or words_of(told))
        environment: dict[str, str] = told["environment"]
        return environment

    def beat(self) -> Standing:
        """See `HeldLease.beat`."""
        lease_id, wait = self._id, f"wait={BEAT_S:.0f}"
        status, told = self._call("POST", f"/leases/{lease_id}/heartbeat?{wait}")
        if status == OVER:
            _, told = self._call("GET", f"/leases/{lease_id}")
        if "error" in told:
            return Standing(False, words=words_of(told))
        if told["ended"]:
            return Standing(False, told["ended"] == "preempted", words=told["reason"])
        duration_ms = round(self._wanted.duration_s * MS_PER_S)
        left_ms = told.get("expires_in_ms")
        leave_ms = told.get("leave_within_ms")
        if leave_ms is None and left_ms is not None and left_ms < RENEW_BELOW * duration_ms:
            self._call("POST", f"/leases/{lease_id}/renew", {"duration_ms": duration_ms})
        leave_s = None if leave_ms is None else leave_ms / MS_PER_S
        return Standing(True, leave_within_s=leave_s, words=told.get("reason"))

    def release(self) -> None:
        """See `HeldLease.release`."""
        lease_id, self._id = self._id, None
        if lease_id is not None:
            with contextlib.suppress(EngineError):
                self._call("DELETE", f"/leases/{lease_id}")

    def _ask(self) -> dict[str, Any]:
        wanted = self._wanted
        body = {
            "vram_mib": wanted.vram_mib,
            "priority": wanted.priority,
            "duration_ms": round(wanted.duration_s * MS_PER_S),
            "gpus": wanted.gpus,
            "name": wanted.name,
            "model": wanted.model,
            "preemptible": wanted.is_preemptible,
            "pid": os.getpid(),
        }
        _, told = self._call("POST", "/leases", body)
        if "error" in told:
            raise Refused(words_of(told))
        self._id = told["id"]
        return told

    def _call(
        self, method: str, path: str, body: object = None, *, silence_s: float = POLL_S
    ) -> tuple[int, dict[str, Any]]:
        try:
            return self._gateway.call(method, path, body, silence_s=silence_s)
        except Unreachable:
            found = self._find()
            if found is None:
                raise
            self._gateway = found
            return found.call(method, path, body, silence_s=silence_s)


class OwnLease:
    """A lease that this process gives itself, beside what it sees of other programs."""

    def __init__(self, wanted: Wanted, folders: Folders) -> None:
        self._wanted = wanted
        self._folders = folders
        self._loop: BackgroundLoop | None = None
        self._machine: VisionResourceManager | None = None
        self._handle: LeaseHandle | None = None

    def wait(self, tell: Callable[[str], None]) -> Mapping[str, str]:
        """See `HeldLease.wait`."""
        from engine.loop import BackgroundLoop
        from engine.outsides import machine

        self._loop = BackgroundLoop(on_error=lambda words, error: tell(f"{words} {error or ''}"))
        self._loop.start()
        self._machine = machine(self._folders, _settings(self._folders))
        self._run(self._machine.start())
        self._handle = self._run(self._allocate(self._machine))
        return self._handle.environment

    def beat(self) -> Standing:
        """See `HeldLease.beat`."""
        assert self._handle is not None
        assert self._machine is not None
        with contextlib.suppress(EngineError):
            self._run(self._machine.leases.watch(self._handle.id, BEAT_S))
        view = self._handle.view
        if view is None or view.is_over:
            was_preempted = view is not None and str(view.ending) == "preempted"
            return Standing(False, was_preempted, words=view.reason if view else None)
        now_s = self._machine.snapshot().taken_s
        leave_s = None if view.leave_by_s is None else max(0.0, view.leave_by_s - now_s)
        if leave_s is None and (view.expires_s or 0) - now_s < RENEW_BELOW * view.duration_s:
            self._run(self._handle.renew(view.duration_s * MS_PER_S))
        return Standing(True, leave_within_s=leave_s, words=view.reason)

    def release(self) -> None:
        """See `HeldLease.release`."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        if self._machine is not None:
            loop.submit(self._machine.aclose()).result()
        loop.stop()

    async def _allocate(self, machine: VisionResourceManager) -> LeaseHandle:
        wanted = self._wanted
        return await machine.allocate_resources(
            wanted.vram_mib,
            wanted.priority,
            wanted.duration_s * MS_PER_S,
            gpus=wanted.gpus,
            name=wanted.name,
            model=wanted.model,
            preemptible=wanted.is_preemptible,
        )

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        loop = self._loop
        if loop is None:
            work.close()
            raise Unreachable("the lease was given back")
        future = loop.submit(work)
        try:
            return future.result()
        except Rejected as error:
            raise Refused(str(error)) from error
        except BaseException:
            future.cancel()
            raise


def _settings(folders: Folders) -> Any:
    from engine.assembly import Settings
    from engine.configuration import SettingsFile
    from engine.errors import SettingsError

    try:
        return SettingsFile(folders.settings_file).read(Settings).resources
    except SettingsError:
        return Settings().resources


def _place(told: Mapping[str, Any]) -> str:
    position, reason = told.get("position"), told.get("reason")
    where = "a place is being made free" if position is None else f"number {position} in the queue"
    return f"{where}: {reason}" if reason else where
