"""Servers are judged by probes, by real traffic, and by what other hosts say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange import Attempt
from engine.router.health import UNKNOWN_HEALTH, Health
from tests.conftest import FakeClock


def attempt(outcome):
    return Attempt("a", "m", 0.0, 1.0, outcome)


def test_nothing_known(clock):
    """A server nobody has asked has no score, and counts as usual."""
    found = Health(clock=clock, half_life_s=60.0).of("a")
    assert found.score is None
    assert found.value == UNKNOWN_HEALTH


def test_failures_and_answers(clock):
    """Failures lower the health, answers raise it, and both fade."""
    health = Health(clock=clock, half_life_s=60.0)
    for _ in range(4):
        health.note_attempt(attempt("failed"))
    low = health.of("a").value
    assert health.of("a").score == 0.0
    assert low == pytest.approx(UNKNOWN_HEALTH / 5)
    clock.advance(120)
    health.note_attempt(attempt("answered"))
    assert health.of("a").score == pytest.approx(0.5)
    assert health.of("a").value > low


@pytest.mark.parametrize("outcome", ["busy", "abandoned"])
def test_busy_is_not_ill(clock, outcome):
    """A server that is busy, or whose client went away, is not judged by it."""
    health = Health(clock=clock, half_life_s=60.0)
    health.note_attempt(attempt(outcome))
    assert health.of("a").score is None


def test_refusing_a_wrong_request_is_healthy(clock):
    """A server that says that a request is wrong lives."""
    health = Health(clock=clock, half_life_s=60.0)
    health.note_attempt(attempt("rejected"))
    assert health.of("a").score == 1.0


def test_silent_servers(clock):
    """Silent are those without traffic for so long; probes are no traffic."""
    health = Health(clock=clock, half_life_s=60.0)
    health.note_attempt(attempt("answered"))
    health.note_probe("b", True)
    assert health.silent(20.0) == {"b"}
    clock.advance(30)
    assert health.silent(20.0) == {"a", "b"}


def test_own_eyes_decide(clock):
    """Many other hosts that say that a server is dead do not outweigh twenty answers of it here."""
    health = Health(clock=clock, half_life_s=60.0)
    for _ in range(20):
        health.note_attempt(attempt("answered"))
    for number in range(50):
        health.note_others("a", f"host-{number}", 0.0, 100.0)
    assert health.of("a").score > 0.8
    assert health.views()[0].by_others == 0.0
    health.forget_others()
    assert health.of("a").score == 1.0


def test_others_help_where_nothing_is_known(clock):
    """Where nobody here has asked yet, what others saw counts."""
    health = Health(clock=clock, half_life_s=60.0)
    health.note_others("a", "host", 0.0, 10.0)
    assert health.of("a").value < UNKNOWN_HEALTH / 2


def test_others_fade(clock):
    """What a host said that has fallen silent is forgotten."""
    health = Health(clock=clock, half_life_s=60.0)
    health.note_others("a", "host", 0.0, 1.0)
    clock.advance(600)
    health.judge_all()
    assert health.of("a").score is None
    assert not health.of("a").by_others


def test_removed_servers_are_forgotten(clock):
    """Only servers that exist take room."""
    health = Health(clock=clock, half_life_s=60.0)
    health.of("a")
    health.of("b")
    health.keep_only(["b"])
    assert [view.endpoint for view in health.views()] == ["b"]


def test_history(clock):
    """The score is drawn over time."""
    health = Health(clock=clock, half_life_s=60.0)
    health.note_probe("a", True)
    health.judge_all()
    clock.advance(20)
    health.note_probe("a", False)
    health.judge_all()
    scores = health.views()[0].history.latest()[:, 1]
    assert scores[0] == 1.0
    assert 0.3 < scores[1] < 0.5


OUTCOMES = st.sampled_from(["answered", "failed", "busy", "rejected", "probe", "dead", "others"])


@given(st.lists(st.tuples(OUTCOMES, st.floats(0, 300)), max_size=40))
def test_scores_stay_within_bounds(events):
    """Whatever happens, a score is from 0 to 1 or not known, and a value always from 0 to 1."""
    clock = FakeClock()
    health = Health(clock=clock, half_life_s=60.0)
    for what, later_s in events:
        clock.advance(later_s)
        if what in ("probe", "dead"):
            health.note_probe("a", what == "probe")
        elif what == "others":
            health.note_others("a", "host", 1.0, 2.0)
        else:
            health.note_attempt(attempt(what))
        found = health.of("a")
        assert found.score is None or 0.0 <= found.score <= 1.0
        assert 0.0 <= found.value <= 1.0
