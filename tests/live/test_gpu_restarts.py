"""`serve` ends with leases out, well or badly, and begins again: four cards of 12,000 MiB."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.lease_machine import SOON_S, Machine, machine_with
from tests.live.nvml import build
from tests.live.programs import Program, wait_until

pytestmark = pytest.mark.live

CARDS = "gpus 4\ngpu * mem_total 12000\ngpu * mem_used 0\ngpu * mem_reserved 0"


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Return a machine whose programs are ended with the test."""
    library = build(tmp_path_factory.mktemp("nvml"))
    with machine_with(library, tmp_path_factory.mktemp("restarts"), CARDS) as made:
        yield made


def holder(machine: Machine) -> tuple[Program, Path]:
    """Return a program that runs on a lease of all cards, and the file that lets it end."""
    ready, go = machine.folder / "ready", machine.folder / "go"
    script = f"touch {ready}; until [ -e {go} ]; do sleep 0.1; done; exit 6"
    program = machine.run("holder", script, "--gpus", "4")
    wait_until(ready.exists, "it runs", within_s=SOON_S)
    return program, go


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_leases_outlive_the_application(machine: Machine, end: signal.Signals):
    """A program runs on, says that its lease may be lost, and is known again to the next one."""
    served = machine.serve()
    program, go = holder(machine)
    waiting = machine.run("waiting", "echo ran")
    wait_until(lambda: machine.names("queue") == ["waiting"], "one waits", within_s=SOON_S)
    body = {"vram_mib": 2000, "name": "short", "duration_ms": 1500}
    status, _ = machine.ask("POST", "/leases", body)
    assert status == 201
    served.signal(end)
    assert served.wait(within_s=SOON_S) == (0 if end is signal.SIGTERM else -end)
    assert waiting.wait(within_s=SOON_S) == 125
    assert waiting.out == ""
    assert waiting.err.strip()
    program.wait_for(lambda: "the program runs on" in program.err, "it says so", within_s=SOON_S)
    machine.serve("again")
    wait_until(lambda: machine.names("leases") == ["holder"], "it is known", within_s=SOON_S)
    ended = [(each["name"], each["ended"]) for each in machine.ask("GET", "/leases")[1]["ended"]]
    # Who ends well may still see it run out.
    assert ended == [("short", "expired")] or (end is signal.SIGTERM and ended == [])
    assert min(card["leased_mib"] for card in machine.cards()) == 8000
    status, told = machine.ask("POST", "/leases", {"vram_mib": 8000, "name": "late"})
    assert (status, machine.names("queue")) == (202, ["late"])
    go.touch()
    assert program.wait(within_s=SOON_S) == 6
    machine.until(told["id"], "its room is given on", state="active")
