"""Where one engine is another's outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.cache.service import RedisService
from engine.cache.settings import CacheSettings
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointView
from engine.errors import Overloaded, Rejected, Unreachable
from engine.folders import Folders
from engine.gpu.hosts import HostPromise
from engine.joints import (
    HEALTH_CHANNEL,
    MOST_UNSENT,
    CachedAnswers,
    HostChannel,
    ServersHere,
    SharedCards,
)
from engine.outsides import cache_of_user, demo_cache


def with_cache(folders: Folders, work: Callable[[RedisService], Awaitable[None]]) -> None:
    """Run `work` over a cache in this process."""

    async def main() -> None:
        async with cache_of_user(folders, CacheSettings()) as cache:
            await work(cache)

    asyncio.run(main())


def test_an_answer_is_made_once(folders: Folders):
    """Who asks the same gets the same bytes, and nobody makes them again."""

    async def work(cache: RedisService) -> None:
        answers, made = CachedAnswers(cache), []

        async def make() -> bytes:
            made.append(1)
            return b'{"n": 1}'

        found = await asyncio.gather(*(answers.fetch("k", make, 60, 60) for _ in range(9)))
        assert set(found) == {b'{"n": 1}'}
        assert await answers.get("k") == b'{"n": 1}'
        assert len(made) == 1

    with_cache(folders, work)


@pytest.mark.parametrize("error", [Rejected("no such field"), Unreachable("nobody there")])
def test_a_failure_is_not_kept(folders: Folders, error: Exception):
    """What the maker raises reaches who asked; the next one asks anew."""

    async def work(cache: RedisService) -> None:
        answers = CachedAnswers(cache)

        async def fail() -> bytes:
            raise error

        with pytest.raises(type(error)):
            await answers.fetch("k", fail, 60, 0)
        assert await answers.get("k") is None

    with_cache(folders, work)


def test_without_redis_nothing_waits_to_be_told(folders: Folders):
    """A host alone does not collect what nobody will hear."""

    async def work(cache: RedisService) -> None:
        health = HostChannel(cache)
        for _ in range(1000):
            health.publish({"endpoint": "one"})
        await health.aclose()

    with_cache(folders, work)


def test_what_waits_to_be_told_is_the_newest(folders: Folders):
    """Where nobody can be told for long, the old observations give way to the new ones."""

    async def work() -> None:
        async with demo_cache(folders) as cache:
            health, heard = HostChannel(cache), []
            for number in range(MOST_UNSENT + 50):
                health.publish({"number": number})
            async with cache.messages.subscribe(HEALTH_CHANNEL) as messages:
                health.listen(lambda message: None)
                async for message in messages:
                    heard.append(message.value["number"])
                    if len(heard) == MOST_UNSENT:
                        break
            await health.aclose()
            assert heard == list(range(50, MOST_UNSENT + 50))

    asyncio.run(work())


def view(url: str, *, in_flight: int = 0, is_enabled: bool = True) -> EndpointView:
    endpoint = Endpoint(name=url, kind=EndpointKind.OPENAI, url=url, is_enabled=is_enabled)
    return EndpointView(endpoint, in_flight=in_flight)


def test_only_servers_on_this_machine_hold_its_memory():
    """Nobody else's server is asked what it has loaded."""
    views = [
        view("http://127.0.0.1:11434/v1"),
        view("http://localhost:1234/v1"),
        view("http://[::1]:8080"),
        view("http://127.0.0.1:9/v1", is_enabled=False),
        view("https://api.openai.com/v1"),
        view("http://192.168.1.7:11434/v1"),
        view("http://localhost.example.com/v1"),
    ]
    assert ServersHere(lambda: views).addresses() == [each.endpoint.url for each in views[:3]]


def test_what_a_server_must_be_sent_is_asked_for_when_it_is_needed():
    """It is kept nowhere: a password that is changed counts at once."""
    sent = {"authorization": "Basic 1"}
    here = ServersHere(list, lambda url: {**sent, "for": url})
    sent["authorization"] = "Basic 2"
    assert here.headers("http://a") == {"authorization": "Basic 2", "for": "http://a"}
    assert ServersHere(list).headers("http://a") == {}


def test_a_server_that_answers_is_busy():
    """By its address, whichever path is asked for."""
    views = [view("http://127.0.0.1:11434/v1", in_flight=1), view("http://127.0.0.1:1234/v1")]
    here = ServersHere(lambda: views)
    assert here.is_busy("http://127.0.0.1:11434", "llama")
    assert not here.is_busy("http://127.0.0.1:1234", "llama")


def test_without_a_redis_that_can_be_used_no_turn_is_given(folders: Folders):
    """Leases of this process alone are no leases between hosts: it fails closed."""

    async def work(cache: RedisService) -> None:
        share = SharedCards(cache, host_name="one", machine="m")
        assert not share.is_there
        with pytest.raises(Unreachable):
            async with share.turn("GPU-1"):
                pass
        with pytest.raises(Unreachable):
            await share.show("GPU-1", HostPromise(share.host_id, "one"), 15.0)

    with_cache(folders, work)


def test_hosts_read_what_others_wrote_of_a_card(folders: Folders):
    """A turn excludes others; what is written in it, and repeated, everybody reads."""

    async def main() -> None:
        async with demo_cache(folders) as cache:
            one, two = (SharedCards(cache, host_name=name, machine="m") for name in ("a", "b"))
            promise = HostPromise(one.host_id, "a", 6_000, 5_000)
            async with one.turn("GPU-1") as turn:
                assert turn.is_held
                assert await turn.write(promise, 15.0)
                with pytest.raises(Overloaded):
                    async with two.turn("GPU-1"):
                        pass
            assert not await turn.write(None, 15.0)
            async with two.turn("GPU-1") as turn:
                assert (await turn.read()).promises == (promise,)
            shown = HostPromise(two.host_id, "b")
            told = await two.show("GPU-1", shown, 15.0)
            assert set(told.promises) == {promise, shown}
            assert (await two.show("GPU-2", shown, 15.0)).promises == (shown,)

    asyncio.run(main())


def test_a_card_without_an_id_of_its_own_is_another_one_on_another_machine(folders: Folders):
    """Card 0 here and card 0 there are two; a UUID is the same wherever it is seen."""

    async def main() -> None:
        async with demo_cache(folders) as cache:
            here, there = (SharedCards(cache, host_name=name, machine=name) for name in "ab")
            for card_id, seen in (("0000:01:00.0", 1), ("GPU-1", 2), ("MIG-1", 2)):
                await here.show(card_id, HostPromise(here.host_id, "a"), 15.0)
                told = await there.show(card_id, HostPromise(there.host_id, "b"), 15.0)
                assert len(told.promises) == seen

    asyncio.run(main())


def test_a_host_hears_the_calls_of_others_alone(folders: Folders):
    """Who calls has looked already."""

    async def main() -> None:
        async with demo_cache(folders) as cache:
            one, two = (SharedCards(cache, host_name=name, machine="m") for name in "ab")
            heard = {"one": asyncio.Event(), "two": asyncio.Event()}
            listening = [
                asyncio.ensure_future(one.hear_calls(heard["one"].set)),
                asyncio.ensure_future(two.hear_calls(heard["two"].set)),
            ]
            async with asyncio.timeout(10):
                while not heard["two"].is_set():
                    await one.call()
                    await asyncio.sleep(0)
            assert not heard["one"].is_set()
            for each in listening:
                each.cancel()
            await asyncio.wait(listening)

    asyncio.run(main())
