"""Four processes miss the same value at once, with a real redis-server between them.

Needs redis-server and redis-cli.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cache.turns import LEASE_TTL_S
from tests.live.programs import Program, wait_until
from tests.live.redis import RedisServer

pytestmark = pytest.mark.live

PROCESSES = 4
PATIENCE_S = 30.0
POLLS = 30
"""Scripts run by Redis after which every process has asked for the lease more than once."""


@pytest.fixture
def processes(redis_server: RedisServer, tmp_path: Path) -> Iterator[list[Program]]:
    """Return processes that are connected and wait to be let ask."""
    started = [
        Program(
            [sys.executable, "-m", "tests.live.cache_process", redis_server.url, tmp_path],
            folder=tmp_path,
            name=f"process {number}",
        )
        for number in range(PROCESSES)
    ]
    try:
        for each in started:
            said(each, "ready")
        yield started
    finally:
        for each in started:
            if each.is_running:
                each.signal(signal.SIGKILL)
                each.wait()


def said(process: Program, what: str) -> None:
    """Return once `process` has said `what`."""
    process.wait_for(lambda: what in process.out, what, within_s=PATIENCE_S)


def making(processes: list[Program]) -> list[Program]:
    """Return the processes whose maker was called."""
    return [each for each in processes if "making" in each.out]


def ask(redis_server: RedisServer, processes: list[Program]) -> Program:
    """Let all ask; return the one that makes the value, once the others wait for it."""
    for each in processes:
        each.signal(signal.SIGUSR1)
    first = wait_until(lambda: making(processes), "somebody makes it", within_s=PATIENCE_S)[0]
    wait_until(lambda: polls(redis_server) >= POLLS, "the others wait", within_s=PATIENCE_S)
    assert making(processes) == [first]
    return first


def polls(redis_server: RedisServer) -> int:
    """Return how many scripts Redis has run; a lease takes one."""
    found = re.search(r"cmdstat_evalsha:calls=(\d+)", redis_server.cli("info", "commandstats"))
    return int(found[1]) if found else 0


def results(processes: list[Program]) -> set[str]:
    """Return what the processes got, once each has said so and ended well."""
    for each in processes:
        said(each, "got")
        assert each.wait() == 0, each.err
    return {each.out.rpartition("got ")[2].strip() for each in processes}


def test_one_of_four_processes_makes_it(redis_server: RedisServer, processes: list[Program]):
    """Twenty callers in four processes get what one of them made, once."""
    first = ask(redis_server, processes)
    first.signal(signal.SIGUSR2)
    assert len(results(processes)) == 1
    assert [each.out.count("making") for each in making(processes)] == [1]


def test_next_takes_over_when_one_dies(redis_server: RedisServer, processes: list[Program]):
    """When the process that makes it is killed, one other makes it, once, after the lease."""
    first = ask(redis_server, processes)
    first.signal(signal.SIGKILL)
    first.wait()
    rest = [each for each in processes if each is not first]
    within_s = LEASE_TTL_S + PATIENCE_S
    second = wait_until(lambda: making(rest), "another makes it", within_s=within_s)[0]
    second.signal(signal.SIGUSR2)
    assert len(results(rest)) == 1
    assert [each.out.count("making") for each in making(rest)] == [1]


def test_redis_dies_while_others_wait(redis_server: RedisServer, processes: list[Program]):
    """When Redis is killed while they wait for one, each process makes it; nobody fails."""
    ask(redis_server, processes)
    redis_server.kill()
    wait_until(lambda: making(processes) == processes, "each makes it", within_s=PATIENCE_S)
    for each in processes:
        each.signal(signal.SIGUSR2)
    assert len(results(processes)) == PROCESSES
