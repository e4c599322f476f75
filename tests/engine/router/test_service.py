"""A request finds its model, and every reason is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from engine.errors import Rejected
from engine.exchange import ServedModel
from engine.router.conversations import NewMessage
from engine.router.service import UNDO_S
from engine.router.sim_policies import ByRule
from engine.router.sim_scenarios import SCENARIOS
from engine.router.snapshot import ModelEntry, Tier
from tests.engine.router.world import FakeChannel, chat, embedded, server, until, world
from tests.leaping import leap


def test_named_model_answers(tmp_path, clock):
    """A request for a model goes to that model as it is, and the answer comes back untouched."""
    around = world(tmp_path, clock, server("ollama", "llama3.2:3b", "qwen3:8b"))

    async def work(router):
        asked = chat("qwen3:8b")
        reply = await router.handle(asked)
        assert reply.text == "qwen3:8b says hello"
        assert around.coordinator.sent == [("qwen3:8b", asked)]
        assert around.coordinator.sent[0][1] is asked

    around.run(work)


def test_unknown_model(tmp_path, clock):
    """A model that nobody serves is refused as OpenAI refuses it, with the name that is near."""
    around = world(tmp_path, clock, server("ollama", "llama3.2:3b"))

    async def work(router):
        with pytest.raises(Rejected, match=r"did you mean llama3.2:3b") as caught:
            await router.handle(chat("lama3.2:3b"))
        assert (caught.value.status, caught.value.code) == (404, "model_not_found")
        (record,) = around.activity.records
        assert (record.status, record.asked) == (404, "lama3.2:3b")

    around.run(work)


def test_no_server_at_all(tmp_path, clock):
    """On a machine without servers every tier for chat is answered by the built-in model."""
    around = world(tmp_path, clock, embedded())

    async def work(router):
        for tier in ("fast", "balanced", "expert", "private", "", "auto"):
            reply = await router.handle(chat(tier))
            assert reply.model == "smollm2-135m-instruct"

    around.run(work)


def test_generate_response(tmp_path, clock):
    """The library's door takes a tier, capabilities in many words, and any other field."""
    thinker = ServedModel("thinker:8b", 32_000, frozenset({"chat", "reasoning"}))
    around = world(tmp_path, clock, server("s", "plain:70b", thinker))

    async def work(router):
        messages = [{"role": "user", "content": "Why?"}]
        reply = await router.generate_response(
            "expert-reasoning",
            messages,
            temperature=0.3,
            max_tokens=8_000,
            capabilities=["deep_reasoning"],
            seed=7,
        )
        assert reply.model == "thinker:8b"
        _, sent = around.coordinator.sent[0]
        assert sent.body == {
            "messages": messages,
            "temperature": 0.3,
            "max_tokens": 8_000,
            "seed": 7,
        }
        assert sent.via == "library"
        reply = await router.generate_response("balanced", messages, capabilities=["reasoning"])
        assert reply.model == "thinker:8b"
        with pytest.raises(Rejected, match="no capability"):
            await router.generate_response("balanced", messages, capabilities=["flying"])

    around.run(work)


def test_explain_sends_nothing(tmp_path, clock):
    """Asked why, the router shows every candidate with scores and reasons, and sends nothing."""
    small = ServedModel("small:1b", 2_048, frozenset({"chat"}))
    around = world(tmp_path, clock, server("s", "good:8b", small, "embed-it"), embedded())

    async def work(router):
        decision = await router.explain(chat("balanced", "word " * 3_000))
        assert not around.coordinator.sent
        assert not around.activity.records
        found = {each.model: each for each in decision.candidates}
        assert set(found) == {"good:8b", "small:1b", "embed-it", "smollm2-135m-instruct"}
        assert found["good:8b"].terms
        assert found["small:1b"].excluded.startswith("context 2,048 is less than")
        assert "chat" in found["embed-it"].excluded
        assert found["smollm2-135m-instruct"].excluded.startswith("context 2,048 is less than")
        assert decision.plan == ("good:8b",)
        assert (decision.tier, decision.chosen, decision.outcome) == ("balanced", "", "")
        assert decision.prompt_tokens > 3_000
        assert decision.routed_ms >= 0
        assert not any(each.is_on for each in decision.context)
        assert decision.context[0].name == "system prompt"
        assert router.snapshot().decisions == ()

    around.run(work)


