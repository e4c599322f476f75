"""A process that serves a model, with stand-ins for llama.cpp."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable

import pytest

from engine.coordinator.adapters import llama_process
from engine.coordinator.adapters.llama_process import LlamaProcess, child_command
from engine.errors import Unreachable

SERVES = """
import json, sys
job = json.loads(sys.stdin.readline())
print(json.dumps({"url": f"http://{job['alias']}"}), flush=True)
sys.stdin.read()
"""
JOB = {"alias": "m"}


def run(program: str, work: Callable[[LlamaProcess, list[str]], Awaitable[None]]) -> None:
    """Run `work` with a process that does `program`, and the reasons for which it ended."""

    async def main() -> None:
        reasons: list[str] = []
        process = LlamaProcess((sys.executable, "-c", program), ended=reasons.append)
        try:
            await work(process, reasons)
        finally:
            await process.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def fails(program: str, words: str) -> None:
    """Assert that a process which does `program` does not start, and that it says why."""

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        with pytest.raises(Unreachable, match=words):
            await process.start(JOB)
        assert reasons == []
        assert process.has_ended.is_set() or "cannot be run" in words

    run(program, work)


def test_it_gets_its_job_and_tells_its_address():
    """The job goes in on stdin, the address comes out on stdout; it ends when it is told to."""

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        assert await process.start(JOB) == "http://m"
        assert not process.has_ended.is_set()
        await process.stop()
        await process.stop()
        assert process.has_ended.is_set()
        assert process._process is not None
        assert process._process.returncode == 0
        assert reasons == []

    run(SERVES, work)


@pytest.mark.parametrize(
    ("number", "words"),
    [(4, "SIGILL: this processor lacks"), (9, "SIGKILL.*memory"), (11, "SIGSEGV: a fault in")],
)
def test_an_end_that_nobody_asked_for_has_a_reason(number: int, words: str):
    """Each signal is told in words, whether it comes before or after the start."""
    fails(f"import os; os.kill(os.getpid(), {number})", words)

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        await process.start(JOB)
        assert process._process is not None
        process._process.send_signal(number)
        await process.has_ended.wait()
        assert len(reasons) == 1
        assert re.search(words, reasons[0])

    run(SERVES, work)


@pytest.mark.parametrize("lives_s", [0.0, 0.001, 0.01])
def test_an_end_right_after_the_start_is_told_once(lives_s: float):
    """Either it did not start or it has ended: in both cases with the reason."""

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        found: list[str] = []
        try:
            await process.start(JOB)
            await process.has_ended.wait()
        except Unreachable as error:
            found.append(str(error))
        assert [("SIGSEGV" in each) for each in (*found, *reasons)] == [True]

    die = f"import os, time; time.sleep({lives_s}); os.kill(os.getpid(), 11)"
    run('print(\'{"url": "http://m"}\', flush=True)\n' + die, work)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit('no such library')", "status 1: no such library"),
        ('print(\'{"problem": "no model"}\')', "^no model$"),
        (
            "import sys; print('cause\\ngave up', file=sys.stderr); print('{\"problem\": \"no\"}')",
            r"^no \(cause\)$",
        ),
        ("print('hello')", "status 0"),
        ("print('[1]')", "status 0"),
        ("import sys; print('x' * 200000 + '\\nlast', file=sys.stderr); sys.exit(2)", "2: last"),
        ("import os; os.close(0); os._exit(5)", "status 5"),
    ],
)
def test_what_does_not_start_says_why(program: str, words: str):
    """Its own words, or the last it printed; whatever it prints, nothing else goes wrong."""
    fails(program, words)


def test_what_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """It is ended where it is not ready in time, also where it does not listen."""
    monkeypatch.setattr(llama_process, "START_TIMEOUT_S", 0.05)
    monkeypatch.setattr(llama_process, "GOODBYE_S", 0.05)
    fails("import time; time.sleep(600)", "not ready within")


def test_what_will_not_go_is_killed(monkeypatch: pytest.MonkeyPatch):
    """A process that overlooks the end of its stdin does not stay."""
    monkeypatch.setattr(llama_process, "GOODBYE_S", 0.05)

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        await process.start(JOB)
        await process.stop()
        assert process.has_ended.is_set()
        assert reasons == []

    run('import time; print(\'{"url": "x"}\', flush=True); time.sleep(600)', work)


def test_cancelling_the_start_leaves_nothing():
    """Who gives up while it starts finds it gone."""

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        starting = asyncio.create_task(process.start(JOB))
        while process._process is None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait({starting})
        assert starting.cancelled()
        assert process.has_ended.is_set()

    run("import sys; sys.stdin.read()", work)


def test_a_program_that_is_not_there():
    """The name of what cannot be run is told."""

    async def main() -> None:
        process = LlamaProcess(("/nonexistent/python",), ended=lambda reason: None)
        with pytest.raises(Unreachable, match=r"/nonexistent/python cannot be run"):
            await process.start(JOB)
        await process.stop()

    asyncio.run(main())


def test_windows_says_it_in_its_own_way():
    """An illegal instruction has a status of its own there."""
    assert llama_process._signal_name(0xC000001D) == "SIGILL"
    assert llama_process._signal_name(-1073741795) == "SIGILL"
    assert llama_process._signal_name(1) == ""


def test_the_packaged_application_runs_itself(monkeypatch: pytest.MonkeyPatch):
    """Where there is no Python beside it, it is started with a hidden argument."""
    assert child_command()[0] == sys.executable
    assert child_command()[-1].endswith("llama_child.py")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert child_command() == (sys.executable, "--built-in-model")


def test_its_number_is_known_before_it_has_a_job():
    """Memory can be asked for in its name while it waits; the job then comes as ever."""

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        pid = await process.begin()
        assert process._process is not None
        assert pid == process._process.pid == await process.begin()
        assert not process.has_ended.is_set()
        assert await process.start(JOB) == "http://m"
        assert process._process.pid == pid

    run(SERVES, work)


def test_one_that_never_gets_a_job_is_ended():
    """Whoever gives up between both steps leaves nothing behind."""

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        await process.begin()
        await process.stop()
        assert process.has_ended.is_set()
        assert reasons == []

    run(SERVES, work)


def test_it_tells_what_cards_llama_cpp_can_use():
    """Asked to look, it tells and ends; what it cannot tell is an error with its reason."""
    looks = """
import json, sys
assert json.loads(sys.stdin.readline()) == {"look": True}
print(json.dumps({"devices": ["CUDA0", "CUDA1"]}), flush=True)
"""

    async def work(process: LlamaProcess, reasons: list[str]) -> None:
        assert await process.look() == ("CUDA0", "CUDA1")
        assert process.has_ended.is_set()
        assert reasons == []

    async def fail(process: LlamaProcess, reasons: list[str]) -> None:
        with pytest.raises(Unreachable, match="status 1: no such library"):
            await process.look()

    run(looks, work)
    run("import sys; sys.exit('no such library')", fail)


def test_an_answer_without_an_address_is_no_start():
    """A child that tells something else is ended."""
    fails("print('{\"devices\": []}')", "its process ended with status 0")
