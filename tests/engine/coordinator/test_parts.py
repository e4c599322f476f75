"""The parts and what they take over from the settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import Refused
from tests.engine.coordinator.fake_provider import fails
from tests.engine.coordinator.world import World, chat, endpoint, run


def test_a_changed_budget_counts_at_once(tmp_path: Path):
    """A share of zero forbids further tries from then on."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), endpoint("b")) as coordinator:
            for name in ("a", "b"):
                world[name].usual = fails(Refused("500"))
            with pytest.raises(Refused):
                await world.send(chat())
            assert len(world.trail) == 2
            await coordinator.change_settings(replace(world.settings, retry_share=0.0))
            with pytest.raises(Refused):
                await world.send(chat())
            assert len(world.trail) == 1

    run(tmp_path, work)


def test_conversations_stay_only_where_that_is_wanted(tmp_path: Path):
    """With affinity one server gets all of a conversation, without it both get some."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), endpoint("b")) as coordinator:
            assert len({(await world.send(chat())).endpoint for _ in range(30)}) == 1
            await coordinator.change_settings(replace(world.settings, affinity=False))
            assert len({(await world.send(chat())).endpoint for _ in range(30)}) == 2

    run(tmp_path, work)
