"""Finding servers, and what they have."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from engine.coordinator.lookout import FAR_EVERY_S, PAUSE_S
from engine.coordinator.snapshot import EndpointState, FoundServer
from engine.errors import Damaged, KeyRefused, Overloaded, Refused, TimedOut, Unreachable
from engine.exchange import ServedModel
from tests.engine.coordinator.fake_provider import whole
from tests.engine.coordinator.world import World, chat, endpoint, run


def found(port: int, product: str = "Ollama 0.9.1", kind: str = "ollama") -> FoundServer:
    url = f"http://127.0.0.1:{port}"
    return FoundServer(url, True, product, kind, product, (ServedModel("fake"),))


def names(world: World) -> list[str]:
    return [each.name for each in world.coordinator.snapshot().endpoints]


def test_servers_on_usual_ports_appear_by_themselves(tmp_path: Path):
    """They get a name of their own and answer; nothing is written down."""

    async def work(world: World) -> None:
        world.prober.found = (found(11434), found(11435), found(1234, "LM Studio", "openai"))
        async with world.opened(discover=True):
            assert names(world) == ["Ollama", "Ollama 11435", "LM Studio"]
            assert (await world.send(chat())).text
            assert world.view("Ollama").endpoint.is_discovered
            assert not world.book.path.exists()

    run(tmp_path, work)


def test_a_server_of_the_users_is_not_found_twice(tmp_path: Path):
    """The same host and port is the same server, whatever it is called."""

    async def work(world: World) -> None:
        world.prober.found = (found(11434),)
        mine = replace(endpoint("mine"), url="http://localhost:11434/v1")
        async with world.opened(mine, discover=True):
            assert names(world) == ["mine"]

    run(tmp_path, work)


def test_a_removed_server_is_not_found_again(tmp_path: Path):
    """Until the exit, or until the user brings it back."""

    async def work(world: World) -> None:
        world.prober.found = (found(11434),)
        async with world.opened(discover=True) as coordinator:
            gone = await coordinator.remove_endpoint("Ollama")
            await coordinator.look()
            assert names(world) == []
            await coordinator.put_endpoint(gone)
            await coordinator.look()
            assert names(world) == ["Ollama"]

    run(tmp_path, work)


def test_nothing_is_looked_for_where_that_is_off(tmp_path: Path):
    """The user may not want it."""

    async def work(world: World) -> None:
        world.prober.found = (found(11434),)
        async with world.opened(discover=False) as coordinator:
            await coordinator.look()
            assert (names(world), world.prober.discoveries) == ([], 0)

    run(tmp_path, work)


def test_another_program_may_take_the_port(tmp_path: Path):
    """Where something of another kind answers now, it is spoken to in its own way."""

    async def work(world: World) -> None:
        world.prober.found = (found(8080, "llama.cpp", "openai"),)
        async with world.opened(discover=True) as coordinator:
            world.prober.found = (found(8080, "Ollama", "ollama"),)
            await coordinator.look()
            assert names(world) == ["llama.cpp"]
            assert world.view("llama.cpp").endpoint.kind == "ollama"

    run(tmp_path, work)


def test_a_dead_server_delays_nobody(tmp_path: Path):
    """The models of the others are known at once; its own are given up after five seconds."""

    async def work(world: World) -> None:
        world["dead"].list_after_s = 1e6
        world.settings = replace(world.settings, discover=False)
        began_s = world.loop.time()
        async with world.opened(endpoint("dead"), endpoint("a")):
            assert (await world.send(chat())).endpoint == "a"
            assert world.loop.time() - began_s <= 3
            await asyncio.sleep(5)
            view = world.view("dead")
            assert (view.state, "5 s" in view.reason) == (EndpointState.DOWN, True)

    run(tmp_path, work)


def test_a_server_that_went_away_and_came_back(tmp_path: Path):
    """It is down after the next look, and ready after the one that finds it again."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), discover_every_s=30) as coordinator:
            world["a"].listed = Unreachable("a: nobody there")
            await asyncio.sleep(32)
            assert world.view("a").state is EndpointState.DOWN
            assert not coordinator.servers()[0].is_usable
            assert not await coordinator.probe("a")
            world["a"].listed = (ServedModel("fake"), ServedModel("new"))
            await asyncio.sleep(32)
            assert world.view("a").state is EndpointState.READY
            assert coordinator.servers()[0].models == world["a"].listed
            assert await coordinator.probe("a")
            assert not await coordinator.probe("nobody")

    run(tmp_path, work)


def test_a_server_that_is_down_is_asked_where_there_is_no_other(tmp_path: Path):
    """It may have come back since: a request finds out sooner than the next look."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:
            world["a"].listed = Unreachable("a: nobody there")
            assert not await coordinator.probe("a")
            assert (await world.send(chat())).text
            assert world.view("a").state is EndpointState.READY

    run(tmp_path, work)


def test_a_busy_server_is_not_down(tmp_path: Path):
    """One that works on a request and does not list meanwhile is alive."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:
            world["a"].usual = whole(after_s=100)
            running = asyncio.create_task(world.coordinator.send(chat(), "fake", []))
            await asyncio.sleep(1)
            world["a"].list_after_s = 1e6
            assert await coordinator.probe("a")
            assert world.view("a").state is EndpointState.READY
            world["a"].list_after_s = 0
            world["a"].listed = Overloaded("a: 429")
            assert await coordinator.probe("a")
            assert (await running).text

    run(tmp_path, work)


