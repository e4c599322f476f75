"""What a person does with servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.coordinator.endpoint_book import EndpointBook
from engine.coordinator.settings import EMBEDDED, Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointState, FoundServer
from engine.errors import Refused, SettingsError, Unreachable
from engine.exchange import ServedModel
from tests.engine.coordinator.fake_provider import FakeProvider, fails, stream
from tests.engine.coordinator.world import World, chat, endpoint, read, run

FOUND = FoundServer(
    "http://127.0.0.1:11434", True, "Ollama", "ollama", "Ollama 0.9.1", (ServedModel("found"),)
)


def names(world: World) -> list[str]:
    return [each.name for each in world.coordinator.snapshot().endpoints]


def test_a_server_is_added_with_its_key(tmp_path: Path):
    """It is in the file and answers at once; the key is in the keychain and nowhere else."""

    async def work(world: World) -> None:
        async with world.opened() as coordinator:
            await coordinator.put_endpoint(endpoint("a", is_local=False), "sk-1")
            assert (await world.send(chat())).endpoint == "a"
            assert [each.name for each in world.book.read()] == ["a"]
            assert world.secrets.kept == {"endpoint.a": "sk-1"}
            assert world.providers.keys["a"]() == "sk-1"
            assert world.view("a").has_key
            assert "sk-1" not in repr(coordinator.snapshot()) + world.book.path.read_text()
            await coordinator.put_endpoint(endpoint("a", is_local=False, weight=2.0))
            assert world.providers.keys["a"]() == "sk-1"
            await coordinator.put_endpoint(endpoint("a", is_local=False), "")
            assert (world.providers.keys["a"](), world.secrets.kept) == ("", {})

    run(tmp_path, work)


def test_a_key_is_known_after_a_restart(tmp_path: Path):
    """A server far away is asked only once its key was looked up."""

    async def work(world: World) -> None:
        world.secrets.kept["endpoint.a"] = "sk-1"
        async with world.opened(endpoint("a", is_local=False)):
            assert world.providers.keys["a"]() == "sk-1"
            assert (await world.send(chat())).endpoint == "a"

    run(tmp_path, work)


def test_a_locked_keychain_is_a_problem_and_no_more(tmp_path: Path):
    """Servers that need no key go on answering."""

    async def work(world: World) -> None:
        world.secrets.broken = Refused("the keyring is locked: unlock it")
        async with world.opened(endpoint("a")) as coordinator:
            assert (await world.send(chat())).endpoint == "a"
            assert "locked" in (coordinator.snapshot().problem or "")

    run(tmp_path, work)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"url": "localhost:1"},
        {"url": "ftp://a/"},
        {"url": "http://a:99999999"},
        {"weight": -1.0},
        {"weight": float("nan")},
        {"slots": 0},
        {"most_in_flight": 0},
    ],
)
def test_what_cannot_work_is_not_kept(tmp_path: Path, wrong: dict[str, object]):
    """The person is told which value is wrong, and nothing has changed."""

    async def work(world: World) -> None:
        async with world.opened() as coordinator:
            with pytest.raises(SettingsError):
                await coordinator.put_endpoint(replace(endpoint("a"), **wrong))  # type: ignore[arg-type]
            assert names(world) == []
            assert world.book.read() == ()

    run(tmp_path, work)


def test_a_removed_server_comes_back_with_its_key(tmp_path: Path):
    """Removing can be undone: until the exit its key is remembered, in no file."""

    async def work(world: World) -> None:
        world.secrets.kept["endpoint.a"] = "sk-1"
        async with world.opened(endpoint("a"), endpoint("b")) as coordinator:
            gone = await coordinator.remove_endpoint("a")
            assert names(world) == ["b"]
            assert [each.name for each in world.book.read()] == ["b"]
            assert world.secrets.kept == {}
            await asyncio.sleep(0)
            assert world["a"].closes == 1
            await coordinator.put_endpoint(gone)
            assert world.secrets.kept == {"endpoint.a": "sk-1"}
            assert world.providers.keys["a"]() == "sk-1"
            with pytest.raises(SettingsError, match="known here: b, a"):
                await coordinator.remove_endpoint("nobody")

    run(tmp_path, work)


def test_a_removed_server_finishes_what_it_began(tmp_path: Path):
    """Its connections are closed when the last stream has been read."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:
            world["a"].usual = stream(each_s=1)
            reply = await world.send(chat(is_stream=True))
            await coordinator.remove_endpoint("a")
            assert world["a"].closes == 0
            assert b"42" in await read(reply)
            assert reply.problem == ""
        assert world["a"].closes >= 1

    run(tmp_path, work)


