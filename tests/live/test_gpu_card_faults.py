"""What cards and drivers do to leases: a real `serve` over four played cards of 12,000 MiB.

What is looked for every ten seconds in earnest is looked for every second here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.lease_machine import SOON_S, Machine, machine_with
from tests.live.nvml import build
from tests.live.programs import Program, wait_until

pytestmark = pytest.mark.live

CARDS = "gpus 4\ngpu * mem_total 12000\ngpu * mem_used 0\ngpu * mem_reserved 0"
SETTINGS = """
[resources]
card_memory_period_s = 0.1
card_load_period_s = 0.1
card_heat_period_s = 0.2
grace_s = 3.0
"""
IMPATIENT = """
from engine.gpu import sampler
from engine.gpu.adapters import nvml_cards
sampler.LOOK_AGAIN_S = nvml_cards.LOOK_AGAIN_S = 1.0
from app.__main__ import main
raise SystemExit(main(["serve"]))
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Return a machine where `serve` runs."""
    library = build(tmp_path_factory.mktemp("nvml"))
    with machine_with(library, tmp_path_factory.mktemp("cards"), CARDS, SETTINGS) as made:
        made.serve(command=(sys.executable, "-W", "error", "-c", IMPATIENT))
        yield made


@pytest.fixture
def machine(serving: Machine) -> Iterator[Machine]:
    """Return the machine with its cards empty and well, and nobody who holds or waits."""
    serving.play()
    wait_until(lambda: free(serving) == [11_640] * 4, "empty cards", within_s=SOON_S)
    assert serving.names("queue") == serving.names("leases") == []
    yield serving
    serving.play()
    told = serving.ask("GET", "/leases")[1]
    for each in told["leases"] + told["queue"]:
        serving.ask("DELETE", f"/leases/{each['id']}")


def free(machine: Machine) -> list[int]:
    """Return what is free on each card."""
    return [int(card["free_mib"]) for card in machine.cards()]


def holder(machine: Machine, name: str) -> tuple[Program, str, Path]:
    """Return a program that runs on a lease, its card, and the file that lets it end."""
    ready, go = machine.folder / f"{name}.card", machine.folder / f"{name}.go"
    script = f"echo $CUDA_VISIBLE_DEVICES > {ready}; until [ -e {go} ]; do sleep 0.1; done; exit 6"
    program = machine.run(name, script)
    card = wait_until(
        lambda: ready.exists() and ready.read_text().strip(), f"{name} runs", within_s=SOON_S
    )
    assert isinstance(card, str)
    return program, card, go


def test_card_is_lost_while_it_is_leased(machine: Machine):
    """Its lease ends, the program is told, the others go on elsewhere; then it is used again."""
    program, card, go = holder(machine, "unlucky")
    machine.play(f"fault gpu={card} err=GPU_IS_LOST")
    program.wait_for(
        lambda: "its graphics card is gone" in program.err, "it is told", within_s=SOON_S
    )
    (ended,) = [
        each for each in machine.ask("GET", "/leases")[1]["ended"] if each["name"] == "unlucky"
    ]
    assert ended["ended"] == "card gone"
    assert len(machine.cards()) == 3
    status, lease = machine.ask("POST", "/leases", {"vram_mib": 9000, "gpus": 3, "name": "next"})
    assert status == 201
    assert card not in lease["environment"]["CUDA_VISIBLE_DEVICES"].split(",")
    status, told = machine.ask("POST", "/leases", {"vram_mib": 9000, "gpus": 4})
    assert (status, told["error"]["code"]) == (409, "never_fits")
    machine.play()
    wait_until(lambda: len(machine.cards()) == 4, "the card is back", within_s=SOON_S)
    status, lease = machine.ask("POST", "/leases", {"vram_mib": 9000, "name": "back", "wait": 5})
    assert (status, lease["environment"]["CUDA_VISIBLE_DEVICES"]) == (201, card)
    go.touch()
    assert program.wait(within_s=SOON_S) == 6


def test_driver_is_unloaded_and_comes_back(machine: Machine):
    """All leases end, what is asked for is refused with the remedy, and then all is well again."""
    program, _, go = holder(machine, "cut-off")
    machine.play("fault sys err=DRIVER_NOT_LOADED", "fault gpu=* err=DRIVER_NOT_LOADED")
    program.wait_for(lambda: "card is gone" in program.err, "it is told", within_s=SOON_S)
    wait_until(lambda: machine.cards() == [], "no card can be used", within_s=SOON_S)
    status, told = machine.ask("POST", "/leases", {"vram_mib": 1000, "name": "too-late"})
    assert (status, told["error"]["code"]) == (409, "never_fits")
    assert "graphics card" in told["error"]["message"]
    machine.play()
    wait_until(lambda: len(machine.cards()) == 4, "the cards are back", within_s=SOON_S)
    assert machine.ask("POST", "/leases", {"vram_mib": 1000, "wait": 5})[0] == 201
    go.touch()
    assert program.wait(within_s=SOON_S) == 6


def test_slow_calls_delay_nobody(machine: Machine):
    """While each reading takes seconds, the gateway answers at once, and memory is given out."""
    machine.play("delay gpu=* us=400000 fn=nvmlDeviceGetMemoryInfo")
    asked_s = time.monotonic()
    ids = []
    for number in range(20):
        status, told = machine.ask("POST", "/leases", {"vram_mib": 500, "name": f"n{number}"})
        assert status == 201
        ids.append(told["id"])
    assert time.monotonic() - asked_s < 10.0
    for each in ids:
        machine.ask("DELETE", f"/leases/{each}")


def test_hung_driver_lets_requests_wait(machine: Machine):
    """It is said why they wait, all else is answered, leases go on, and then they are granted."""
    program, _, go = holder(machine, "loaded")
    machine.play("delay gpu=* us=60000000")
    wait_until(
        lambda: any("not answer" in each for each in problems(machine)),
        "the silence is seen",
        within_s=SOON_S,
    )
    status, told = machine.ask("POST", "/leases", {"vram_mib": 1000, "name": "patient", "wait": 1})
    assert (status, told["state"]) == (202, "queued")
    assert "driver" in told["reason"]
    assert machine.names("leases") == ["loaded"]
    machine.play()
    machine.until(told["id"], "the driver answers", state="active")
    go.touch()
    assert program.wait(within_s=SOON_S) == 6
    assert "the lease is over" not in program.err


def test_foreign_program_takes_the_memory(machine: Machine):
    """Nothing is granted beyond what is left, and who holds a lease there is asked to leave."""
    program, card, go = holder(machine, "guest")
    _, other = machine.ask("POST", "/leases", {"vram_mib": 9000, "gpus": 3, "name": "fill"})
    machine.play(f"gpu {card} mem_used 11950")
    program.wait_for(lambda: "asked to leave" in program.err, "it is asked", within_s=SOON_S)
    told = machine.ask("GET", "/leases")[1]
    (guest,) = [each for each in told["leases"] + told["ended"] if each["name"] == "guest"]
    assert guest["asked_to_leave"] or guest["ended"] == "preempted"
    assert (
        "a program that holds no lease" in guest["reason"] or "another program" in guest["reason"]
    )
    go.touch()
    assert program.wait(within_s=SOON_S) == 6
    wait_until(lambda: machine.names("leases") == ["fill"], "its lease is over", within_s=SOON_S)
    status, late = machine.ask("POST", "/leases", {"vram_mib": 5000, "name": "late", "wait": 1})
    assert (status, late["state"]) == (202, "queued")
    assert late["reason"]
    assert max(free(machine)) < 5000
    machine.ask("DELETE", f"/leases/{other['id']}")
    found = machine.until(late["id"], "room elsewhere", state="active")
    assert found["environment"]["CUDA_VISIBLE_DEVICES"] != card


def problems(machine: Machine) -> list[str]:
    """Return what is said to be wrong with leases."""
    found: list[str] = machine.ask("GET", "/leases")[1]["problems"]
    return found
