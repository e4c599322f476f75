"""The router over the coordinator over real connections: traffic goes where answers come from."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine.activity import ActivityQuery, ActivitySettings
from engine.activity_log import ActivityLog
from engine.book import Book
from engine.clock import SystemClock
from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.price_table import PriceTable
from engine.coordinator.service import FastLLMCoordinator
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind, Price
from engine.exchange import LlmRequest, Reply
from engine.router.service import LLMRouter
from engine.router.settings import RouterSettings
from engine.router.snapshot import Decision, ModelEntry, Tier
from tests.engine.coordinator.fake_provider import FakeProber
from tests.engine.coordinator.world import Secrets, read
from tests.live.upstream import Upstream

SMALL, LARGE = "mock-small", "mock-large"
SLOW_S = 0.05
"""How much longer a slow server takes: more than a busy machine adds by chance."""
LATER_S = 200.0
"""Longer than any server is left alone."""
TEXT = {"type": "text", "text": "What is this?"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


class LaterClock(SystemClock):
    """The machine's clocks, which a test may put forward."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self.now = lambda: SystemClock.now() + self._ahead_s

    def wall(self) -> datetime:
        """Return the calendar time, as far ahead."""
        return super().wall() + timedelta(seconds=self._ahead_s)

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._ahead_s += seconds


@dataclass
class Routed:
    """A router, and what it stands on."""

    clock: LaterClock
    activity: ActivityLog
    router: LLMRouter

    async def ask(self, asked: str, number: int, content: Any = "hello") -> Reply:
        """Return an answer, read to its end; every second one is a stream."""
        messages = [{"role": "user", "content": content}]
        body = {"model": asked, "messages": messages, "max_tokens": 9, "stream": number % 2 == 0}
        reply = await self.router.handle(LlmRequest(asked, body))
        if reply.stream is not None:
            await read(reply)
        assert reply.problem == ""
        return reply

    async def ask_often(self, asked: str, count: int, at_once: int = 5) -> list[Reply]:
        """Return `count` answers, `at_once` under way at any time."""
        numbers, replies = itertools.count(), list[Reply]()

        async def caller() -> None:
            for number in numbers:
                if number >= count:
                    return
                replies.append(await self.ask(asked, number))

        await asyncio.gather(*(caller() for _ in range(at_once)))
        return replies

    async def decision(self, reply: Reply) -> Decision:
        """Return why `reply` came from where it came."""
        found = await self.router.decision(reply.id)
        assert found is not None
        return found


@asynccontextmanager
async def routed(
    folder: Path,
    servers: Iterable[Endpoint],
    *,
    models: Sequence[ModelEntry] = (),
    tiers: Sequence[Tier] = (),
    settings: RouterSettings | None = None,
) -> AsyncIterator[Routed]:
    """Run a router among `servers`, with the user's `models`, `tiers` and `settings`."""
    clock = LaterClock()
    endpoint_book = Book(folder / "endpoints.toml", kind=Endpoint, table="endpoint")
    endpoint_book.write(servers)
    model_book = Book(folder / "models.toml", kind=ModelEntry, table="model")
    model_book.write(models)
    tier_book = Book(folder / "tiers.toml", kind=Tier, table="tier")
    tier_book.write(tiers)
    coordinator = FastLLMCoordinator(
        settings=CoordinatorSettings(embedded=False, discover=False, hedge=False, affinity=False),
        book=endpoint_book,
        prices=PriceTable(Book(folder / "prices.toml", kind=Price, table="price"), ()),
        providers=HttpProviders(),
        prober=FakeProber(),
        answers=None,
        secrets=Secrets(),
        clock=clock,
        random=Random(1),
    )
    activity = ActivityLog(
        path=folder / "activity.sqlite", settings=ActivitySettings(keep_days=0), clock=clock
    )
    router = LLMRouter(
        settings=settings or RouterSettings(),
        coordinator=coordinator,
        models=model_book,
        tiers=tier_book,
        data=folder,
        activity=activity,
        channel=None,
        clock=clock,
        random=Random(),  # for names of requests alone: no two runs may have the same
    )
    async with coordinator, router:
        await activity.start()
        try:
            await coordinator.first_look()
            yield Routed(clock, activity, router)
        finally:
            await activity.aclose()


def endpoint(name: str, upstream: Upstream, *models: str) -> Endpoint:
    """Return `upstream` as a server of `models`."""
    return Endpoint(name, EndpointKind.OPENAI, f"{upstream.url}/v1", models=models or (SMALL,))


def asked(upstream: Upstream) -> int:
    """Return how many requests for an answer came to `upstream`."""
    return sum(seen.method == "POST" for seen in upstream.seen)


def test_traffic_goes_to_whom_answers_soon(tmp_path: Path):
    """The slow server gets less than the quick one, the broken one nothing until it is whole.

    Of 150 requests none is lost.
    """

    async def work() -> None:
        async with Upstream() as quick, Upstream(first_token_s=SLOW_S) as slow, Upstream() as torn:
            servers = [
                endpoint(name, each)
                for name, each in {"quick": quick, "slow": slow, "torn": torn}.items()
            ]
            async with routed(tmp_path, servers) as tested:
                torn.always = "500"
                replies = await tested.ask_often(SMALL, 75)
                while_broken = asked(torn)
                assert 1 <= while_broken <= 10
                assert 0 < asked(slow) < asked(quick) / 2
                torn.always = ""
                tested.clock.advance(LATER_S)
                replies += await tested.ask_often(SMALL, 75)
                assert asked(torn) > while_broken + 15
                assert asked(slow) < asked(quick)

                by_server = Counter(reply.endpoint for reply in replies)
                assert by_server.total() == 150
                assert by_server["torn"] == asked(torn) - while_broken
                assert by_server["quick"] == asked(quick)
                assert by_server["slow"] == asked(slow)
                counts = tested.router.snapshot().counts
                assert (counts["answered"], counts.get("failed", 0)) == (150, 0)
                assert await tested.activity.count(ActivityQuery(outcome="ok")) == 150

    asyncio.run(work())


