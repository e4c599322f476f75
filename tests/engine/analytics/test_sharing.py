"""What hosts tell each other of observations."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.observations import Observation, StudyKey
from engine.analytics.request_context import VERSION, RequestContext, vector
from engine.analytics.sharing import message_of, observation_in
from tests.engine.analytics.opened import analytics, with_analytics

NOW_S = 1e9
GOOD = {
    "v": 1, "id": "sug_9", "model": "m", "task_type": "chat", "made_s": 1.0, "arm": "free",
    "values": {"temperature": 1.0}, "terms": {"rated": 1.0}, "latency_ms": 10.0, "over_s": 2.0,
    "host": "there",
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@dataclass
class Hosts:
    """Services that hear each other."""

    members: list[Member] = field(default_factory=list)


@dataclass
class Member:
    """An `ObservationChannel`: what one publishes, the others hear."""

    hosts: Hosts
    hear: object = None

    def publish(self, message):
        for each in self.hosts.members:
            if each is not self and each.hear is not None:
                each.hear(msgspec.msgpack.decode(msgspec.msgpack.encode(message)))

    def listen(self, hear):
        self.hear = hear
        self.hosts.members.append(self)

    async def aclose(self):
        self.hear = None


def test_a_message_gives_the_observation_back():
    """What is told is what was observed, and nothing of what was asked."""
    found = Observation(
        "a", StudyKey("m", "chat"), 1.0, {"temperature": 0.2}, "precise", "req-1", client="me",
        terms={"rated": 1.0}, latency_ms=5.0, over_s=2.0, context=RequestContext({"tools": 0.5}),
    )  # fmt: skip
    told = message_of(found, "here")
    assert "req-1" not in str(told)
    again = observation_in(told, NOW_S)
    assert again is not None
    assert (again.id, again.key, again.values, again.origin) == (
        "a",
        found.key,
        found.values,
        "here",
    )
    assert (again.terms, again.latency_ms, again.over_s) == (found.terms, 5.0, 2.0)
    assert again.context == found.context


@pytest.mark.parametrize(
    "context",
    [None, 5, "x", [1.0, 2.0], {"v": 1}, {"v": VERSION, "x": {"length": float("nan")}},
     {"v": VERSION, "x": {"length": 9.0}}, {"v": VERSION, "x": {"colour": 1.0}}],
)  # fmt: skip
def test_an_odd_context_does_not_take_its_observation_with_it(context):
    """What another host observed counts, as an answer to a request of which nothing is known."""
    found = observation_in(GOOD | {"context": context}, NOW_S)
    assert found is not None
    assert (found.context, found.terms) == (None, {"rated": 1.0})


def test_another_versions_features_are_told_on():
    """They are kept for a version that knows them; the answer counts."""
    told = {"v": VERSION + 1, "x": {"mood": 3.0}}
    found = observation_in(GOOD | {"context": told}, NOW_S)
    assert found is not None
    assert message_of(found, "here")["context"] == told


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"id": ""}, {"model": ""}, {"model": "m" * 301}, {"made_s": float("nan")},
        {"made_s": NOW_S + 1e6}, {"made_s": -1.0}, {"over_s": float("inf")},
        {"latency_ms": -5.0}, {"latency_ms": float("nan")}, {"terms": {"rated": 7.0}},
        {"terms": {"rated": float("nan")}}, {"values": {str(n): 1.0 for n in range(33)}},
        {"tokens": 2**63}, {"tokens": -1},
        {"values": {"a": [1]}}, {"id": 5}, {"values": {"a": float("nan")}},
    ],
)  # fmt: skip
def test_what_is_odd_is_not_learnt(change):
    """Other versions, wrong clocks and figures that cannot be are left out."""
    assert observation_in(GOOD, NOW_S) is not None
    assert observation_in(GOOD | change, NOW_S) is None


@given(st.dictionaries(st.sampled_from(sorted(GOOD)) | st.text(), JSON))
def test_whatever_is_heard(message):
    """Anything at all is an observation or left out."""
    observation_in(message, NOW_S)
    observation_in(GOOD | message, NOW_S)


def test_hosts_learn_from_each_other(tmp_path):
    """What one is told the other knows too, once; a change of mind is heard as well."""
    hosts = Hosts()

    async def there(service, loop):
        async def here(other, _):
            got = await service.optimize("m")
            await service.observe(got.id, 1.0, latency_ms=50.0)
            await asyncio.sleep(1)
            seen = (await other.refreshed()).studies[0]
            assert (seen.rewards, list(seen.columns.reward)) == (1, [1.0])
            assert (await other.refreshed()).counts["heard"] == 1
            await service.observe(got.id, 0.0)
            await asyncio.sleep(1)
            assert list((await other.refreshed()).studies[0].columns.reward) == [0.0]
            hosts.members[0].publish({"id": "nonsense"})
            hosts.members[0].publish(GOOD)
            hosts.members[0].publish(GOOD)
            await asyncio.sleep(1)
            seen = await other.refreshed()
            assert (seen.counts["heard"], seen.counts["rejected"]) == (2, 1)
            assert seen.studies[0].rewards == 2
            assert (await service.refreshed()).studies[0].rewards == 1

        async with analytics(tmp_path / "here", loop, seed=2, channel=Member(hosts)) as other:
            await here(other, loop)

    with_analytics(tmp_path / "there", there, channel=Member(hosts), host="there")


def test_nobody_else_changes_an_own_observation(tmp_path):
    """What another host tells of an answer of this one is left out, however often it is told."""
    hosts = Hosts()

    async def work(service, loop):
        got = await service.optimize("m")
        await service.observe(got.id, 1.0)
        other = Member(hosts)
        other.listen(lambda message: None)
        for rated in (1.0, 0.5, 0.0):
            other.publish(GOOD | {"id": got.id, "terms": {"rated": rated}})
        await asyncio.sleep(1)
        assert list((await service.refreshed()).studies[0].columns.reward) == [1.0]
        assert (await service.observe(got.id, 1.0)).state == "repeated"

    with_analytics(tmp_path, work, channel=Member(hosts))


def test_sharing_can_be_switched_off(tmp_path):
    """Who does not share neither tells nor hears."""
    hosts = Hosts()

    async def work(service, loop):
        hosts.members[0].hear(GOOD)
        await asyncio.sleep(1)
        seen = await service.refreshed()
        assert (seen.studies, seen.counts.get("heard")) == ((), None)

    with_analytics(tmp_path, work, channel=Member(hosts), share=False)


def test_hosts_learn_contexts_from_each_other(tmp_path):
    """What suits a request is learnt from what another host saw of such requests."""
    hosts = Hosts()
    tooled = {"v": VERSION, "x": {"tools": 0.5}}

    async def work(service, loop):
        there = Member(hosts)
        there.listen(lambda message: None)
        for number in range(40):
            is_good = number % 2 == 0
            there.publish(GOOD | {"id": f"sug_{number}", "context": tooled if is_good else None,
                                  "terms": {"rated": float(is_good)}})  # fmt: skip
        await asyncio.sleep(1)
        study = service._parts.studies.loaded(StudyKey("m", "chat"))
        at, free = RequestContext({"tools": 0.5}), study.number("free")
        assert study.contextual.predict(free, vector(at, "chat")).mean > 0.8
        assert study.contextual.predict(free, vector(None, "chat")).mean < 0.3

    with_analytics(tmp_path, work, channel=Member(hosts), method="context")
