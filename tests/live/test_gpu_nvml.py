"""NVIDIA's own module over a played driver: what real drivers do on bad days."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.errors import Unreachable
from engine.gpu import sampler
from engine.gpu.adapters.host import PsutilHost
from engine.gpu.adapters.processes import PsutilBook
from engine.gpu.cards import CardNow, CardReading, CardState, Group
from engine.gpu.service import VisionResourceManager
from engine.gpu.settings import ResourceSettings
from tests.live.nvml import PlayedNvidia, build, environment
from tests.live.programs import wait_until

pytestmark = pytest.mark.live

ALL = frozenset(Group)
HANG = "delay gpu=0 us=60000000"
PATIENCE_S = 15.0
Play = Callable[..., PlayedNvidia]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the double of NVIDIA's library."""
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def play(library: Path, tmp_path: Path) -> Iterator[Play]:
    """Return what makes cards that play the scenario it is given."""
    made = []

    def make(*lines: str) -> PlayedNvidia:
        made.append(PlayedNvidia(library, tmp_path, *lines))
        return made[-1]

    yield make
    for each in made:
        each.end()


def read(cards: PlayedNvidia, index: int = 0, groups: frozenset[Group] = ALL) -> CardNow:
    """Return a card as it is read for the first time."""
    return cards.read(CardNow(cards.cards()[index]), groups)


def test_every_field_is_read(play: Play):
    """All that a card tells arrives, in the units that the fields say."""
    cards = play(
        "gpus 1",
        "clock 0",
        "gpu 0 name Played RTX 4090",
        "gpu 0 util 37",
        "gpu 0 mem_util 21",
        "gpu 0 mem_used 1000",
        "gpu 0 power 310.5",
        "gpu 0 throttle 69",
        "gpu 0 pcie_rx 2048",
        "gpu 0 pcie_tx 512",
        "gpu 0 enc 11",
        "gpu 0 dec 12",
        "gpu 0 ecc_errors 3",
    )
    cards.open()
    found = read(cards)
    assert (found.card.name, found.card.memory_total_mib) == ("Played RTX 4090", 24_564)
    assert (found.card.pci_address, found.card.driver) == ("0000:01:00.0", "570.00.fake")
    assert found.reading == CardReading(
        memory_used_mib=1000,
        memory_reserved_mib=366,
        busy_percent=37.0,
        memory_busy_percent=21.0,
        temperature_c=40.0,
        power_w=310.5,
        clock_mhz=1500,
        memory_clock_mhz=10_501,
        throttled_by=("power limit", "heat (hardware)"),
        fan_percent=30.0,
        received_mib_s=2.0,
        sent_mib_s=0.5,
        encoder_percent=11.0,
        decoder_percent=12.0,
        power_limit_w=450.0,
        slowdown_c=96.0,
        pcie_generation=4,
        pcie_width=16,
        memory_errors=3,
        processes=(),
    )


def test_processes_are_merged(play: Play):
    """A process in both lists is told once; memory that is not told is None; made-up process
    numbers are left out.
    """
    cards = play(
        "gpus 1",
        "proc gpu=0 pid=11 mem=3000 type=C sm=40",
        "proc gpu=0 pid=11 mem=3000 type=G sm=40",
        "proc gpu=0 pid=12 mem=-1 type=G sm=5",
        "proc gpu=0 pid=-1 mem=77 type=C",
        "proc gpu=0 pid=99999999 mem=77 type=C",
    )
    cards.open()
    both, unknown = read(cards).reading.processes or ()
    assert (both.pid, both.used_mib, both.kind, both.busy_percent) == (11, 3000, "both", 40.0)
    assert (unknown.pid, unknown.used_mib, unknown.kind) == (12, None, "graphics")


def test_memory_costs_one_call(play: Play):
    """What is read ten times a second asks the driver once for each card, and nothing else."""
    cards = play("gpus 4")
    cards.open()
    known = [CardNow(card) for card in cards.cards()]
    cards.calls()
    for each in known:
        cards.read(each, frozenset({Group.MEMORY}))
    assert cards.calls("nvmlDeviceGetMemoryInfo_v2") == 4
    for each in known:
        cards.read(each, frozenset({Group.LOAD}))
    assert cards.calls() == 4


def test_old_driver_tells_memory_its_old_way(play: Play):
    """Where the driver does not know the second version, the first one is asked."""
    cards = play(
        "gpus 1",
        "gpu 0 mem_used 1000",
        "fault gpu=0 fn=nvmlDeviceGetMemoryInfo_v2 err=FUNCTION_NOT_FOUND",
    )
    cards.open()
    reading = read(cards).reading
    assert (reading.memory_used_mib, reading.memory_reserved_mib) == (1366, None)


