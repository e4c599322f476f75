"""A study worked out again from what is written down."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from engine.analytics.observation_book import StoredStudy
from engine.analytics.observation_rows import StudyNotes
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from engine.analytics.quantiles import Span
from engine.analytics.replaying import Beside, events_of, priors_of, records_of, replayed
from engine.analytics.request_context import FLAG, PLACES, RequestContext, vector
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.study import Study
from engine.analytics.study_policies import policy_makers
from tests.engine.analytics.stub_policy import StubPolicy

KEY = StudyKey("m", "chat")
USUAL = AnalyticsSettings()


def rows(count: int) -> tuple[Observation, ...]:
    return tuple(
        Observation(f"o{n}", KEY, float(n), {}, "free" if n % 2 else AS_CAME, over_s=float(n),
                    latency_ms=100.0, cost_usd=0.1, terms={"rated": n % 2},
                    counted_s=float(n) if n < count - 1 else None)
        for n in range(count)
    )  # fmt: skip


def again(stored: StoredStudy, settings: AnalyticsSettings = USUAL):
    return replayed(KEY, stored, settings, StubPolicy, Beside(3))


def test_everything_is_learnt_anew():
    """Choices, figures and rewards are counted as they were; what is waiting still waits."""
    study = again(StoredStudy(rows(11), {}, (), StudyNotes()))
    assert (study.choices, study.rewards, study.generation) == (11, 10, 3)
    assert study.policy.learnt == [(3 if n % 2 else 0, float(n % 2), None) for n in range(10)]
    assert study.tallies["free"].latency.count == 5
    assert study.quantiles.total().count == 11
    assert len(study.columns) == 11
    assert study.alarms.take() == []


def test_sums_of_what_is_read_no_more_stay():
    """Hours and counts that were written down go beyond the rows that are read."""
    stored = StoredStudy(rows(3), {"free": (1000, 900)}, (Span(0.0, count=1000),), StudyNotes())
    study = again(stored)
    assert (study.tallies["free"].pulls, study.tallies["free"].rewards) == (1000, 900)
    assert (study.choices, study.quantiles.total().count) == (1000, 1000)


def test_what_was_noted_counts():
    """Own arms are there, removed ones are not; one that went with an update does no harm."""
    notes = StudyNotes({"mine": {"temperature": 0.4}}, ("free", "long gone"), "it refuses")
    study = again(StoredStudy(rows(3), {}, (), notes))
    assert [each.name for each in study.live] == [AS_CAME, "precise", "balanced", "mine"]
    assert study.refused == "it refuses"


def test_weights_count_as_they_are_now():
    """A sign that weighs nothing now teaches nothing."""
    settings = replace(USUAL, rewards=replace(USUAL.rewards, rated_weight=0.0))
    study = again(StoredStudy(rows(5), {}, (), StudyNotes()), settings)
    assert (study.rewards, study.policy.learnt) == (0, [])


def test_what_is_known_is_told_in_order():
    """Nothing is told of an observation that is not known of it."""
    assert list(events_of(Observation("a", KEY, 1.0))) == ["chosen"]
    assert list(events_of(rows(2)[0])) == ["chosen", "over", "timed", "priced", "reward"]


def test_a_new_study_begins_with_what_others_know():
    """An arm that earned much with other models and tasks begins with a better prior."""
    study = again(StoredStudy(rows(41), {}, (), StudyNotes()))
    records = records_of([study])
    assert {each.arm for each in records} == {"free", AS_CAME}
    found = priors_of(StudyKey("n", "chat"), ["free", AS_CAME, "balanced"], records)
    assert found["free"][0] > found["free"][1]
    assert found[AS_CAME][0] < found[AS_CAME][1]
    assert found["balanced"] == (1.0, 1.0)
    own = priors_of(KEY, ["free"], records)
    assert own["free"] == (1.0, 1.0)


def contextual(count: int, *, others: tuple[Observation, ...] = ()) -> Study:
    """Return a study of requests with tools and without: with them "free" is good."""
    found = rows(2 * count)
    for number, each in enumerate(found):
        each.context = RequestContext({"tools": FLAG} if number % 4 < 2 else {})
        each.terms = {"rated": float(number % 4 < 2)}
    stored = StoredStudy(found, {}, (), StudyNotes())
    make = policy_makers(Random(1)).contextual
    return replayed(KEY, stored, replace(USUAL, method="context"), make, Beside(3, (), others))


def test_what_was_known_of_requests_is_learnt_anew():
    """Each reward is learnt at its own context, in whatever order rows came."""
    study = contextual(40)
    policy, free = study.contextual, study.number("free")
    assert policy is not None
    assert free is not None
    assert policy.predict(free, vector(RequestContext({"tools": FLAG}), "chat")).mean > 0.8
    assert policy.predict(free, vector(RequestContext(), "chat")).mean < 0.2
    assert policy.usual[PLACES["tools"]] == pytest.approx(FLAG / 2, abs=0.01)


def test_arms_of_other_types_of_task_are_known_by_their_values():
    """What they earned counts for the arm with the same values, and for none where none has."""
    key = StudyKey("m", "summary")
    usual = {"over_s": 1.0, "counted_s": 1.0, "terms": {"rated": 1.0}}
    lent = (
        Observation("a", key, 1.0, {"temperature": 1.0, "top_p": 1.0}, "their name", **usual),
        Observation("b", key, 1.0, {"temperature": 0.33}, "free", **usual),
        Observation("c", key, 1.0, {}, AS_CAME, **(usual | {"terms": {}})),
    )
    study = contextual(0, others=lent)
    assert study.contextual is not None
    assert study.contextual.borrowed == 1
    assert study.contextual.posterior(3).mean > 0.6
    assert (study.rewards, study.choices) == (0, 0)
    assert again(StoredStudy((), {}, (), StudyNotes())).contextual is None
