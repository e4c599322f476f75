"""Parameters by what is known of the request, from the request to the restart."""

from __future__ import annotations

import asyncio
import sqlite3
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analytics import request_context
from engine.analytics.observation_book import FILE
from engine.analytics.observation_rows import COLUMNS, MIGRATIONS
from engine.analytics.observations import StudyKey
from engine.analytics.request_context import FEATURES, FLAG, VERSION, RequestContext, vector
from engine.analytics.rewards import Signs
from engine.analytics.settings import AnalyticsSettings
from tests.engine.analytics.opened import advised, reply, request, with_analytics

KEY = StudyKey("m", "chat")
TOOLS = [{"type": "function", "function": {"name": "look_up"}}]
ARMS = 4


async def ask(service, number, *, tools):
    """Return the advice for a request of its own, with tools or without."""
    fields = {"tools": TOOLS} if tools else {}
    return await advised(service, request(of_request={"id": f"req-{number}"}, **fields))


async def rate(service, count, random, *, first=0):
    """Let `count` answers be rated: with tools "free" is liked, without "precise"."""
    for number in range(first, first + count):
        tools = number % 2 == 1
        advice = await ask(service, number, tools=tools)
        advice.over(reply(), "")
        good = 0.9 if advice.found.arm == ("free" if tools else "precise") else 0.2
        thumbs = "up" if random.random() < good else "down"
        await service.feedback(Signs(thumbs=thumbs), request_id=f"req-{number}")


def believed(service, *, tools, key=KEY):
    """Return what each arm should earn with a request of this kind."""
    study = service._parts.studies.loaded(key)
    asked = request(**({"tools": TOOLS} if tools else {}))
    at = vector(request_context.context_of(asked.body, is_again=False), key.task_type)
    return [study.contextual.predict(arm, at).mean for arm in range(ARMS)]


def test_each_kind_of_request_gets_its_parameters(tmp_path):
    """With tools one arm is learnt, without another; why says so, and a restart keeps all."""

    async def learn(service, loop):
        await rate(service, 240, Random(1))
        for tools, arm in ((True, "free"), (False, "precise")):
            found = [await ask(service, 1000 + n, tools=tools) for n in range(40)]
            mine = [each.found for each in found if each.found.arm == arm]
            assert len(mine) >= 28
            assert mine[0].choice.propensity > 0.5
            assert ("tools (+0." if tools else "no tools (+0.") in mine[0].why[1]
            assert mine[0].predicted.mean == pytest.approx(0.85, abs=0.15)
            assert all(each.found.context.is_usable for each in found)
        waiting = found[0].found.id
        await asyncio.sleep(1)
        seen = (await service.refreshed()).studies[0]
        assert "tools in 50%" in seen.usual_request
        assert not seen.is_decided
        return waiting, [believed(service, tools=tools) for tools in (True, False)]

    async def look(service, loop):
        await service.best("m", "chat")
        again = [believed(service, tools=tools) for tools in (True, False)]
        assert again == [pytest.approx(each, abs=1e-9) for each in before]
        assert (await service.observe(waiting, thumbs="up")).state == "noted"

    waiting, before = with_analytics(tmp_path, learn, method="context")
    with_analytics(tmp_path, look, seed=2, method="context")
    rows = sqlite3.connect(tmp_path / FILE)
    found = rows.execute("SELECT context, propensity FROM observations").fetchall()
    rows.close()
    assert all(text.startswith('{"v":1,"x":{') for text, _ in found)
    assert all(0 < propensity <= 1 for _, propensity in found)


def test_a_method_begins_with_what_the_others_have_seen(tmp_path):
    """Contexts are kept whatever the method; changing it works studies out anew, both ways."""

    async def work(service, loop):
        await rate(service, 160, Random(2))
        assert service._parts.studies.loaded(KEY).contextual is None
        await service.change_settings(AnalyticsSettings(mode="automatic", method="context"))
        await service.refreshed()
        study = service._parts.studies.loaded(KEY)
        assert study.rewards == 160
        tools, plain = (believed(service, tools=each) for each in (True, False))
        assert tools[3] > plain[3] + 0.1
        compared = await service.compare("free", "precise", model="m")
        assert compared.off_policy_a.observations == 160
        await service.change_settings(AnalyticsSettings(mode="automatic"))
        await service.refreshed()
        assert service._parts.studies.loaded(KEY).contextual is None

    with_analytics(tmp_path, work)


def test_rows_of_the_first_schema_are_a_start(tmp_path):
    """What a version without contexts has learnt is known, and a few known requests overrule it."""

    async def older(service, loop):
        for _ in range(60):
            got = await service.optimize("m")
            await service.observe(got.id, 0.9 if got.arm == "free" else 0.2)

    with_analytics(tmp_path, older)
    _to_first_schema(tmp_path / FILE)

    async def newer(service, loop):
        best = await service.best("m")
        assert (best.arm, best.is_decided) == ("free", False)
        means = believed(service, tools=False)
        assert max(range(ARMS), key=means.__getitem__) == 3
        for number in range(80):
            advice = await ask(service, number, tools=False)
            advice.over(reply(), "")
            reward = 0.1 if advice.found.arm == "free" else 0.8
            await service.feedback(Signs(reward=reward), request_id=f"req-{number}")
        means = believed(service, tools=False)
        assert means[3] < max(means[:3])

    with_analytics(tmp_path, newer, seed=2, method="context")


