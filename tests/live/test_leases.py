"""Leases of graphics memory between real programs, on a played NVIDIA card of 12,000 MiB."""

from __future__ import annotations

import http.client
import os
import pty
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.folders import Folders
from tests.live.lease_machine import MODULE, SOON_S, Machine, machine_with
from tests.live.nvml import build
from tests.live.programs import Program, wait_until
from tests.live.served import START_S

pytestmark = pytest.mark.live

CARD = "gpus 1\ngpu 0 mem_total 12000\ngpu 0 mem_used 500\ngpu 0 mem_reserved 0\n"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the double of NVIDIA's library."""
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def machine(tmp_path: Path, library: Path) -> Iterator[Machine]:
    """Return a machine whose programs are ended with the test."""
    with machine_with(library, tmp_path, CARD) as made:
        yield made


def nobody_holds(machine: Machine) -> None:
    """Wait until nothing is held: what was given back counts until it is seen free."""
    wait_until(lambda: machine.names("leases") == [], "it was given back", within_s=SOON_S)


def test_two_programs_that_do_not_fit_together_run_one_after_the_other(machine: Machine):
    """The second waits for its turn, sees the card alone, and both end with their own code."""
    machine.serve()
    log, go = machine.folder / "log", machine.folder / "go"
    first = machine.run("first", f"echo first >> {log}; until [ -e {go} ]; do sleep 0.1; done")
    wait_until(log.exists, "the first runs", within_s=SOON_S)
    second = machine.run("second", f"echo second $CUDA_VISIBLE_DEVICES >> {log}; exit 7")
    wait_until(lambda: machine.names("queue") == ["second"], "the second waits", within_s=SOON_S)
    assert log.read_text() == "first\n"
    go.touch()
    assert (first.wait(within_s=SOON_S), second.wait(within_s=SOON_S)) == (0, 7)
    assert log.read_text() == "first\nsecond 0\n"
    assert "number 1 in the queue" in second.err
    nobody_holds(machine)


def test_signals_reach_the_program_and_the_lease_is_given_back(machine: Machine):
    """The program ends in its own way, and its code is told; one without a handler gives 128+n."""
    machine.serve()
    ready = machine.folder / "ready"
    script = f"trap 'exit 42' USR1; touch {ready}; while :; do sleep 0.1; done"
    polite = machine.run("polite", script)
    wait_until(ready.exists, "it runs", within_s=SOON_S)
    polite.signal(signal.SIGUSR1)
    assert polite.wait(within_s=SOON_S) == 42
    ready.unlink()
    plain = machine.run("plain", f"touch {ready}; exec sleep 600")
    wait_until(ready.exists, "it runs", within_s=SOON_S)
    plain.signal(signal.SIGINT)
    assert plain.wait(within_s=SOON_S) == 128 + signal.SIGINT
    nobody_holds(machine)
    assert set(machine.names("ended")) == {"polite", "plain"}


def test_a_program_that_is_killed_leaves_its_place_to_the_next(machine: Machine):
    """Nobody has to wait until the time of a dead holder runs out."""
    machine.serve()
    ready = machine.folder / "ready"
    killed = machine.run("killed", f"touch {ready}; exec sleep 20")
    wait_until(ready.exists, "it runs", within_s=SOON_S)
    killed.signal(signal.SIGKILL)
    killed.wait(within_s=SOON_S)
    assert machine.run("next", "exit 3").wait(within_s=SOON_S) == 3
    (ended,) = [
        each for each in machine.ask("GET", "/leases")[1]["ended"] if each["name"] == "killed"
    ]
    assert ended["ended"] == "lost"


def test_who_waits_may_be_interrupted(machine: Machine):
    """It leaves the queue at once, and tells by which signal it ended."""
    machine.serve()
    machine.ask("POST", "/leases", {"vram_mib": 11_000, "name": "holder", "pid": os.getpid()})
    waiting = machine.run("waiting", "exit 1")
    wait_until(lambda: machine.names("queue") == ["waiting"], "it waits", within_s=SOON_S)
    waiting.signal(signal.SIGTERM)
    assert waiting.wait(within_s=SOON_S) == 128 + signal.SIGTERM
    wait_until(lambda: machine.names("queue") == [], "it has left", within_s=SOON_S)


