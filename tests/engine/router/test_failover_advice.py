"""Parameters that were learnt, on their way to a model and back."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from engine.errors import Rejected, Unreachable
from engine.router.decisions import decision_from
from engine.router.snapshot import ParameterChoice, ParameterMode, Tier
from tests.engine.router.world import FakeActivity, chat, server, world

CHOICE = ParameterChoice(
    "sug_1", "automatic", "chat", {"temperature": 0.2}, True, ("it earns 0.8",)
)


@dataclass
class FakeAdvice:
    request: object
    choice: ParameterChoice
    wants_words: bool = False
    told: list[object] = field(default_factory=list)

    def drop(self):
        self.told.append("dropped")

    def refuse(self, reason):
        self.told.append(("refused", reason))

    def over(self, reply, words):
        self.told.append(("over", reply.model, words))


@dataclass
class FakeAdvisor:
    """Fills in a temperature, or nothing where `fills` is not set."""

    fills: bool = True
    wants_words: bool = False
    asked: list[object] = field(default_factory=list)
    given: list[FakeAdvice] = field(default_factory=list)

    def advise(self, request, model, tier):
        self.asked.append((model, tier and tier.name))
        sent = request
        if self.fills:
            sent = replace(request, body={**request.body, "temperature": 0.2})
        advice = FakeAdvice(sent, replace(CHOICE, id=f"sug_{model}"), self.wants_words)
        self.given.append(advice)
        return advice


def advised(tmp_path, clock, *servers, **fields):
    """Return a world whose router has an advisor."""
    around = world(tmp_path, clock, *(servers or (server("s", "a", "b"),)))
    around.tiers().write((Tier("mine", models=("a", "b"), parameters=ParameterMode.AUTOMATIC),))
    around.advisor = FakeAdvisor(**fields)
    return around


def test_what_is_advised_goes_to_the_model(tmp_path, clock):
    """The model gets the parameters, the answer their id, the decision the reasons."""
    around = advised(tmp_path, clock)

    async def work(router):
        reply = await router.handle(chat("mine"))
        assert reply.suggestion_id == "sug_a"
        (_, sent) = around.coordinator.sent[0]
        assert sent.body["temperature"] == 0.2
        assert around.advisor.asked == [("a", "mine")]
        assert around.advisor.given[0].told == [("over", "a", "a says hello")]
        found = await router.decision("req-1")
        assert found.parameters == replace(CHOICE, id="sug_a")
        assert decision_from(msgspec.json.decode(msgspec.json.encode(found))) == found

    around.run(work)


def test_another_model_gets_its_own_advice(tmp_path, clock):
    """What was advised for a model that fails is dropped; the next one is asked about anew."""
    around = advised(tmp_path, clock)
    around.coordinator.says["a"] = Unreachable("gone")

    async def work(router):
        reply = await router.handle(chat("mine"))
        assert (reply.model, reply.suggestion_id) == ("b", "sug_b")
        assert around.advisor.given[0].told == ["dropped"]

    around.run(work)


def test_a_model_that_does_not_take_the_parameters_is_asked_without(tmp_path, clock):
    """A refusal of what the client never sent is not the client's: it is asked again as it came."""
    around = advised(tmp_path, clock)
    good = around.coordinator.answer

    async def picky(request):
        if "temperature" in request.body:
            raise Rejected("'temperature' is not supported with this model", status=400)
        return good(request, "a", "s", [])

    around.coordinator.says["a"] = picky

    async def work(router):
        reply = await router.handle(chat("mine"))
        assert (reply.model, reply.suggestion_id) == ("a", "")
        (advice,) = around.advisor.given
        assert advice.told == [("refused", "'temperature' is not supported with this model")]
        assert (await router.decision("req-1")).parameters is None

    around.run(work)


@pytest.mark.parametrize("fills", [True, False])
def test_a_request_that_is_wrong_stays_wrong(tmp_path, clock, fills):
    """Where the request is refused as it came too, the client is told, and nothing is learnt."""
    around = advised(tmp_path, clock, fills=fills)
    around.coordinator.says["a"] = Rejected("'messages' is odd", status=400)

    async def work(router):
        with pytest.raises(Rejected, match="odd"):
            await router.handle(chat("mine"))
        assert around.advisor.given[0].told == ["dropped"]
        assert len(around.coordinator.sent) == (2 if fills else 1)

    around.run(work)


def test_who_leaves_teaches_nothing(tmp_path, clock):
    """A request that is cancelled while it waits drops what was advised."""
    around = advised(tmp_path, clock)
    waiting = asyncio.Event()

    async def slow(request):
        waiting.set()
        await asyncio.Event().wait()

    around.coordinator.says["a"] = slow

    async def work(router):
        task = asyncio.ensure_future(router.handle(chat("mine")))
        await waiting.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert around.advisor.given[0].told == ["dropped"]

    around.run(work)


def test_words_are_told_where_they_are_wanted(tmp_path, clock):
    """Words of a stream are overheard for an advisor even where no texts are kept."""
    for wanted in (True, False):
        around = advised(tmp_path, clock, wants_words=wanted)
        around.activity = FakeActivity(keeps_texts=False)

        async def work(router, around=around, wanted=wanted):
            reply = await router.handle(chat("mine", stream=True))
            assert reply.suggestion_id == "sug_a"
            async for _ in reply.stream:
                pass
            words = "a says hello" if wanted else ""
            assert around.advisor.given[0].told == [("over", "a", words)]

        around.run(work)


def test_explaining_advises_nothing(tmp_path, clock):
    """What is only explained makes no suggestion."""
    around = advised(tmp_path, clock)

    async def work(router):
        await router.explain(chat("mine"))
        assert around.advisor.asked == []

    around.run(work)
