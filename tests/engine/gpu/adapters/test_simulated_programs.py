from __future__ import annotations

import os
from typing import Any

import pytest

from engine.errors import Unreachable
from engine.gpu.adapters.simulated_programs import LOADING_S, SimulatedPrograms


def test_a_program_fills_its_memory_and_goes(clock: Any):
    """It holds nothing at first, fills up within seconds, and leaves nothing behind."""
    programs = SimulatedPrograms(clock=clock)
    pid = programs.start("train")
    assert programs.on("card") == ()
    programs.load(pid, ("card",), 4000)
    clock.advance(LOADING_S / 2)
    assert [each.used_mib for each in programs.on("card")] == [2000]
    clock.advance(LOADING_S)
    assert [each.used_mib for each in programs.on("card")] == [4000]
    programs.stop(pid)
    assert programs.on("card") == ()
    assert programs.facts(pid) is None


def test_only_the_same_program_is_ended(clock: Any):
    """A pid alone does not do: the start must be the same. This process is never ended."""
    programs = SimulatedPrograms(clock=clock)
    pid = programs.start("train")
    facts, own = programs.facts(pid), programs.facts(os.getpid())
    assert facts is not None
    assert own is not None
    with pytest.raises(Unreachable):
        programs.end(pid, facts.started_s + 1)
    with pytest.raises(Unreachable):
        programs.end(os.getpid(), own.started_s)
    programs.end(pid, facts.started_s)
    assert programs.facts(pid) is None