def test_leases_are_known_again_after_a_crash(machine: Machine):
    """Whose process lives holds on, whose process ended meanwhile is written off."""
    served = machine.serve()
    ready, go = machine.folder / "ready", machine.folder / "go"
    lives = machine.run("lives", f"touch {ready}; until [ -e {go} ]; do sleep 0.1; done; exit 5")
    wait_until(ready.exists, "it runs", within_s=SOON_S)
    child = Program(["sleep", "600"], folder=machine.folder, name="dies")
    pid = child.process_id
    status, _ = machine.ask("POST", "/leases", {"vram_mib": 1000, "name": "dies", "pid": pid})
    assert status == 201
    machine.ask("POST", "/leases", {"vram_mib": 1000, "name": "beats", "duration_ms": 600_000})
    served.signal(signal.SIGKILL)
    served.wait(within_s=SOON_S)
    child.end()
    machine.serve("again")
    wait_until(
        lambda: sorted(machine.names("leases")) == ["beats", "lives"],
        "those that live are known",
        within_s=SOON_S,
    )
    assert machine.names("ended") == ["dies"]
    go.touch()
    assert lives.wait(within_s=SOON_S) == 5
    wait_until(lambda: machine.names("leases") == ["beats"], "it was given back", within_s=SOON_S)


def test_a_program_is_asked_to_end_when_others_need_the_memory(machine: Machine):
    """With `--on-preempt term` it is, after the grace; before that it is told why."""
    settings = Folders.under(machine.folder / "home").settings_file
    settings.write_text(settings.read_text() + "[resources]\ngrace_s = 2.0\n")
    machine.serve()
    ready = machine.folder / "ready"
    low = machine.run(
        "low", f"touch {ready}; exec sleep 600", "--priority", "low", "--on-preempt", "term"
    )
    wait_until(ready.exists, "it runs", within_s=SOON_S)
    high = machine.run("important", "exit 9", "--priority", "urgent")
    assert high.wait(within_s=2 * SOON_S) == 9
    assert low.wait(within_s=SOON_S) == 128 + signal.SIGTERM
    assert "asked to leave for important" in low.err


def test_without_the_application_the_lease_is_its_own(machine: Machine):
    """The program runs all the same, and it is said that others cannot see the lease."""
    alone = machine.run("alone", "exit 4")
    assert alone.wait(within_s=SOON_S) == 4
    assert "other programs cannot see it" in alone.err
    assert not (Folders.under(machine.folder / "home").data / "gpu.sqlite").exists()


def test_events_are_told_as_they_happen(machine: Machine):
    """A raw client reads them line by line."""
    machine.serve()
    key = (Folders.under(machine.folder / "home").config / "gateway.key").read_text().strip()
    connection = http.client.HTTPConnection("127.0.0.1", machine.port, timeout=SOON_S)
    connection.request("GET", "/leases/events", headers={"Authorization": f"Bearer {key}"})
    stream = connection.getresponse()
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.readline() == b": leases\n"
    _, told = machine.ask("POST", "/leases", {"vram_mib": 100})
    machine.ask("DELETE", f"/leases/{told['id']}")
    lines = [stream.readline().decode().strip() for _ in range(10)]
    kinds = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert kinds == ["queued", "granted", "ended"]
    connection.close()


def test_what_is_typed_reaches_the_program_once(machine: Machine):
    """Ctrl+C goes from the terminal to the program itself, and is not sent again by ours."""
    machine.serve()
    ready, heard = machine.folder / "ready", machine.folder / "heard"
    script = (
        f"trap 'echo INT >> {heard}' INT; touch {ready}; "
        f"until [ -e {heard} ]; do sleep 0.1; done; sleep 1; exit 6"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        words = ("gpu", "run", "--vram", "100", "--", "sh", "-c", script)
        os.execve(sys.executable, [*MODULE, *words], dict(machine.variables))
    try:
        wait_until(ready.exists, "it runs", within_s=START_S)
        os.write(terminal, b"\x03")
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 6
    assert heard.read_text() == "INT\n"
