"""Parameter analytics as a whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analytics.observation_book import FILE
from engine.analytics.observations import AS_CAME, StudyKey
from engine.analytics.rewards import Signs
from engine.analytics.settings import AnalyticsSettings, RangeSettings
from engine.errors import OutsideError, Refused, Rejected, SettingsError
from engine.exchange import Task
from tests.engine.analytics.opened import advised, reply, request, with_analytics

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
FIELDS = ("messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "prompt",
          "response_format", "stream")  # fmt: skip


def test_a_program_learns_what_works(tmp_path):
    """What earns more is suggested more, with the evidence; the best is known in the end."""

    async def work(service, loop):
        random = Random(3)
        for _ in range(150):
            got = await service.optimize("gpt-4", "code-generation", {"max_latency": 60_000})
            good = 0.9 if got.arm == "precise" else 0.3
            await service.observe(got.id, float(random.random() < good), latency_ms=200.0)
        got = await service.optimize("gpt-4", "code-generation")
        assert got.parameters == {"temperature": 0.2, "top_p": 0.9}
        assert got.reward is not None
        assert got.reward.low < got.reward.mean < got.reward.high
        assert got.latency_ms is not None
        assert got.latency_ms.mean == pytest.approx(200.0, rel=0.03)
        assert got.evidence[0].startswith("precise (temperature 0.2, top_p 0.9) earned 0.")
        assert 0.5 < got.propensity <= 1
        best = await service.best("gpt-4", "code-generation")
        assert best.arm == "precise"
        assert best.probability_best > 0.95
        compared = await service.compare(
            "precise", AS_CAME, model="gpt-4", task_type="code-generation"
        )
        assert compared.probability_a_better > 0.95
        assert compared.loss_of_a < compared.loss_of_b

    with_analytics(tmp_path, work)


def test_what_was_learnt_survives_a_restart(tmp_path):
    """After a restart the same is known, and a suggestion from before may still be rated."""

    async def learn(service, loop):
        for _ in range(40):
            got = await service.optimize("m", "chat")
            await service.observe(got.id, 1.0 if got.arm == "free" else 0.0, latency_ms=100.0)
        waiting = await service.optimize("m", "chat")
        return await service.best("m", "chat"), waiting, (await service.refreshed()).studies[0]

    async def look(service, loop):
        await service.observe(waiting.id, thumbs="up")
        with pytest.raises(Rejected, match="belongs to no suggestion"):
            await service.observe("sug_000", 1.0)
        seen = (await service.refreshed()).studies[0]
        assert [arm.pulls for arm in seen.arms] == [arm.pulls for arm in before.arms]
        assert seen.rewards == before.rewards + 1
        assert (seen.columns.total, len(seen.columns.at_s)) == (41, 41)
        return await service.best("m", "chat")

    best, waiting, before = with_analytics(tmp_path, learn)
    again = with_analytics(tmp_path, look)
    assert (again.arm, best.arm) == ("free", "free")
    assert again.reward.mean == pytest.approx(best.reward.mean, abs=0.03)


def test_automatic_fills_in_what_a_request_leaves_open(tmp_path):
    """In a tier that is automatic the request goes out with the parameters; its own stay."""

    async def work(service, loop):
        advice = None
        while advice is None or advice.found.arm == AS_CAME:
            advice = await advised(service, request())
        assert advice.request.body["temperature"] == advice.found.values["temperature"]
        assert advice.request.body["messages"] == request().messages
        assert advice.found.is_applied
        own = await advised(service, request(temperature=0.33))
        assert own.request.body["temperature"] == 0.33
        assert "top_p" not in own.request.body
        assert own.found.values == {"temperature": 0.33}
        assert "temperature itself" in own.found.why[0]
        assert (own.found.arm, own.found.is_applied) == ("", False)

    with_analytics(tmp_path, work)


def test_off_and_paused_look_at_nothing(tmp_path):
    """Off by default: nothing is suggested, counted or read; embeddings have no parameters."""

    async def work(service, loop):
        for mode in ("off", ""):
            assert service.advise(request(), "m", tier="", mode=mode) is None
        await service.change_settings(AnalyticsSettings(is_paused=True))
        assert service.advise(request(), "m", tier="", mode="automatic") is None
        await service.change_settings(AnalyticsSettings())
        asked = request(of_request={"task": Task.EMBEDDING})
        assert service.advise(asked, "m", tier="", mode="automatic") is None
        assert (await service.refreshed()).studies == ()

    with_analytics(tmp_path, work, mode="off")


def test_suggest_shows_and_changes_nothing(tmp_path):
    """A tier that only suggests sends the request as it came, and learns what that earns."""

    async def work(service, loop):
        advice = await advised(service, request())
        assert advice.request.body == request().body
        assert not advice.found.is_applied
        advice.over(reply(), "")
        await service.feedback(Signs(thumbs="up"), request_id="req-1")
        seen = await service.refreshed()
        arms = {each.name: each.rewards for each in seen.studies[0].arms}
        assert arms[AS_CAME] == 1
        assert sum(arms.values()) == 1

    with_analytics(tmp_path, work, mode="suggest")


def test_an_answer_tells_its_figures_by_itself(tmp_path):
    """Latency, cost, tokens and whether JSON is valid are known without anybody saying so."""

    async def work(service, loop):
        asked = request(response_format={"type": "json_object"})
        advice = await advised(service, asked)
        assert advice.wants_words
        advice.over(reply(0.25), '{"a": 1}')
        view = (await service.refreshed()).suggestions[0]
        assert (advice.found.latency_ms, advice.found.cost_usd) == (250.0, 0.001)
        assert (view.terms, view.state, advice.found.tokens) == ({"json": 1.0}, "waiting", 3)
        await asyncio.sleep(700)
        view = (await service.refreshed()).suggestions[0]
        assert (view.state, view.rewarded) == ("settled", 1.0)
        noted = await service.feedback(Signs(thumbs="down"), suggestion_id=view.id)
        assert (noted.state, noted.reward) == ("revised", 0.5)
        seen = (await service.refreshed()).studies[0]
        assert seen.columns.reward[0] == 0.5

    with_analytics(tmp_path, work)


def test_answers_of_the_cache_and_broken_ones_take_no_time(tmp_path):
    """An answer from the cache says nothing of speed; one that broke off says nothing at all."""

    async def work(service, loop):
        cached = await advised(service, request())
        cached.over(reply(cached="hit"), "")
        assert cached.found.latency_ms is None
        assert cached.found.over_s is not None
        broken = await advised(service, request())
        broken.over(reply(problem="it broke off"), "")
        assert (broken.found.state, broken.found.over_s) == ("dropped", None)
        left = await advised(service, request())
        left.over(reply(finish_reason=""), "")
        assert left.found.latency_ms is None

    with_analytics(tmp_path, work)


def test_rewards_may_come_twice_late_and_out_of_order(tmp_path):
    """The same again counts once, a change of mind is learnt anew, and what is too old is told."""

    async def work(service, loop):
        first, second = [await service.optimize("m") for _ in range(2)]
        assert (await service.observe(second.id, 1.0)).state == "noted"
        assert (await service.observe(second.id, 1.0)).state == "repeated"
        assert (await service.observe(second.id, latency_ms=100.0)).state == "noted"
        assert (await service.observe(first.id, 0.0)).reward == 0.0
        assert (await service.observe(first.id, 1.0)).state == "revised"
        seen = await service.refreshed()
        (study,) = seen.studies
        assert (study.rewards, list(study.columns.reward)) == (2, [1.0, 1.0])
        assert sum(arm.rewards for arm in study.arms) == 2
        assert seen.counts["repeated"] == 1
        await asyncio.sleep(2.1 * 3600)
        with pytest.raises(Rejected, match="made 2 hours ago"):
            await service.observe(first.id, 0.5)
        assert (await service.refreshed()).counts["expired"] == 1

    with_analytics(tmp_path, work, suggestion_hours=2.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2.0, -1.0, "good"])
def test_what_is_no_reward_teaches_nothing(tmp_path, value):
    """NaN, infinity and the like are refused, and nothing is changed by them."""

    async def work(service, loop):
        got = await service.optimize("m")
        with pytest.raises(Rejected):
            await service.observe(got.id, value)
        assert (await service.refreshed()).studies[0].rewards == 0

    with_analytics(tmp_path, work)


def test_constraints_are_kept_or_told(tmp_path):
    """Bounds move an arm into them; contradictions and unknown names are told."""

    async def work(service, loop):
        got = await service.optimize("m", constraints={"temperature": (0.3, 0.5)})
        assert 0.3 <= got.parameters["temperature"] <= 0.5
        assert "moved into them" in got.evidence[0]
        for wrong, words in (
            ({"temperature": (0.5, 0.3)}, "exchange them"),
            ({"temperature": (1.5, 2.0)}, "of the settings"),
            ({"tempreature": 1}, "there is no such parameter"),
            ({"max_latency": -1}, "milliseconds above 0"),
        ):
            with pytest.raises(Rejected, match=words):
                await service.optimize("m", constraints=wrong)

    with_analytics(tmp_path, work)


def test_all_arms_too_slow_is_told(tmp_path):
    """Where every arm is slower than the limit, a program is told, and a request stays as it is."""

    async def work(service, loop):
        for _ in range(60):
            got = await service.optimize("m")
            await service.observe(got.id, latency_ms=5_000.0)
        await service.change_settings(AnalyticsSettings(mode="automatic", max_latency_ms=100.0))
        with pytest.raises(Rejected, match="keeps the limits"):
            await service.optimize("m")
        advice = await advised(service, request())
        assert advice.found.values == {}
        assert "keeps the limits" in advice.found.why[0]

    with_analytics(tmp_path, work)


def test_forgetting_can_be_undone(tmp_path):
    """What is forgotten teaches no more, until it is brought back."""

    async def work(service, loop):
        for model in ("m", "m", "n"):
            got = await service.optimize(model)
            await service.observe(got.id, 1.0)
        gone = await service.forget(model="m")
        assert (gone.observations, gone.studies) == (2, 1)
        seen = await service.refreshed()
        assert {(e.model, e.rewards) for e in seen.heat} == {("m", 0), ("n", 1)}
        assert seen.observations == 1
        assert await service.undo_forget(gone.token) == 2
        seen = await service.refreshed()
        assert {(e.model, e.rewards) for e in seen.heat} == {("m", 2), ("n", 1)}
        with pytest.raises(Rejected):
            await service.undo_forget(gone.token)

    with_analytics(tmp_path, work)


def test_arms_of_ones_own_are_kept(tmp_path):
    """An arm that somebody adds is tried, also after a restart; one that is removed is not."""

    async def change(service, loop):
        await service.add_arm("mine", {"temperature": 0.4, "min_p": 0.05}, model="m")
        await service.remove_arm("free", model="m")
        with pytest.raises(Rejected, match="no parameter"):
            await service.add_arm("bad", {"messages": "x"}, model="m")

    async def look(service, loop):
        names = {(await service.optimize("m")).arm for _ in range(60)}
        assert names == {AS_CAME, "precise", "balanced", "mine"}

    with_analytics(tmp_path, change)
    with_analytics(tmp_path, look)


def test_a_model_that_refuses_parameters_is_left_alone(tmp_path):
    """After a refusal nothing more is filled in, until what was learnt is forgotten."""

    async def work(service, loop):
        advice = await advised(service, request())
        advice.refuse("'temperature' is not supported")
        again = await advised(service, request())
        assert again.request.body == request().body
        assert "does not take them" in again.found.why[0]
        assert "not supported" in (await service.refreshed()).studies[0].reason
        await service.forget(model="m")
        assert (await service.refreshed()).studies[0].reason == ""

    with_analytics(tmp_path, work)


def test_weights_change_what_was_learnt(tmp_path):
    """Other weights weigh old answers anew."""

    async def work(service, loop):
        got = await service.optimize("m")
        await service.observe(got.id, 1.0, latency_ms=5000.0)
        fast = replace(AnalyticsSettings().rewards, latency_weight=1.0)
        await service.change_settings(AnalyticsSettings(rewards=fast))
        assert (await service.refreshed()).studies[0].columns.reward[0] == 0.75
        bad = RangeSettings(temperature_low=1.0, temperature_high=0.5)
        with pytest.raises(SettingsError):
            await service.change_settings(AnalyticsSettings(ranges=bad))

    with_analytics(tmp_path, work)


def test_a_client_rates_only_its_own_answers(tmp_path):
    """A key of its own may rate what was answered to it; the application's own rates all."""

    async def work(service, loop):
        advice = await advised(service, request(of_request={"client": "editor"}))
        for client, is_allowed in (("other", False), ("editor", True), ("", True)):
            ask = service.feedback(Signs(thumbs="up"), suggestion_id=advice.found.id, client=client)
            if is_allowed:
                assert (await ask).reward == 1.0
            else:
                with pytest.raises(Rejected, match="belongs to no suggestion"):
                    await ask

    with_analytics(tmp_path, work)


