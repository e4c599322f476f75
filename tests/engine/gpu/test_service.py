from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.errors import Refused, Rejected, Unreachable
from engine.gpu import service
from engine.gpu.adapters.simulated_cards import SimulatedCards
from engine.gpu.adapters.simulated_programs import SimulatedPrograms
from engine.gpu.cards import CardState, ProcessFacts
from engine.gpu.history import Gauge, Span
from engine.gpu.service import VisionResourceManager
from engine.gpu.settings import ResourceSettings
from engine.gpu.snapshot import HostReading, ResourceSnapshot
from tests.engine.voice.doubles import until

PATIENCE_S = 10.0
OFTEN = ResourceSettings(sample_period_s=0.2)
SELDOM = ResourceSettings(sample_period_s=60.0)


def reading(cpu_percent: float | None = 50.0, **other: Any) -> HostReading:
    """Return a reading of a machine with 1000 MiB of memory, 250 of them used."""
    values: dict[str, Any] = {
        "cpu_cores": 4,
        "memory_used_mib": 250,
        "memory_total_mib": 1000,
        "disk_free_gib": 1.0,
        "disk_total_gib": 2.0,
        "own_cpu_percent": 1.0,
        "own_memory_mib": 100,
    }
    return HostReading(cpu_percent=cpu_percent, **(values | other))


class ScriptedProbe:
    """Plays its script, then repeats the last line; tells when it was asked."""

    def __init__(self, *script: HostReading | Exception | threading.Event) -> None:
        self._script = list(script)
        self._asked = threading.Semaphore(0)
        self.threads: set[str] = set()

    def read(self) -> HostReading:
        self.threads.add(threading.current_thread().name)
        line = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        self._asked.release()
        if isinstance(line, threading.Event):
            line.wait(PATIENCE_S)
            return reading()
        if isinstance(line, Exception):
            raise line
        return line

    async def wait_until_asked(self, times: int) -> None:
        """Wait until `read` was called `times` more."""
        for _ in range(times):
            assert await asyncio.to_thread(self._asked.acquire, timeout=PATIENCE_S)


class EmptyBook:
    """Knows no process."""

    def facts(self, pid: int) -> ProcessFacts | None:
        return None

    def parent(self, pid: int) -> int | None:
        return None


def manager_of(**wiring: Any) -> VisionResourceManager:
    """Return a manager that knows no process."""
    return VisionResourceManager(book=EmptyBook(), **wiring)


def story(
    clock: Any, probe: ScriptedProbe, *, times: int, settings: ResourceSettings = OFTEN
) -> ResourceSnapshot:
    """Return the snapshot after the probe was asked `times`: the lines before that are seen."""

    async def run() -> ResourceSnapshot:
        manager = manager_of(settings=settings, probe=probe, clock=clock)
        async with manager:
            await probe.wait_until_asked(times)
        return manager.snapshot()

    return asyncio.run(run())


def test_reading_is_shown_with_its_age(clock: Any):
    """A snapshot holds the newest reading and says how old it is."""
    last = reading(70.0)
    clock_at_end = clock.now() + 2.5

    async def run() -> ResourceSnapshot:
        probe = ScriptedProbe(last)
        async with manager_of(settings=SELDOM, probe=probe, clock=clock) as manager:
            await probe.wait_until_asked(1)
        clock.advance(2.5)
        return manager.snapshot()

    snapshot = asyncio.run(run())
    assert (snapshot.host, snapshot.age_s, snapshot.taken_s) == (last, 2.5, clock_at_end)
    assert snapshot.problem is None


def test_readings_become_series(clock: Any):
    """Load and memory share are kept over time, in percent."""
    snapshot = story(clock, ScriptedProbe(reading(10.0), reading(20.0)), times=2)
    # A slow machine may take a third reading before the manager is closed.
    assert snapshot.cpu_percent[:2, 1].tolist() == [10.0, 20.0]
    assert snapshot.memory_percent[:2, 1].tolist() == [25.0, 25.0]
    assert set(snapshot.cpu_percent[:, 0]) == {clock.now()}


def test_unknown_is_no_zero(clock: Any):
    """Where the system does not tell, the series have no point, not a zero."""
    unknown = reading(None, memory_used_mib=None, memory_total_mib=None)
    snapshot = story(clock, ScriptedProbe(unknown), times=1)
    assert snapshot.cpu_percent.shape == snapshot.memory_percent.shape == (0, 2)