def test_explain_where_nobody_can(tmp_path, clock):
    """Where no model can answer, that is explained as well: with every candidate and why."""
    around = world(tmp_path, clock, embedded())

    async def work(router):
        decision = await router.explain(chat("private", "word " * 30_000))
        assert decision.outcome.startswith("failed: no model of 'private' can answer: context")
        assert decision.plan == ()
        (candidate,) = decision.candidates
        assert candidate.excluded.startswith("context 2,048 is less than the")

    around.run(work)


def test_servers_that_come_and_go(tmp_path, clock):
    """A model that a server gets is there for the next request, and one that goes is not."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        before = router.snapshot().version
        around.coordinator.use(server("s", "b"))
        assert (await router.handle(chat("b"))).model == "b"
        with pytest.raises(Rejected):
            await router.handle(chat("a"))
        assert router.snapshot().version > before

    around.run(work)


def test_first_request_waits_for_the_first_look(tmp_path, clock):
    """A request that comes before anybody has looked for servers waits for that."""
    around = world(tmp_path, clock)

    async def look():
        around.coordinator.use(server("s", "a"))

    around.coordinator.first_look = look

    async def work(router):
        assert (await router.handle(chat("a"))).model == "a"

    around.run(work)


def test_who_lists_models_waits_for_the_first_look(tmp_path, clock):
    """What can be asked for is known to the first who wants to know it, and stays up to date."""
    around = world(tmp_path, clock)

    async def look():
        around.coordinator.use(server("s", "a"))

    around.coordinator.first_look = look

    async def work(router):
        assert [each.name for each in (await router.listed()).models if each.endpoints] == ["a"]
        around.coordinator.use(server("s", "b"))
        assert [each.name for each in (await router.listed()).models if each.endpoints] == ["b"]

    around.run(work)


def test_tiers_are_edited_while_it_runs(tmp_path, clock):
    """A tier that the user writes serves at once, and is gone when it is removed."""
    around = world(tmp_path, clock, server("s", "a", "b"))

    async def work(router):
        assert await router.put_tier(Tier("mine", models=("b",))) is None
        assert (await router.handle(chat("mine"))).model == "b"
        before = await router.put_tier(Tier("mine", models=("a",)))
        assert before.models == ("b",)
        assert (await router.handle(chat("mine"))).model == "a"
        removed = await router.remove_tier("mine")
        assert removed.models == ("a",)
        with pytest.raises(Rejected):
            await router.handle(chat("mine"))

    around.run(work)


def test_catalogue_is_edited_while_it_runs(tmp_path, clock):
    """What the user writes of a model counts at once."""
    around = world(tmp_path, clock, server("s", "a:8b", "b:8b"))

    async def work(router):
        entry = ModelEntry("b:8b", capabilities=("chat",), quality=0.99, quality_source="mine")
        assert await router.put_model(entry) is None
        assert (await router.handle(chat("balanced"))).model == "b:8b"
        known = {each.name: each.entry for each in router.snapshot().models}
        assert known["b:8b"].is_users
        assert known["gpt-4o*"].label == "GPT-4o"
        await router.remove_model("b:8b")
        assert {each.name: each.entry for each in router.snapshot().models}["b:8b"] is None

    around.run(work)


def test_wrong_file_of_the_user(tmp_path, clock):
    """A list that is wrong is told with its remedy; what comes with the application serves."""
    around = world(tmp_path, clock, server("s", "a"))
    (tmp_path / "tiers.toml").write_text("[[tier]]\nnome = 'x'\n")

    async def work(router):
        assert "there is no 'nome'" in router.snapshot().problem
        assert (await router.handle(chat("fast"))).model == "a"

    around.run(work)


def test_lists_edited_outside():
    """What an editor writes into the file serves within seconds, and a mistake keeps the old."""

    async def work(loop):
        with TemporaryDirectory() as folder:
            around = world(Path(folder), loop, server("s", "a", "b"))
            async with around.router() as router:
                path = Path(folder) / "tiers.toml"
                path.write_text('[[tier]]\nname = "mine"\nmodels = ["b"]\n')
                await until(lambda: "mine" in {each.name for each in router.snapshot().tiers})
                assert (await router.handle(chat("mine"))).model == "b"
                path.write_text("[[tier]\n")
                await until(lambda: router.snapshot().problem)
                assert (await router.handle(chat("mine"))).model == "b"
                path.write_text('[[tier]]\nname = "mine"\nmodels = ["a", "b"]\n')
                await until(lambda: not router.snapshot().problem)

    leap(work)


@pytest.mark.parametrize("kind", ["a folder", "garbage"])
def test_without_memory_requests_are_answered(kind: str, caplog: pytest.LogCaptureFixture):
    """Where the database cannot be used that is a problem until it is mended, and no more."""

    async def work(loop):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "router.sqlite"
            if kind == "a folder":
                path.mkdir()
            else:
                path.write_bytes(b"these are no rows" * 100)
            around = world(Path(folder), loop, server("s", "a"))
            async with around.router() as router:
                assert "router.sqlite" in router.snapshot().problem
                assert "move it away" in router.snapshot().problem
                asked = replace(chat("a"), session="mine")
                assert (await router.handle(asked)).text == "a says hello"
                await asyncio.sleep(10)  # it is tried again meanwhile, and said once
                assert caplog.text.count("Conversations and notes are not kept") == 1
                path.rename(Path(folder) / "away")
                await until(lambda: "not kept" not in (router.snapshot().problem or ""))
                await router.handle(asked)
                await until(lambda: not router.snapshot().problem)
                assert len(await router.conversations.messages("mine")) == 2

    leap(work)


def test_probes_go_on(tmp_path):
    """Silent servers are probed again and again, as often as the settings say."""

    async def work(loop):
        around = world(tmp_path, loop, server("s", "a"), channel=FakeChannel())
        async with around.router() as router:
            await until(lambda: len(around.coordinator.probed) == 3)
            assert loop.time() - 1000.0 < 60.0
            await router.change_settings(replace(around.settings, probe_every_s=3_600.0))
            asked = len(around.coordinator.probed)
            await asyncio.sleep(1_000)
            assert len(around.coordinator.probed) == asked + 1
            assert router.snapshot().health[0].by_probes == 1.0
        assert around.channel.is_closed

    leap(work)


def test_speed_is_forgotten_in_time(tmp_path):
    """What was measured of a model does not count for ever: an hour later it is as if untried."""

    async def work(loop):
        around = world(tmp_path, loop, server("s", "a"))
        async with around.router() as router:
            reply = await router.handle(chat("a", stream=True))
            assert [piece async for piece in reply.stream]
            view = router.snapshot().models[0]
            assert (view.name, view.first_token_ms) == ("a", pytest.approx(200.0))
            await asyncio.sleep(3_600)
            assert router.snapshot().models[0].first_token_ms is None

    leap(work)


def test_probe_that_is_broken_is_told(tmp_path):
    """A mistake in a probe is shown, and probing goes on."""

    async def work(loop):
        around = world(tmp_path, loop, server("s", "a"))

        async def probe(name):
            raise RuntimeError("a mistake")

        around.coordinator.probe = probe
        async with around.router() as router:
            await until(lambda: router.snapshot().problem)
            assert "a mistake" in router.snapshot().problem

            async def well(name):
                return True

            around.coordinator.probe = well
            await until(lambda: not router.snapshot().problem)

    leap(work)


def test_what_was_deleted_a_day_ago_is_gone_for_good(tmp_path, clock):
    """A deletion can be undone for a day; the next start after that removes what was hidden."""
    around = world(tmp_path, clock)

    async def delete(router):
        for name in ("old", "new"):
            await router.conversations.append(name, NewMessage("user", name))
        await router.conversations.delete("old")
        clock.advance(UNDO_S)
        await router.conversations.delete("new")

    async def restore(router):
        for name in ("old", "new"):
            await router.conversations.restore(name)
        return [each.id for each in await router.conversations.list()]

    around.run(delete)
    assert around.run(restore) == ["new"]


def test_closed_twice_and_never_started(tmp_path, clock):
    """Closing is safe at any time."""
    around = world(tmp_path, clock)

    async def work():
        router = around.router()
        await router.aclose()
        await router.aclose()

    asyncio.run(work())


def test_replay(tmp_path, clock):
    """The recorded requests of the last days are chosen otherwise, by our policies or others."""
    around = world(tmp_path, clock, server("s", "a"))

    async def export(query):
        assert query.since_s == clock.wall().timestamp() - 7 * 86_400
        for record in around.activity.records:
            yield record

    around.activity.export = export

    async def work(router):
        await router.handle(chat("a"))
        results = await router.replay(7)
        assert {each.policy for each in results} >= {"as it was", "quality first"}
        assert all(each.requests == 1 for each in results)

    around.run(work)


def test_simulate(tmp_path, clock):
    """Policies are compared in a made-up world."""
    around = world(tmp_path, clock)

    async def work(router):
        scenario = next(iter(SCENARIOS.values()))
        policies = {"random": lambda chance, _: ByRule(lambda job, seats: chance.choice(seats))}
        report = await router.simulate(scenario, policies, seeds=[1])
        assert [each.policy for each in report.results] == ["oracle", "random"]

    around.run(work)