def test_the_same_question_again_counts_against_the_answer(tmp_path):
    """In a session, asking the same again says that the answer was not good enough."""

    async def work(service, loop):
        asked = request(of_request={"session": "s"})
        first = await advised(service, asked)
        first.over(reply(), "")
        await advised(service, asked)
        assert first.found.terms == {"regenerated": 0.0}
        alone = await advised(service, request("Other"))
        alone.over(reply(), "")
        await advised(service, request("Other"))
        assert alone.found.terms == {}

    with_analytics(tmp_path, work)


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON), max_size=4), st.text())
def test_whatever_a_client_sends_is_advised_or_left_alone(tmp_path_factory, bodies, words):
    """No body makes a request fail for the sake of its parameters, and all are written down."""

    async def work(service, loop):
        for number, fields in enumerate(bodies):
            of_request = {"id": f"req-{number}", "session": "s"}
            asked = request(of_request=of_request)
            asked = replace(asked, body={**asked.body, **fields})
            advice = await advised(service, asked)
            said = {name: value for name, value in fields.items() if value is not None}
            assert {name: advice.request.body[name] for name in said} == said
            advice.over(reply(), words)
        await asyncio.sleep(1)
        seen = await service.refreshed()
        assert (seen.problem, seen.observations) == (None, len(bodies))

    with_analytics(tmp_path_factory.mktemp("fuzz"), work)