def test_before_the_first_reading_there_is_none(clock: Any):
    """A manager that has not started shows nothing and complains of nothing."""
    manager = manager_of(settings=OFTEN, probe=ScriptedProbe(reading()), clock=clock)
    clock.advance(3600)
    snapshot = manager.snapshot()
    assert (snapshot.host, snapshot.age_s, snapshot.problem) == (None, None, None)


def test_failed_reading_is_said_and_the_old_one_kept(clock: Any):
    """When the system refuses, its words are shown beside the last good reading."""
    good = reading(30.0)
    probe = ScriptedProbe(good, Refused("the system's load cannot be read"))
    snapshot = story(clock, probe, times=2)
    assert snapshot.host == good
    assert snapshot.problem == "the system's load cannot be read"


def test_problem_leaves_with_the_next_good_reading(clock: Any):
    """After a failure, a good reading clears the problem."""
    probe = ScriptedProbe(Refused("no"), reading(30.0))
    snapshot = story(clock, probe, times=2)
    assert snapshot.problem is None
    assert snapshot.host == reading(30.0)


def test_fault_in_a_probe_does_not_end_the_watch(clock: Any, caplog: pytest.LogCaptureFixture):
    """A programming mistake in a probe is logged and shown, and reading goes on."""
    snapshot = story(clock, ScriptedProbe(ZeroDivisionError("oops"), reading(30.0)), times=2)
    assert snapshot.host == reading(30.0)
    assert "oops" in caplog.text


def test_only_the_sampler_calls_the_probe(clock: Any):
    """Every call to the probe comes from one thread, which is neither the loop's nor a reader's."""
    probe = ScriptedProbe(reading())
    story(clock, probe, times=3)
    assert probe.threads == {"gpu"}


def test_changed_period_counts_at_once(clock: Any):
    """A shorter period does not wait for the end of the longer one."""

    async def run() -> None:
        probe = ScriptedProbe(reading())
        async with manager_of(settings=SELDOM, probe=probe, clock=clock) as manager:
            await probe.wait_until_asked(1)
            await manager.change_settings(OFTEN)
            await probe.wait_until_asked(2)

    asyncio.run(run())


@pytest.fixture
def release() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


def test_hanging_probe_makes_the_reading_stale(clock: Any, release: threading.Event):
    """While a call hangs, snapshots still come and say how old the last reading is."""

    async def run() -> None:
        probe = ScriptedProbe(reading(), release)
        async with manager_of(settings=OFTEN, probe=probe, clock=clock) as manager:
            await probe.wait_until_asked(2)
            fresh = manager.snapshot()
            clock.advance(60)
            stale = manager.snapshot()
            release.set()
        assert fresh.problem is None
        assert stale.age_s == 60
        assert stale.problem == "The system has not answered for 60 s: what is shown is old."

    asyncio.run(run())