def test_features_of_another_version_are_no_harm(tmp_path, monkeypatch):
    """An update with other features counts old answers as unknown requests, and loses none."""

    async def learn(service, loop):
        await rate(service, 100, Random(3))

    async def look(service, loop):
        await service.best("m")
        study = service._parts.studies.loaded(KEY)
        assert study.rewards == 100
        names = request_context.NAMES
        unknown = study.contextual.usual[names.index("unknown")]
        assert unknown == pytest.approx(request_context.APART)
        assert study.contextual.usual[names.index("tools")] == 0.0
        await rate(service, 10, Random(4), first=500)
        assert study.rewards == 110

    async def back(service, loop):
        await service.best("m")
        usual = service._parts.studies.loaded(KEY).contextual.usual
        assert usual[request_context.PLACES["tools"]] == pytest.approx(FLAG * 50 / 110)

    with_analytics(tmp_path, learn, method="context")
    with monkeypatch.context() as other:
        other.setattr(request_context, "VERSION", VERSION + 1)
        init = RequestContext.__init__
        other.setattr(
            RequestContext, "__init__", lambda self, values, version=VERSION + 1: init(
                self, values, version
            )
        )  # fmt: skip
        with_analytics(tmp_path, look, seed=2, method="context")
    with_analytics(tmp_path, back, method="context")


def test_a_reward_that_was_changed_is_learnt_at_its_context(tmp_path):
    """A second rating replaces the first where the request was, and nowhere else."""

    async def work(service, loop):
        for number in range(20):
            advice = await ask(service, number, tools=True)
            advice.over(reply(), "")
            await service.feedback(Signs(reward=1.0), request_id=f"req-{number}")
        before = believed(service, tools=True)
        for number in range(20):
            await service.feedback(Signs(reward=0.0), request_id=f"req-{number}")
        await service.refreshed()
        after = believed(service, tools=True)
        tried = max(range(ARMS), key=before.__getitem__)
        assert (before[tried] > 0.7, after[tried] < 0.4) == (True, True)

    with_analytics(tmp_path, work, method="context")


def test_a_question_asked_again_is_known_to_be(tmp_path):
    """That the same was asked before is a feature of the second request, not of the first."""

    async def work(service, loop):
        asked = request(of_request={"session": "s"})
        first = await advised(service, asked)
        first.over(reply(), "")
        second = await advised(service, asked)
        assert ("again" in first.found.context.values, second.found.context.values["again"]) == (
            False,
            FLAG,
        )

    with_analytics(tmp_path, work, method="context")


def test_limits_and_own_parameters_hold_by_the_request_too(tmp_path):
    """Nothing is filled in beside what a client sets; bounds leave arms out; arms come and go."""

    async def work(service, loop):
        own = await advised(service, request(temperature=0.2, top_p=0.9))
        assert (own.found.arm, own.found.is_applied) == ("precise", False)
        got = await service.optimize("m", "chat", {"temperature": (0.9, 1.1)})
        assert (got.arm, got.propensity) == ("free", 1.0)
        assert any("nothing is known of the request" in each for each in got.evidence)
        await service.observe(got.id, 1.0)
        await service.add_arm("mine", {"temperature": 0.4}, model="m")
        await service.remove_arm("free", model="m")
        assert "mine" in {(await service.optimize("m")).arm for _ in range(60)}

    with_analytics(tmp_path, work, method="context")


CONTEXT = (
    st.text(max_size=20)
    | st.binary(max_size=5)
    | st.integers(0, 9)
    | st.builds(
        lambda version, values: f'{{"v":{version},"x":{{{values}}}}}',
        st.integers(-1, 3),
        st.lists(
            st.builds(
                lambda name, value: f'"{name}":{value}',
                st.sampled_from((*FEATURES, "colour")),
                st.sampled_from(("0.5", "-1", "NaN", "1e999", "1e308", "null", '"a"', "[]")),
            ),
            max_size=3,
        ).map(",".join),
    )
)


@settings(max_examples=25)
@given(st.lists(CONTEXT, min_size=1, max_size=8))
def test_whatever_stands_in_the_file_the_rest_is_learnt(tmp_path_factory, contexts):
    """Damaged contexts neither stop a study nor bend it beyond the rewards that were given."""
    folder = tmp_path_factory.mktemp("damaged")

    async def learn(service, loop):
        for _ in contexts:
            got = await service.optimize("m")
            await service.observe(got.id, 1.0)

    async def look(service, loop):
        best = await service.best("m")
        assert best.reward is not None
        study = service._parts.studies.loaded(KEY)
        assert study.rewards == len(contexts)
        assert all(0.4 < mean < 1.3 for mean in believed(service, tools=False))
        assert (await service.optimize("m")).propensity > 0
        assert (await service.refreshed()).problem is None

    with_analytics(folder, learn, method="context")
    rows = sqlite3.connect(folder / FILE)
    with rows:
        numbers = [row[0] for row in rows.execute("SELECT number FROM observations")]
        pairs = zip(contexts, numbers, strict=True)
        rows.executemany("UPDATE observations SET context = ? WHERE number = ?", pairs)
    rows.close()
    with_analytics(folder, look, seed=2, method="context")


def _to_first_schema(path):
    """Leave in the database at `path` what a version without contexts would have written."""
    rows = sqlite3.connect(path)
    columns = ", ".join(name for name in COLUMNS if name != "context")
    kept = rows.execute(f"SELECT {columns} FROM observations").fetchall()
    notes = rows.execute("SELECT * FROM studies").fetchall()
    for table in ("observations", "studies", "spans", "alarms", "forgets"):
        rows.execute(f"DROP TABLE {table}")
    rows.executescript(f"BEGIN; {MIGRATIONS[0]}; PRAGMA user_version = 1; COMMIT;")
    with rows:
        marks = ", ".join("?" * (len(COLUMNS) - 1))
        rows.executemany(f"INSERT INTO observations ({columns}) VALUES ({marks})", kept)
        rows.executemany("INSERT INTO studies VALUES (?, ?, ?, ?)", notes)
    rows.close()