def test_what_is_not_supported_is_asked_once(play: Play):
    """A card without a fan tells None there and all else, and is asked again after a minute."""
    cards = play("gpus 1")
    cards.play("fault gpu=0 fn=nvmlDeviceGetFanSpeed err=NOT_SUPPORTED")
    cards.open()
    now = read(cards)
    assert now.state is CardState.READY
    assert (now.reading.fan_percent, now.reading.temperature_c) == (None, 40.0)
    cards.calls()
    for _ in range(5):
        now = cards.read(now, frozenset({Group.LINK}))
    assert cards.calls("nvmlDeviceGetFanSpeed") == 0
    cards.play()
    now = cards.read(now, frozenset({Group.LINK, Group.LIMITS}))
    assert now.reading.fan_percent == 30.0


def test_call_that_fails_once_is_asked_again(play: Play):
    """A timeout makes one value unknown, once."""
    cards = play("gpus 1")
    cards.open()
    cards.play("fault gpu=0 fn=nvmlDeviceGetPowerUsage err=TIMEOUT")
    assert read(cards).reading.power_w is None
    cards.play()
    assert read(cards).reading.power_w == 60.0


def test_lost_card_has_the_driver_opened_anew(play: Play):
    """After a card was lost, the library is opened again every few seconds: only that finds it."""
    cards = play("gpus 2")
    cards.open()
    before = read(cards, 1)
    cards.play("fault gpu=1 err=GPU_IS_LOST")
    assert cards.read(before, ALL).state is CardState.LOST
    cards.calls()
    cards.cards()
    assert cards.calls("nvmlInit") == 0
    cards.pass_time(11)
    assert [card.index for card in cards.cards()] == [0]
    assert cards.calls("nvmlInit") == 1
    assert cards.read(before, ALL).state is CardState.LOST
    cards.play()
    cards.pass_time(11)
    assert [card.index for card in cards.cards()] == [0, 1]
    assert cards.read(before, ALL).state is CardState.READY


def test_xid_stands_at_its_card(play: Play):
    """A fault that the driver reports is told at the card that has it, and stays."""
    cards = play("gpus 2", "clock 0")
    cards.open()
    cards.play("event gpu=1 xid=79 at=0")
    cards.cards()
    assert (read(cards, 0).reading.last_xid, read(cards, 1).reading.last_xid) == (None, 79)
    assert read(cards, 1).reading.last_xid == 79


def test_card_is_plugged_in(play: Play):
    """A third card appears without a new start, and one that is gone is not listed any more."""
    cards = play("gpus 2")
    cards.open()
    assert len(cards.cards()) == 2
    cards.play("gpus 3")
    assert [card.index for card in cards.cards()] == [0, 1, 2]
    cards.play("gpus 1")
    assert [card.index for card in cards.cards()] == [0]


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("DRIVER_NOT_LOADED", "modprobe nvidia"),
        ("LIB_RM_VERSION_MISMATCH", "start the machine anew"),
        ("NO_PERMISSION", "/dev/nvidia"),
    ],
)
def test_driver_that_cannot_be_used_names_the_remedy(play: Play, error: str, remedy: str):
    """Why the driver cannot be used is said with what mends it."""
    cards = play(f"fault sys err={error}")
    with pytest.raises(Unreachable, match=remedy):
        cards.open()


# --- with the threads that read in earnest ---


@contextmanager
def watched(
    cards: PlayedNvidia, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], VisionResourceManager]]:
    """Shorten what takes long, for a block."""
    monkeypatch.setattr(sampler, "LOOK_AGAIN_S", 0.3)
    monkeypatch.setattr(sampler, "SILENT_S", 0.6)
    yield lambda: VisionResourceManager(
        settings=ResourceSettings(sample_period_s=0.2),
        probe=PsutilHost(disk=Path("/")),
        backends=(cards,),
        book=PsutilBook(),
        clock=SystemClock(),
    )


def state(manager: VisionResourceManager, index: int = 0) -> CardState | None:
    """Return a card's state, as shown; None before it was read."""
    cards = manager.snapshot().cards
    is_read = len(cards) > index and cards[index].age_s is not None
    return cards[index].state if is_read else None


async def until(manager: VisionResourceManager, wanted: CardState, index: int = 0) -> None:
    """Wait until the card is as wanted."""
    what = f"a card that is {wanted}"
    await asyncio.to_thread(
        wait_until, lambda: state(manager, index) is wanted, what, within_s=PATIENCE_S
    )