def test_switching_and_weighing_is_kept(tmp_path: Path):
    """Both are in the file, also for a server that was found; its numbers stay."""

    async def work(world: World) -> None:
        world.prober.found = (FOUND,)
        async with world.opened(endpoint("a"), discover=True) as coordinator:
            await world.send(chat())
            await coordinator.set_weight("a", 3.0)
            await coordinator.set_enabled("Ollama", False)
            kept = {each.name: each for each in world.book.read()}
            assert (kept["a"].weight, kept["Ollama"].is_enabled) == (3.0, False)
            assert world.view("a").requests == 1
            assert world.view("Ollama").state is EndpointState.DISABLED
            assert not world.view("Ollama").endpoint.is_discovered
            await coordinator.look()
            assert names(world) == ["a", "Ollama"]

    run(tmp_path, work)


def test_changes_at_once_are_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Somebody who is quick changes a server while the one before is still being written."""

    async def write_slowly(book: EndpointBook, endpoints: Iterable[Endpoint]) -> None:
        entries = tuple(endpoints)
        await asyncio.sleep(1)
        book._book.write(entries)

    async def work(world: World) -> None:
        monkeypatch.setattr(EndpointBook, "write", write_slowly)
        async with world.opened(endpoint("a"), endpoint("b")) as coordinator:
            await asyncio.gather(
                coordinator.set_weight("a", 2.0),
                coordinator.set_enabled("a", False),
                coordinator.set_weight("b", 3.0),
                coordinator.put_endpoint(endpoint("c")),
                coordinator.put_endpoint(endpoint("d")),
            )
            kept = {each.name: (each.weight, each.is_enabled) for each in world.book.read()}
            expected = {"a": (2.0, False), "b": (3.0, True), "c": (1.0, True), "d": (1.0, True)}
            assert kept == expected
            seen = coordinator.snapshot().endpoints
            shown = {each.name: (each.endpoint.weight, each.endpoint.is_enabled) for each in seen}
            assert shown == expected

    run(tmp_path, work)


def test_testing_a_server_ends_its_being_left_alone(tmp_path: Path):
    """A good answer closes its breaker; a bad one is shown."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), retry_share=0) as coordinator:
            world["a"].usual = fails(Refused("a: 500"))
            for _ in range(4):
                with pytest.raises(Refused):
                    await world.send(chat())
            assert world.view("a").state is EndpointState.ILL
            assert not (await coordinator.test_endpoint("a")).ok
            assert world.view("a").state is EndpointState.ILL
            url = endpoint("a").url
            world.prober.at[url] = FoundServer(url, True, "fine", models=(ServedModel("new"),))
            assert (await coordinator.test_endpoint("a")).ok
            assert world.view("a").state is EndpointState.READY
            assert world.view("a").models == (ServedModel("new"),)
            assert (await coordinator.try_address(url, "k")).ok
            assert world.prober.looks[-1] == (url, "k")

    run(tmp_path, work)


