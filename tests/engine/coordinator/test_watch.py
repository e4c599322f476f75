"""What goes on in the background."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from engine.coordinator.meters import Meters
from engine.coordinator.settings import EMBEDDED, Price
from engine.errors import EngineError, Refused
from tests.engine.coordinator.fake_provider import fails
from tests.engine.coordinator.world import World, chat, endpoint, run


def names(world: World) -> list[str]:
    return [each.name for each in world.coordinator.snapshot().endpoints]


def edit(path: Path, text: str) -> None:
    """Write `text` as somebody else would, at another time."""
    path.write_text(text)
    os.utime(path, (1, path.stat().st_mtime + 5))


def test_a_file_edited_outside_is_read_again(tmp_path: Path):
    """Servers that were added or taken out in the file are there or gone after the next look."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), endpoint("b"), discover_every_s=30):
            edit(
                world.book.path,
                '[[endpoint]]\nname = "b"\nkind = "openai"\nurl = "http://b:1/v1"\nweight = 3.0\n'
                '[[endpoint]]\nname = "c"\nkind = "ollama"\nurl = "http://c:1"\n',
            )
            await asyncio.sleep(35)
            assert names(world) == ["b", "c"]
            assert world.view("b").endpoint.weight == 3

    run(tmp_path, work)


def test_a_file_that_is_wrong_from_the_start(tmp_path: Path):
    """The built-in model answers all the same, and the user's servers come once it is right."""

    async def work(world: World) -> None:
        edit(world.book.path, "[[endpoint")
        async with world.opened(embedded=True, discover_every_s=30):
            assert names(world) == [EMBEDDED]
            edit(world.book.path, '[[endpoint]]\nname = "b"\nkind = "openai"\nurl = "http://b:1"\n')
            await asyncio.sleep(35)
            assert sorted(names(world)) == ["b", EMBEDDED]

    run(tmp_path, work)


def test_a_wrong_file_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Who has no window reads of it too: once, not at every look."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), discover_every_s=30):
            edit(world.book.path, "[[endpoint")
            await asyncio.sleep(95)

    run(tmp_path, work)
    (told,) = [each for each in caplog.messages if "endpoints.toml" in each]
    assert "What was read before is used" in told


def test_a_wrong_file_is_a_problem_and_the_old_list_serves_on(tmp_path: Path):
    """The problem names the file, and goes when the file is right again."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), discover_every_s=30) as coordinator:
            right = world.book.path.read_text()
            for wrong in (right.replace("openai", "nothing"), right + right, "[[endpoint"):
                edit(world.book.path, wrong)
                await asyncio.sleep(35)
                assert "endpoints.toml" in (coordinator.snapshot().problem or "")
                assert (await world.send(chat())).endpoint == "a"
            edit(world.book.path, right)
            await asyncio.sleep(35)
            assert coordinator.snapshot().problem is None

    run(tmp_path, work)


def test_a_wrong_file_at_the_start_is_a_problem(tmp_path: Path):
    """The coordinator starts without servers rather than not at all."""

    async def work(world: World) -> None:
        world.book.path.write_text("nonsense")
        (tmp_path / "prices.toml").write_text("nonsense")
        async with world.opened() as coordinator:
            problem = coordinator.snapshot().problem or ""
            assert "endpoints.toml" in problem
            assert "prices.toml" in problem

    run(tmp_path, work)


def test_prices_edited_outside_count(tmp_path: Path):
    """What an answer costs follows the file."""

    async def work(world: World) -> None:
        far = endpoint("far", is_local=False)
        async with world.opened(far, discover_every_s=30) as coordinator:
            assert (await world.send(chat())).cost_usd is None
            edit(
                tmp_path / "prices.toml",
                '[[price]]\nmodel = "fake"\ninput_usd = 1.0\noutput_usd = 2.0\n',
            )
            await asyncio.sleep(35)
            assert (await world.send(chat())).cost_usd == (9 * 1 + 5 * 2) / 1e6
            assert coordinator.price("fake", "far") == (1.0, 2.0)
            await coordinator.set_prices((Price("fake", 3.0, 4.0),))
            assert coordinator.price("fake", "far") == (3.0, 4.0)
            assert coordinator.price("fake", "nobody") is None

    run(tmp_path, work)


def test_readings_are_taken_once_a_second(tmp_path: Path):
    """Requests a second all the time; a server's health only where it was asked."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), endpoint("idle", models=("other",))) as coordinator:
            await asyncio.sleep(1.5)
            world["a"].then(fails(Refused("a: 500")))
            for _ in range(4):
                try:
                    await world.send(chat())
                except EngineError:
                    continue
            await asyncio.sleep(1)
            rates = coordinator.snapshot().requests_per_s
            assert rates is not None
            assert rates.latest()[-1, 1] == 4
            health = world.view("a").health
            assert health.latest()[:, 1].tolist() == [0.75]
            assert world.view("idle").health.written == 0
            await asyncio.sleep(10)
            assert health.written == 1
            assert rates.latest()[-1, 1] == 0

    run(tmp_path, work)


def test_a_mistake_does_not_end_the_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is told as a problem; readings and looking go on, and the problem goes with its cause."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), discover_every_s=30) as coordinator:

            def stumble(self: object, links: object) -> None:
                raise ZeroDivisionError

            with monkeypatch.context() as patch:
                patch.setattr(Meters, "sample", stumble)
                await asyncio.sleep(5)
                assert "ZeroDivisionError" in (coordinator.snapshot().problem or "")
            looked_s = coordinator.snapshot().looked_s
            assert looked_s is not None
            await asyncio.sleep(40)
            snapshot = coordinator.snapshot()
            assert snapshot.problem is None
            assert (snapshot.looked_s or 0) > looked_s
            assert snapshot.requests_per_s is not None
            assert snapshot.requests_per_s.latest()[-1, 0] >= snapshot.taken_s - 2

    run(tmp_path, work)
