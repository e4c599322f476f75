"""The ways to servers, opened and closed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from engine.coordinator.settings import EMBEDDED
from tests.engine.coordinator.fake_provider import stream
from tests.engine.coordinator.world import World, chat, endpoint, read, run


def opened(world: World) -> list[str]:
    return [each.name for each in world.providers.opened]


def test_only_what_leads_elsewhere_is_opened_anew(tmp_path: Path):
    """Another weight needs no new connections; another address does, and forgets the old times."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:
            await world.send(chat())
            await coordinator.put_endpoint(endpoint("a", weight=2.0, slots=9, models=("fake",)))
            assert opened(world) == ["a"]
            assert world.view("a").requests == 1
            await coordinator.put_endpoint(endpoint("a", headers=(("x", "1"),)))
            assert (opened(world), world.view("a").requests) == (["a", "a"], 1)
            await coordinator.put_endpoint(endpoint("a", 2))
            assert (opened(world), world.view("a").requests) == (["a", "a", "a"], 0)
            await asyncio.sleep(0)
            assert world["a"].closes == 2

    run(tmp_path, work)


def test_settings_that_providers_are_opened_with_open_them_anew(tmp_path: Path):
    """Others do not; a stream under way is read to its end."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), embedded=True) as coordinator:
            world["a"].usual = stream(each_s=1)
            reply = await world.send(chat(is_stream=True))
            settings = replace(coordinator.settings, hedge=False, retry_share=0.5)
            await coordinator.change_settings(settings)
            assert opened(world) == ["a", EMBEDDED]
            threads = replace(settings, embedded_threads=5)
            await coordinator.change_settings(threads)
            assert opened(world) == ["a", EMBEDDED, EMBEDDED]
            layers = replace(threads, embedded_gpu_layers=99)
            await coordinator.change_settings(layers)
            assert opened(world) == ["a", EMBEDDED, EMBEDDED, EMBEDDED]
            await coordinator.change_settings(replace(layers, connect_timeout_s=9.0))
            assert opened(world) == ["a", EMBEDDED, EMBEDDED, EMBEDDED, "a"]
            assert world["a"].closes == 0
            assert b"42" in await read(reply)
            await asyncio.sleep(0)
            assert world["a"].closes == 1
            assert coordinator.settings.connect_timeout_s == 9

    run(tmp_path, work)


def test_everything_is_closed_at_the_end(tmp_path: Path):
    """Every provider and the factory; twice does no harm."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), endpoint("b")) as coordinator:
            pass
        await coordinator.aclose()
        assert world["a"].closes >= 1
        assert world["b"].closes >= 1
        assert world.providers.closes >= 1
        assert world.prober.closes >= 1

    run(tmp_path, work)
