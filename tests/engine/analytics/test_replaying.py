"""A study worked out again from what is written down."""

from __future__ import annotations

from dataclasses import replace

from engine.analytics.observation_book import StoredStudy
from engine.analytics.observation_rows import StudyNotes
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from engine.analytics.quantiles import Span
from engine.analytics.replaying import Beside, events_of, priors_of, records_of, replayed
from engine.analytics.settings import AnalyticsSettings
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