def test_a_server_that_was_mended_is_asked_by_the_next_request(tmp_path: Path):
    """Changed by hand, an ill server waits for no cooldown: the next request finds out."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a"), retry_share=0) as coordinator:
            world["a"].usual = fails(Refused("a: the key is wrong"))
            for _ in range(4):
                with pytest.raises(Refused):
                    await world.send(chat())
            assert world.view("a").state is EndpointState.ILL
            world["a"].usual = stream()
            await coordinator.put_endpoint(endpoint("a"), "sk-new")
            assert (await world.send(chat(is_stream=True))).endpoint == "a"

    run(tmp_path, work)


def test_the_built_in_model_is_tested_by_a_word(tmp_path: Path):
    """It is there without any file, cannot be removed, and says what is wrong with it."""

    async def work(world: World) -> None:
        async with world.opened(embedded=True) as coordinator:
            assert names(world) == [EMBEDDED]
            assert (await coordinator.test_endpoint(EMBEDDED)).ok
            assert world[EMBEDDED].calls[0].request.body["max_tokens"] == 1
            world[EMBEDDED].usual = fails(Unreachable("it died: SIGILL"))
            assert "SIGILL" in (await coordinator.test_endpoint(EMBEDDED)).message
            with pytest.raises(SettingsError, match="switch it off"):
                await coordinator.remove_endpoint(EMBEDDED)
            await coordinator.set_enabled(EMBEDDED, False)
            kept = world.book.read()
            assert [(each.name, each.kind) for each in kept] == [(EMBEDDED, EndpointKind.EMBEDDED)]
            await coordinator.change_settings(replace(world.settings, embedded=False))
            assert names(world) == []

    run(tmp_path, work)


def test_the_built_in_model_is_tried_again_when_somebody_asks(tmp_path: Path):
    """After a failure it refuses for a while; its test opens it anew, and leaves one that runs."""

    async def work(world: World) -> None:
        async with world.opened(embedded=True) as coordinator:
            assert (await coordinator.test_endpoint(EMBEDDED)).ok
            opened = len(world.providers.opened)
            world[EMBEDDED].now = (EndpointState.FAILED, "it died: SIGILL")
            failed, world.providers.providers[EMBEDDED] = world[EMBEDDED], FakeProvider(EMBEDDED)
            assert (await coordinator.test_endpoint(EMBEDDED)).ok
            assert len(world.providers.opened) == opened + 1
            assert world.view(EMBEDDED).state is EndpointState.READY
            await asyncio.sleep(1)
            assert failed.closes == 1
            assert (await coordinator.test_endpoint(EMBEDDED)).ok
            assert len(world.providers.opened) == opened + 1

    run(tmp_path, work)


def test_a_disk_that_is_full_changes_nothing(tmp_path: Path):
    """What cannot be written is not done either."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a")) as coordinator:

            def write(entries: object) -> None:
                raise Refused("endpoints.toml cannot be written")

            world.book.write = write  # type: ignore[method-assign, assignment]
            with pytest.raises(Refused):
                await coordinator.set_weight("a", 9.0)
            with pytest.raises(Refused):
                await coordinator.remove_endpoint("a")
            assert world.view("a").endpoint == Endpoint("a", EndpointKind.OPENAI, "http://a:1/v1")

    run(tmp_path, work)


def test_a_server_is_tested_as_it_is_asked(tmp_path: Path):
    """Its own headers and login go along; of what the server repeats nothing is told."""
    secret = endpoint("a", headers=(("X-Token", "tok-secret"),))
    secret = replace(secret, url="http://me:geheim@a:1/v1")

    async def work(world: World) -> None:
        async with world.opened(secret) as coordinator:
            said = "a does not like tok-secret of geheim"
            world.prober.at[secret.url] = FoundServer("http://a:1/v1", ok=False, message=said)
            found = await coordinator.test_endpoint("a")
            assert (world.prober.looks[-1][0], world.prober.sent) == (secret.url, secret.headers)
            assert found.message == "a does not like *** of ***"
            tried = await coordinator.try_address("http://me:***@a:1/v1")
            assert "geheim" not in tried.message
            assert world.prober.looks[-1][0] == secret.url

    run(tmp_path, work)


def test_secrets_of_a_server_are_in_no_snapshot_and_survive_an_edit(tmp_path: Path):
    """A shown server that is saved again keeps password and values; errors do not tell them."""
    secret = endpoint("a", headers=(("X-Token", "tok-secret"),))
    secret = replace(secret, url="http://me:geheim@a:1/v1")

    async def work(world: World) -> None:
        async with world.opened(secret) as coordinator:
            world["a"].then(fails(Refused("a (http://me:geheim@a:1): tok-secret is wrong")))
            with pytest.raises(Refused) as raised:
                await world.send(chat())
            seen = coordinator.snapshot()
            told = repr([(each.endpoint.url, each.endpoint.headers) for each in seen.endpoints])
            told += repr(seen) + repr(coordinator.servers()) + repr(world.trail)
            told += str(raised.value)
            assert not any(each in told for each in ("geheim", "tok-secret"))
            assert "X-Token" in told
            await coordinator.put_endpoint(replace(world.view("a").endpoint, weight=2.0))
            (known,) = (link.endpoint for link in coordinator._fleet.links)
            assert known == replace(secret, weight=2.0)
            filed = world.book.path.read_text()
            assert not any(each in filed for each in ("geheim", "tok-secret"))
            with pytest.raises(SettingsError, match="password"):
                await coordinator.put_endpoint(
                    replace(world.view("a").endpoint, url="http://me:***@b:1/v1")
                )

    run(tmp_path, work)