def test_hung_driver_is_seen_and_recovers(play: Play, monkeypatch: pytest.MonkeyPatch):
    """While a call hangs, the cards are silent and age, the host is read on; then all is well."""
    cards = play("gpus 2", f"proc gpu=0 pid={os.getpid()} mem=700 type=C")

    async def run(manager: VisionResourceManager) -> None:
        async with manager:
            await until(manager, CardState.READY, 1)
            cards.play(HANG)
            await until(manager, CardState.SILENT, 1)
            first = manager.snapshot()
            host = manager.snapshot().cpu_percent
            await asyncio.to_thread(
                wait_until,
                lambda: len(manager.snapshot().cpu_percent) > len(host) + 1,
                "readings of the host",
                within_s=PATIENCE_S,
            )
            later = manager.snapshot()
            assert (later.cards[0].age_s or 0) > (first.cards[0].age_s or 0) > 0
            assert "has not answered" in (later.cards[0].reason or "")
            assert later.problem is None
            cards.play()
            await until(manager, CardState.READY)
            processes = manager.snapshot().cards[0].reading.processes or ()
            assert [(each.pid, each.used_mib) for each in processes] == [(os.getpid(), 700)]
            assert processes[0].name
            assert processes[0].user

    with watched(cards, monkeypatch) as make:
        asyncio.run(run(make()))


def test_slow_calls_are_no_fault(play: Play, monkeypatch: pytest.MonkeyPatch):
    """A call of a quarter of a second is waited for."""
    cards = play("gpus 1", "delay gpu=0 us=250000 fn=nvmlDeviceGetPowerUsage")

    async def run(manager: VisionResourceManager) -> None:
        async with manager:
            await until(manager, CardState.READY)
            (card,) = manager.snapshot().cards
            assert (card.state, card.reading.power_w) == (CardState.READY, 60.0)

    with watched(cards, monkeypatch) as make:
        asyncio.run(run(make()))


def test_driver_is_unloaded_and_comes_back(play: Play, monkeypatch: pytest.MonkeyPatch):
    """Without its driver a card is lost, with the remedy; with it, it is read again by itself."""
    cards = play("gpus 1")

    async def run(manager: VisionResourceManager) -> None:
        async with manager:
            await until(manager, CardState.READY)
            cards.play("fault sys err=DRIVER_NOT_LOADED")
            await until(manager, CardState.LOST)
            assert "modprobe nvidia" in (manager.snapshot().cards[0].reason or "")
            cards.play()
            await until(manager, CardState.READY)

    with watched(cards, monkeypatch) as make:
        asyncio.run(run(make()))


# --- second opinions ---


def test_nvitop_sees_the_same(library: Path, tmp_path: Path):
    """What nvitop shows of the played cards is what is played."""
    program = shutil.which("nvitop")
    if program is None:
        pytest.skip("nvitop is not on the PATH; it is only asked for a second opinion")
    scenario = tmp_path / "scenario"
    scenario.write_text("gpus 1\ngpu 0 name Played T4\ngpu 0 mem_total 15360\ngpu 0 temp 66\n")
    shown = subprocess.run(
        [program, "--once"],
        env=environment(library, scenario),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Played T4" in shown.stdout
    assert "66C" in shown.stdout
    assert "15360MiB" in shown.stdout or "15.00GiB" in shown.stdout


def test_real_card_is_read():
    """A real card tells its memory, temperature and power, and who uses it; nvidia-smi agrees."""
    if not Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is None:
        pytest.skip("needs an NVIDIA card with its driver; here is none")
    script = (
        "from engine.gpu.adapters.nvml_cards import NvmlCards\n"
        "from engine.gpu.cards import CardNow, Group\n"
        "cards = NvmlCards(); cards.open()\n"
        "now = cards.read(CardNow(cards.cards()[0]), frozenset(Group))\n"
        "print(now.card.id, now.card.memory_total_mib, now.reading.memory_used_mib, now.state)\n"
        "print(now.reading)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    uuid, total_mib, used_mib, how = told.stdout.splitlines()[0].split()
    query = "--query-gpu=uuid,memory.total,memory.used"
    listed = subprocess.run(
        ["nvidia-smi", query, "--format=csv,noheader,nounits", "-i", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    expected = [word.strip() for word in listed.stdout.split(",")]
    assert (uuid, total_mib, how) == (expected[0], expected[1], "ready")
    assert abs(int(used_mib) - int(expected[2])) < 64
    assert "temperature_c=None" not in told.stdout