def test_numbers_of_a_thousand_digits(tmp_path):
    """What no database takes is kept as what it can."""

    async def work(service, loop):
        for value in (10**400, -(10**400)):
            (await advised(service, request(temperature=value))).over(reply(), "")
        await asyncio.sleep(1)
        seen = await service.refreshed()
        assert (seen.problem, seen.observations) == (None, 2)

    with_analytics(tmp_path, work)


def test_one_study_that_cannot_be_worked_out_leaves_the_others(tmp_path):
    """What else is to be worked out again is so at the next look."""

    async def work(service, loop):
        done = []

        async def rebuild(key):
            done.append(key)
            if len(done) == 1:
                raise ValueError("odd")

        service._parts.studies.rebuild = rebuild
        service._parts.learning.stale.update({StudyKey("a", "chat"), StudyKey("b", "chat")})
        with pytest.raises(ValueError, match="odd"):
            await service.refreshed()
        await service.refreshed()
        assert {key.model for key in done} == {"a", "b"}

    with_analytics(tmp_path, work)


def test_a_disk_that_fails_is_told_and_nothing_is_lost(tmp_path):
    """While nothing can be written, requests and ratings go on; all is written afterwards."""

    async def work(service, loop):
        book = service._parts.book
        write = book.write

        async def refuse(_):
            raise Refused("the disk is full: free some space")

        got = await service.optimize("m")
        book.write = refuse
        assert (await service.feedback(Signs(thumbs="up"), suggestion_id=got.id)).reward == 1.0
        advice = await advised(service, request())
        advice.over(reply(), "")
        assert "free some space" in (await service.refreshed()).problem
        book.write = write
        await asyncio.sleep(1)
        assert (await service.refreshed()).problem is None

    async def look(service, loop):
        assert (await service.best("m")).rewards == 1
        assert (await service.refreshed()).observations == 2

    with_analytics(tmp_path, work)
    with_analytics(tmp_path, look)


def test_a_damaged_database_stops_nothing(tmp_path):
    """With a file that is no database everything is learnt all the same, and that is told."""
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)

    async def work(service, loop):
        got = await service.optimize("m")
        await service.observe(got.id, 1.0)
        seen = await service.refreshed()
        assert "move it away" in seen.problem
        assert seen.studies[0].rewards == 1
        with pytest.raises(OutsideError):
            await service.forget(model="m")

    with_analytics(tmp_path, work)
