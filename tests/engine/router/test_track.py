"""What real requests show of each model."""

from __future__ import annotations

import pytest

from engine.exchange import Attempt, Reply, Usage
from engine.router.track import MOST_MODELS, Tracks


async def nothing():
    yield b""


def streamed(tokens, **fields):
    return Reply("a", "s", stream=nothing(), usage=Usage(5, tokens), **fields)


def attempt(**fields):
    times = {"began_s": 1.0, "ended_s": 3.5, "first_byte_s": 1.5, **fields}
    return Attempt("s", "a", outcome="answered", **times)


def noted(clock, reply, *attempts):
    tracks = Tracks(clock=clock, half_life_s=60.0)
    tracks.note_answer("a", reply, attempts)
    return tracks.of("a")


def test_speed_of_the_last_attempt(clock):
    """The speed is that of the try that answered, not of those before it."""
    track = noted(clock, streamed(11), attempt(began_s=0.0, first_byte_s=0.9), attempt())
    assert track.first_token_ms.value == pytest.approx(500.0)
    assert track.token_ms.value == pytest.approx(200.0)
    assert track.reliability == 1.0


def test_cache_is_not_measured(clock):
    """An answer from the cache says nothing of the model's speed."""
    track = noted(clock, streamed(11, cached="hit"), attempt())
    assert (track.first_token_ms.value, track.answered) == (None, 1)


def test_one_token_has_no_rate(clock):
    """From one token no rate can be told, and without a first byte nothing at all."""
    track = noted(clock, streamed(1), attempt())
    assert track.first_token_ms.value == pytest.approx(500.0)
    assert track.token_ms.value is None
    assert noted(clock, streamed(9), attempt(first_byte_s=None)).first_token_ms.value is None
    assert noted(clock, streamed(9)).first_token_ms.value is None


def test_reliability(clock):
    """Failures and streams that broke off lower the share that was answered."""
    tracks = Tracks(clock=clock, half_life_s=60.0)
    assert tracks.of("a").reliability is None
    tracks.note_answer("a", streamed(3), [attempt()])
    tracks.note_answer("a", streamed(3, problem="broke"), [attempt()])
    tracks.note_failure("a")
    tracks.note_failure("a")
    assert tracks.of("a").reliability == 0.25


def test_old_speeds_are_forgotten(clock):
    """A model that was slow once is not slow for ever: after some half-lives nothing is known."""
    tracks = Tracks(clock=clock, half_life_s=60.0)
    tracks.note_answer("a", streamed(11), [attempt()])
    clock.advance(240.0)
    tracks.fade()
    assert tracks.of("a").first_token_ms.value == pytest.approx(500.0)
    clock.advance(60.0)
    tracks.fade()
    assert tracks.of("a").first_token_ms.value is tracks.of("a").token_ms.value is None
    assert tracks.of("a").requests == 1
    tracks.note_answer("a", streamed(11), [attempt(first_byte_s=1.1)])
    assert tracks.of("a").first_token_ms.value == pytest.approx(100.0, rel=0.5)


def test_names_do_not_fill_the_memory(clock):
    """However many names are tried, a bounded number is remembered."""
    tracks = Tracks(clock=clock, half_life_s=60.0)
    for number in range(3 * MOST_MODELS):
        tracks.note_failure(f"m{number}")
    assert len(tracks._tracks) <= MOST_MODELS


def test_an_estimate_is_no_speed(clock):
    """Who left early did so at any time: nothing is learnt of the time for a token."""
    reply = streamed(0)
    reply.usage = Usage(5, 11, is_estimated=True)
    track = noted(clock, reply, attempt())
    assert (track.first_token_ms.value, track.token_ms.value) == (pytest.approx(500.0), None)