def test_closing_does_not_wait_for_ever(
    clock: Any, release: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    """A probe that hangs does not keep the application from closing."""
    monkeypatch.setattr(service, "LONGEST_GOODBYE_S", 0.01)

    async def run() -> None:
        probe = ScriptedProbe(release)
        manager = manager_of(settings=OFTEN, probe=probe, clock=clock)
        await manager.start()
        await probe.wait_until_asked(1)
        await manager.aclose()

    asyncio.run(run())
    assert not release.is_set()


@pytest.mark.parametrize("starts", [0, 1])
def test_closing_twice_is_fine(clock: Any, starts: int):
    """Closing may be repeated, also by a manager that never started."""

    async def run() -> None:
        manager = manager_of(settings=OFTEN, probe=ScriptedProbe(reading()), clock=clock)
        for _ in range(starts):
            await manager.start()
        await manager.aclose()
        await manager.aclose()

    asyncio.run(run())


def test_cards_are_shown_with_their_history(clock: Any):
    """The snapshot holds every card, read, and the manager what they did before."""

    async def run() -> None:
        probe, cards = ScriptedProbe(reading()), SimulatedCards(clock=clock)
        async with manager_of(settings=OFTEN, probe=probe, backends=(cards,), clock=clock) as here:
            await seen(here, lambda snapshot: all(card.age_s == 0 for card in snapshot.cards))
        first, second = here.snapshot().cards
        assert (first.state, second.state) == (CardState.READY, CardState.READY)
        assert here.snapshot().cards_problem is None
        history = here.history(first.card.id, Gauge.MEMORY, Span.MINUTE)
        assert history[-1, 1:].tolist() == [first.reading.memory_used_mib] * 3
        assert here.history("stranger", Gauge.MEMORY, Span.MINUTE).shape == (0, 4)

    asyncio.run(run())


def test_driver_that_hangs_does_not_stop_the_host(clock: Any, release: threading.Event):
    """While a card's driver hangs, the host is still read and only the cards are old."""

    class HangingCards(SimulatedCards):
        def cards(self) -> Any:
            release.wait(PATIENCE_S)
            return super().cards()

    async def run() -> None:
        probe, cards = ScriptedProbe(reading()), HangingCards(clock=clock)
        async with manager_of(settings=OFTEN, probe=probe, backends=(cards,), clock=clock) as here:
            await probe.wait_until_asked(3)
            clock.advance(60)
            await probe.wait_until_asked(2)
            hanging = here.snapshot()
            release.set()
            await seen(here, lambda snapshot: snapshot.cards_problem is None and snapshot.cards)
        assert hanging.problem is None
        assert "The driver has not answered for 60 s" in (hanging.cards_problem or "")

    asyncio.run(run())


async def seen(manager: VisionResourceManager, look: Callable[[ResourceSnapshot], object]) -> None:
    """Wait until the manager has cards, and its snapshot is as wanted."""
    await until(lambda: manager.snapshot().cards and look(manager.snapshot()), "the cards")


def with_card(work: Callable[[VisionResourceManager], Awaitable[None]]) -> None:
    """Run `work` on a machine with two made-up cards, of 24,564 and 16,376 MiB."""

    async def run() -> None:
        clock = SystemClock()
        manager = manager_of(
            settings=OFTEN,
            probe=ScriptedProbe(reading()),
            backends=(SimulatedCards(clock=clock),),
            clock=clock,
        )
        async with asyncio.timeout(PATIENCE_S), manager:
            await work(manager)

    asyncio.run(run())


def test_memory_is_allocated_as_the_readme_says():
    """Awaited or entered, in megabytes and milliseconds, on the engines' loop."""

    async def work(manager: VisionResourceManager) -> None:
        lease = await manager.allocate_resources(
            vram_required=4096, priority="high", duration=30_000, gpus=1, name="dictation"
        )
        async with manager.allocate_resources(vram_required=1024) as second:
            held = manager.snapshot().leases.held
            assert {each.id for each in held} >= {lease.id, second.id}
        (first,) = [each for each in held if each.id == lease.id]
        assert (first.name, first.priority.name, first.duration_s) == ("dictation", "HIGH", 30.0)
        await lease.renew(60_000)
        await lease.heartbeat()
        await lease.release()
        assert not lease.is_held

    with_card(work)


@pytest.mark.parametrize(
    ("vram_required", "wishes"),
    [(0, {}), (10**9, {}), (1, {"priority": "highest"}), (1, {"duration": 0}), (1, {"gpus": 9})],
)
def test_what_cannot_be_is_rejected(vram_required: int, wishes: dict[str, Any]):
    """Nobody waits for it."""

    async def work(manager: VisionResourceManager) -> None:
        with pytest.raises(Rejected):
            await manager.allocate_resources(vram_required, **wishes)

    with_card(work)


def test_a_machine_without_a_card_says_so():
    """The caller can choose the processor."""

    async def run() -> str:
        manager = manager_of(settings=OFTEN, probe=ScriptedProbe(reading()), clock=SystemClock())
        async with manager:
            with pytest.raises(Rejected) as error:
                await manager.allocate_resources(1024)
        return str(error.value)

    assert "there is none" in asyncio.run(run())


def test_a_process_is_ended_by_pid_and_start(clock: Any):
    """What the page asks to end is asked of the system off the engines' loop, as it was named."""
    programs = SimulatedPrograms(clock=clock)
    pid = programs.start("train")
    facts = programs.facts(pid)
    assert facts is not None

    async def run() -> None:
        manager = VisionResourceManager(
            settings=OFTEN, probe=ScriptedProbe(reading()), book=programs, clock=clock
        )
        with pytest.raises(Unreachable):
            await manager.end_process(pid, facts.started_s + 1)
        await manager.end_process(pid, facts.started_s)

    asyncio.run(run())
    assert programs.facts(pid) is None
