"""A request from its arrival to the record of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import Rejected, Unreachable
from engine.exchange import DONE, LlmRequest, Reply, Task
from tests.engine.router.world import FakeActivity, chat, server, world


async def read(reply):
    return [piece async for piece in reply.stream]


def test_record_of_an_answer(tmp_path, clock):
    """An answer leaves a record with what was asked and answered, figures and the decision."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        clock.advance(0.25)
        await router.handle(replace(chat("a"), client="laptop", via="messages"))
        (record,) = around.activity.records
        assert (record.id, record.kind, record.client) == ("req-1", "messages", "laptop")
        assert (record.asked, record.model, record.endpoint) == ("a", "a", "s")
        assert (record.status, record.problem, record.is_stream) == (200, "", False)
        assert (record.prompt_tokens, record.completion_tokens) == (9, 3)
        assert (record.routed_ms, record.first_byte_ms, record.total_ms) == (250.0, 200.0, 500.0)
        assert record.answer == "a says hello"
        assert record.request["messages"][0]["content"] == "Hello"
        assert record.decision().chosen == "a"
        assert record.at_s == clock.wall().timestamp()

    around.run(work)


def test_record_of_a_stream(tmp_path, clock):
    """A stream is recorded once it is over, with its words; every piece goes on as it came."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        reply = await router.handle(chat("a", stream=True))
        assert not around.activity.records
        assert router.snapshot().decisions[0].outcome == ""
        pieces = await read(reply)
        assert len(pieces) == 4
        assert pieces[-1] == DONE
        (record,) = around.activity.records
        assert (record.answer, record.is_stream, record.status) == ("a says hello", True, 200)
        assert record.decision().outcome == "answered"

    around.run(work)


def test_a_stream_is_under_way_until_its_end(tmp_path, clock):
    """While an answer comes it is told who is asked and who answers; after that no longer."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        asked = replace(chat("a", stream=True), client="laptop", via="messages")
        reply = await router.handle(asked)
        (found,) = around.activity.begun.latest()
        assert (found.id, found.kind, found.client) == ("req-1", "messages", "laptop")
        assert (found.asked, found.model, found.endpoint) == ("a", "a", "s")
        assert found.at_s == clock.wall().timestamp()
        await read(reply)
        assert around.activity.begun.latest() == ()

    around.run(work)


def test_what_nobody_answers_is_not_under_way(tmp_path, clock):
    """A request that fails leaves the list of those under way."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        with pytest.raises(Rejected):
            await router.handle(chat("no-such-model"))
        assert around.activity.begun.latest() == ()

    around.run(work)


def test_client_leaves_a_stream(tmp_path, clock):
    """A stream that nobody reads to its end is recorded as left, with the words until then."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        reply = await router.handle(chat("a", stream=True))
        await anext(reply.stream)
        await reply.aclose()
        (record,) = around.activity.records
        assert (record.status, record.answer) == (499, "a")

    around.run(work)


def test_stream_that_breaks(tmp_path, clock):
    """A stream that broke off is a failure with its reason, though it began with a 200."""
    around = world(tmp_path, clock, server("s", "a"))

    async def broken(request):
        reply = Reply("a", "s", request.id)

        async def pieces():
            yield b"data: {}\n\n"
            reply.problem = "the connection broke"
            reply.finish()

        reply.stream = pieces()
        return reply

    around.coordinator.says["a"] = broken

    async def work(router):
        await read(await router.handle(chat("a", stream=True)))
        (record,) = around.activity.records
        assert (record.status, record.problem) == (200, "the connection broke")
        snapshot = router.snapshot()
        assert snapshot.decisions[0].outcome == "failed: the connection broke"
        assert snapshot.counts == {"decisions": 1, "failed": 1}

    around.run(work)


def test_texts_that_are_not_kept(tmp_path, clock):
    """Where texts are not kept nobody listens to the stream: it is the server's own."""
    activity = FakeActivity(keeps_texts=False)
    around = world(tmp_path, clock, server("s", "a"), activity=activity)

    async def work(router):
        reply = await router.handle(chat("a", stream=True))
        assert reply.stream.__class__.__name__ == "async_generator"
        await read(reply)
        assert activity.records[0].answer == ""

    around.run(work)


