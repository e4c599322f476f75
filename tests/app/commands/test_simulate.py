"""`simulate` prints a table of policies, or what the recorded requests would have been."""

from __future__ import annotations

import asyncio
import json

import pytest

from app.__main__ import main
from app.commands.simulate import NOTHING
from engine.activity import ActivityRecord, ActivitySettings
from engine.activity_log import ACTIVITY_FILE, ActivityLog
from engine.clock import SystemClock
from engine.folders import Folders


def test_a_scenario_is_played(capsys: pytest.CaptureFixture[str]) -> None:
    """Every policy has its row, the oracle first."""
    assert main(["simulate", "--scenario", "steady", "--seeds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("steady: ")
    assert lines[2].split()[0] == "policy"
    names = [line.split()[0] for line in lines[3:] if line]
    assert names[0] == "oracle"
    assert set(names) > {"random", "least-busy", "coordinator", "router"}
    assert len({len(line) for line in lines[2:] if line}) == 1


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json one object a scenario is printed, with intervals."""
    assert main(["simulate", "--scenario", "uneven", "--seeds", "2", "--json"]) == 0
    (report,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert report["scenario"]["name"] == "uneven"
    regret = report["results"][-1]["regret"]
    assert regret["low"] <= regret["mean"] <= regret["high"]


def test_history_is_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    """The requests of the last days are read from the activity list, and those only."""
    clock = SystemClock()

    async def record() -> None:
        path = Folders.of_user().data / ACTIVITY_FILE
        log = ActivityLog(path=path, settings=ActivitySettings(keep_days=0), clock=clock)
        await log.start()
        for number, days in enumerate((0.1, 0.2, 40.0)):
            at_s = clock.wall().timestamp() - days * 86_400
            log.add(
                ActivityRecord(str(number), at_s, "chat", "me", "fast", "tiny", first_byte_ms=12.0)
            )
        await log.aclose()

    asyncio.run(record())
    assert main(["simulate", "--replay", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 requests of the last 7 days")
    assert "as it was" in lines[2]
    assert main(["simulate", "--replay", "1"]) == 0
    assert "2 requests of the last day, chosen" in capsys.readouterr().out
    assert main(["simulate", "--replay", "7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["requests"] == 2


def test_without_history_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing recorded is an exit status of its own, with a sentence."""
    assert main(["simulate", "--replay", "7"]) == NOTHING
    assert "nothing to replay" in capsys.readouterr().err