def test_decisions_tell_every_try(tmp_path: Path):
    """A request that was moved tells both tries, in their order, with the reason of the first."""

    async def work() -> None:
        async with Upstream() as good, Upstream() as torn:
            torn.always = "500"
            servers = [endpoint("good", good), endpoint("torn", torn)]
            async with routed(tmp_path, servers) as tested:
                replies = await tested.ask_often(SMALL, 20, at_once=1)
                decisions = [await tested.decision(reply) for reply in replies]
                tried = [[each.endpoint for each in found.attempts] for found in decisions]
                assert [names[-1] for names in tried] == ["good"] * 20
                assert sum("torn" in names for names in tried) == asked(torn)
                moved = next(found for found in decisions if len(found.attempts) > 1)
                first, last = moved.attempts
                assert (first.outcome, last.outcome) == ("failed", "answered")
                assert "500" in first.reason
                assert first.ended_s <= last.began_s
                assert (moved.chosen, moved.endpoint) == (SMALL, "good")
                assert moved.outcome == "answered"

    asyncio.run(work())


def test_a_tier_goes_on_with_its_next_model(tmp_path: Path):
    """Where every server of a model fails, the next model answers, of this tier or of the next."""
    tiers = (
        Tier("mine", models=(SMALL, LARGE), next_tier="spare"),
        Tier("narrow", models=(SMALL,), next_tier="spare"),
        Tier("spare", models=(LARGE,)),
    )

    async def work() -> None:
        async with Upstream() as one, Upstream() as two, Upstream() as three:
            servers = [
                endpoint("one", one),
                endpoint("two", two),
                endpoint("three", three, LARGE),
            ]
            async with routed(tmp_path, servers, tiers=tiers) as tested:
                assert (await tested.ask("mine", 0)).model == SMALL
                one.always = two.always = "503"
                one.retry_after = two.retry_after = ""
                for tier in ("mine", "narrow"):
                    reply = await tested.ask(tier, 1)
                    assert (reply.model, reply.endpoint) == (LARGE, "three")
                    found = await tested.decision(reply)
                    assert found.plan == (SMALL, LARGE)
                    assert {each.endpoint for each in found.attempts} == {"one", "two", "three"}
                counts = tested.router.snapshot().counts
                assert (counts["moved_model"], counts["moved_tier"]) == (1, 1)
                for reply in await tested.ask_often("mine", 10):
                    assert reply.endpoint == "three"
                by_model = {each.model: each for each in (await tested.decision(reply)).candidates}
                assert by_model[SMALL].excluded
                assert by_model[LARGE].excluded == ""
                tried = asked(one) + asked(two)
                await tested.ask_often("mine", 10)
                assert asked(one) + asked(two) == tried
                one.always = two.always = ""
                tested.clock.advance(LATER_S)
                assert (await tested.ask("mine", 0)).model == SMALL

    asyncio.run(work())


def test_decisions_tell_who_was_out_and_why(tmp_path: Path):
    """A picture goes to the model that sees; the other one is a candidate that is out for that."""
    models = (
        ModelEntry(SMALL, capabilities=("chat",), context_tokens=4096),
        ModelEntry(LARGE, capabilities=("chat", "vision"), context_tokens=4096),
    )
    tiers = (Tier("mine", models=(SMALL, LARGE)),)

    async def work() -> None:
        async with Upstream() as one, Upstream() as two:
            servers = [endpoint("one", one), endpoint("two", two, LARGE)]
            async with routed(tmp_path, servers, models=models, tiers=tiers) as tested:
                reply = await tested.ask("mine", 1, [TEXT, PICTURE])
                assert reply.endpoint == "two"
                found = await tested.decision(reply)
                by_model = {each.model: each for each in found.candidates}
                assert "vision" in found.needs
                assert "vision" in by_model[SMALL].excluded
                assert by_model[LARGE].excluded == ""
                assert by_model[LARGE].terms
                assert found.plan == (LARGE,)
                await tested.activity.flush()
                kept = await tested.activity.record(reply.id)
                assert kept is not None
                assert kept.decision["candidates"][0]["model"] == LARGE

    asyncio.run(work())


def test_a_question_of_yesterday_is_pointed_to(tmp_path: Path):
    """Asked again in other words after a restart, the first answer is named; it can be opened."""
    settings = RouterSettings(suggest_similar=True)
    first, again = "How do I reverse a list in Python?", "reverse a Python list"

    async def work() -> None:
        async with Upstream() as one:
            servers = [endpoint("one", one)]
            async with routed(tmp_path, servers, settings=settings) as tested:
                earlier = await tested.ask(SMALL, 0, first)
                assert earlier.similar is None
            async with routed(tmp_path, servers, settings=settings) as tested:
                await tested.router._parts.similar.ready()
                for number in (0, 1):
                    reply = await tested.ask(SMALL, number, again)
                    assert reply.similar is not None
                    kept = await tested.activity.record(reply.similar.id)
                    assert kept is not None
                    assert kept.question == (again if number else first)
                    assert kept.answer
                    assert (await tested.decision(reply)).similar == reply.similar
                assert asked(one) == 3

    asyncio.run(work())