def test_embeddings_have_no_words(tmp_path, clock):
    """An embedding is recorded without words."""
    around = world(tmp_path, clock, server("s", "bge-m3"))

    async def work(router):
        asked = LlmRequest("embedding", {"input": "text"}, Task.EMBEDDING, came_s=1.0, id="x")
        around.tiers()
        reply = await router.handle(asked)
        assert reply.model == "bge-m3"
        assert around.activity.records[0].answer == ""

    around.run(work)


def test_ids_and_times_are_made_up(tmp_path, clock):
    """A request without an id and a time gets both; every one another id."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        for _ in range(2):
            await router.handle(LlmRequest("a", {"messages": []}))
        first, second = (request for _, request in around.coordinator.sent)
        assert first.id
        assert first.id != second.id
        assert first.came_s == clock.now()

    around.run(work)


def test_health_follows_traffic(tmp_path, clock):
    """Answers and failures of real requests are the health of their servers."""
    around = world(tmp_path, clock, server("good", "a"), server("bad", "b"))
    around.coordinator.says["b"] = Unreachable("gone")

    async def work(router):
        await router.handle(chat("a"))
        with pytest.raises(Unreachable):
            await router.handle(chat("b"))
        health = {each.endpoint: each for each in router.snapshot().health}
        assert (health["good"].by_traffic, health["bad"].by_traffic) == (1.0, 0.0)
        models = {each.name: each for each in router.snapshot().models[:2]}
        assert (models["a"].reliability, models["b"].reliability) == (1.0, 0.0)
        assert models["a"].health > models["b"].health

    around.run(work)


def test_speed_is_measured_on_streams(tmp_path, clock):
    """The time to the first token and the tokens a second are those of real streams."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        await router.handle(chat("a"))
        assert router.snapshot().models[0].first_token_ms is None
        await read(await router.handle(chat("a", stream=True)))
        model = router.snapshot().models[0]
        assert model.first_token_ms == pytest.approx(200.0)
        assert model.tokens_per_s == pytest.approx(1e3 / 150.0)
        assert model.requests == 2

    around.run(work)


def test_a_similar_question_is_pointed_to(tmp_path, clock):
    """The model answers all the same; reply, decision and explanation name the earlier request."""
    around = world(tmp_path, clock, server("one", "m"), settings={"suggest_similar": True})
    first, again = "How do I reverse a list in Python?", "reverse a Python list"

    async def work(router):
        reply = await router.handle(replace(chat("m", first), id="first"))
        assert reply.similar is None
        reply = await router.handle(replace(chat("m", again), id="again"))
        assert reply.text == "m says hello"
        assert reply.similar.id == "first"
        assert (await router.decision("again")).similar == reply.similar
        assert (await router.explain(chat("m", first))).similar.id == "again"
        assert around.activity.records[-1].decision().similar.id == "first"

    around.run(work)


def test_what_the_cache_answers_points_nowhere(tmp_path, clock):
    """It was asked before with the same words: there is nothing to suggest."""
    around = world(tmp_path, clock, server("one", "m"), settings={"suggest_similar": True})

    async def cached(request):
        reply = around.coordinator.answer(request, "m", "one", [])
        reply.cached = "hit"
        return reply

    async def work(router):
        text = "How do I reverse a list in Python?"
        await router.handle(chat("m", text))
        around.coordinator.says["m"] = cached
        reply = await router.handle(replace(chat("m", text), id="again"))
        assert reply.similar is None
        assert (await router.decision("again")).similar is None

    around.run(work)


def test_switched_off_nothing_is_pointed_to(tmp_path, clock):
    """As it is from the start; switched on while it runs, it is from then on."""
    around = world(tmp_path, clock, server("one", "m"))

    async def work(router):
        text = "How do I reverse a list in Python?"
        await router.handle(chat("m", text))
        assert (await router.handle(replace(chat("m", text), id="two"))).similar is None
        await router.change_settings(replace(around.settings, suggest_similar=True))
        await router.handle(replace(chat("m", text), id="three"))
        reply = await router.handle(replace(chat("m", text), id="four"))
        assert reply.similar.id == "three"

    around.run(work)