@pytest.mark.parametrize(("retry_after_s", "pause_s"), [(None, PAUSE_S), (200.0, 200.0)])
def test_too_much_to_list_is_load(tmp_path: Path, retry_after_s: float | None, pause_s: float):
    """A server that says 429 to the question for its models keeps those it had, and is let be."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), discover_every_s=5) as coordinator:
            world["a"].listed = Overloaded("a: 429", retry_after_s=retry_after_s)
            await asyncio.sleep(10)
            asked = world["a"].lists
            assert world.view("a").state is EndpointState.READY
            assert (await world.send(chat())).endpoint == "a"
            assert await coordinator.probe("a")
            await asyncio.sleep(pause_s - 15)
            assert world["a"].lists == asked
            await asyncio.sleep(20)
            assert world["a"].lists == asked + 1

    run(tmp_path, work)


def test_too_much_to_list_is_alive(tmp_path: Path):
    """Who was down and says 429 is back."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:
            world["a"].listed = Unreachable("a: nobody there")
            await coordinator.look()
            assert world.view("a").state is EndpointState.DOWN
            world["a"].listed = Overloaded("a: 429")
            assert await coordinator.probe("a")
            assert world.view("a").state is EndpointState.READY

    run(tmp_path, work)


def test_a_wrong_key_is_said_and_not_tried_again_and_again(tmp_path: Path):
    """Without the right key a server is down for that reason; a new one is tried at once."""

    async def work(world: World) -> None:
        world["a"].listed = KeyRefused("a wants a key, and has none (401): enter one")
        async with world.opened(endpoint("a"), discover_every_s=5) as coordinator:
            view = world.view("a")
            assert (view.state, view.reason) == (EndpointState.DOWN, str(world["a"].listed))
            for _ in range(10):
                await asyncio.sleep(FAR_EVERY_S / 11)
                assert not await coordinator.probe("a")
            assert world["a"].lists == 1
            world["a"].listed = (ServedModel("fake"),)
            await coordinator.put_endpoint(endpoint("a"), "sk-right")
            assert world.view("a").state is EndpointState.READY

    run(tmp_path, work)


@pytest.mark.parametrize("error", [Refused("a: 404"), Damaged("a: HTML")])
def test_a_server_need_not_list_what_the_user_named(tmp_path: Path, error: Exception):
    """Some list nothing; without names there is nothing to ask them for."""

    async def work(world: World) -> None:
        world["a"].listed = world["b"].listed = error  # type: ignore[assignment]
        async with world.opened(endpoint("a", models=("fake",)), endpoint("b")):
            assert (await world.send(chat())).endpoint == "a"
            assert world.view("b").state is EndpointState.DOWN
            assert world.view("a").state is EndpointState.READY

    run(tmp_path, work)


def test_servers_far_away_are_asked_rarely(tmp_path: Path):
    """Their lists change by the month; those of the user's own by the minute."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("near"), endpoint("far", is_local=False)):
            await asyncio.sleep(300)
            assert world["near"].lists >= 9
            assert world["far"].lists <= 2
            await world.coordinator.look()
            assert world["far"].lists == 3

    run(tmp_path, work)


def test_one_look_serves_all_who_ask(tmp_path: Path):
    """Pressing the button twice asks the servers once."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:
            await asyncio.sleep(1)
            lists = world["a"].lists
            world["a"].list_after_s = 2
            looks = [asyncio.create_task(coordinator.look()) for _ in range(3)]
            await asyncio.sleep(1)
            assert coordinator.snapshot().is_looking
            await asyncio.gather(*looks)
            assert world["a"].lists == lists + 1
            assert coordinator.snapshot().looked_s == world.loop.time()

    run(tmp_path, work)


def test_a_request_waits_for_the_first_look(tmp_path: Path):
    """Who asks in the first second is not told that there is no such model."""

    async def work(world: World) -> None:
        world["a"].list_after_s = 1
        world.book.write([endpoint("a")])
        async with world.opened(waits=False):
            assert (await world.send(chat())).text

    run(tmp_path, work)


def test_a_list_that_comes_late_hurts_nobody(tmp_path: Path):
    """A look under way when the coordinator closes ends with it."""

    async def work(world: World) -> None:
        world["a"].listed = TimedOut("a: late")
        async with world.opened(endpoint("a")) as coordinator:
            world["a"].list_after_s = 1e6
            looking = asyncio.create_task(coordinator.look())
            await asyncio.sleep(0.1)
        await asyncio.wait([looking])

    run(tmp_path, work)
