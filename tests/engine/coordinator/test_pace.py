"""Moving averages of what answers take."""

from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.pace import (
    HEAD_TOKENS,
    IDLE_TAU_S,
    KEPT,
    LEAST_KEPT,
    TAU_S,
    Pace,
    PeakEwma,
)


def test_a_peak_counts_at_once():
    """A value above the average replaces it."""
    tested = PeakEwma()
    assert tested.value is None
    tested.note(1.0, 0.0)
    tested.note(5.0, 0.1)
    assert tested.value == 5.0


def test_a_lower_value_pulls_as_finagle_says():
    """After tau a lower value has pulled the average by 1 - 1/e of the distance."""
    tested = PeakEwma()
    tested.note(5.0, 0.0)
    tested.note(1.0, TAU_S)
    assert tested.value == pytest.approx(5 * exp(-1) + 1 * (1 - exp(-1)))


def test_what_is_not_renewed_fades():
    """A server that was slow is tried again one day: its average falls while nobody asks it."""
    tested = PeakEwma()
    assert tested.faded(0.0) is None
    tested.note(6.0, 0.0)
    assert tested.faded(IDLE_TAU_S) == pytest.approx(6 * exp(-1))
    assert tested.value == 6.0


@given(st.lists(st.tuples(st.floats(0.001, 100), st.floats(0, 60)), min_size=1, max_size=50))
def test_an_average_lies_among_its_values(steps: list[tuple[float, float]]):
    """It is never below the least nor above the greatest, nor below the newest value."""
    tested, now_s = PeakEwma(), 0.0
    for value, pause_s in steps:
        now_s += pause_s
        tested.note(value, now_s)
        assert tested.value is not None
        assert tested.value >= value - 1e-9
    values = [value for value, _ in steps]
    assert min(values) - 1e-9 <= tested.value <= max(values) + 1e-9


def test_an_answer_takes_its_first_token_and_the_others():
    """What is expected is the first token plus as many others as are wanted."""
    tested = Pace()
    assert tested.expected_s(100, 0.0) is None
    tested.note_first(0.5, 0.0)
    assert tested.expected_s(100, 0.0) == 0.5
    tested.note_token(0.01, 0.0)
    assert tested.expected_s(100, 0.0) == pytest.approx(1.5)


def test_a_whole_answer_is_split_as_streams_were():
    """An answer that took twice what streams let expect doubles both times."""
    tested = Pace()
    tested.note_first(1.0, 0.0)
    tested.note_token(0.1, 0.0)
    tested.note_whole(4.0, 10, 0.0)
    assert (tested.first.value, tested.token.value) == pytest.approx((2.0, 0.2))


def test_a_whole_answer_before_any_stream_is_split_by_rule():
    """The first token then counts as much as ten others; without tokens it is all there is."""
    tested = Pace()
    tested.note_whole(3.0, 20, 0.0)
    assert tested.token.value == pytest.approx(3 / (HEAD_TOKENS + 20))
    assert tested.expected_s(20, 0.0) == pytest.approx(3.0)
    embedding = Pace()
    embedding.note_whole(0.2, 0, 0.0)
    assert (embedding.first.value, embedding.token.value) == (0.2, None)


def test_a_clock_that_stood_still_does_no_harm():
    """An answer in no time at all is no division by zero."""
    tested = Pace()
    tested.note_whole(0.0, 5, 0.0)
    tested.note_whole(1.0, 5, 0.0)
    assert tested.expected_s(5, 0.0) == pytest.approx(1.0)


def test_the_p95_needs_enough_answers():
    """Nothing is said of the slowest twentieth before twenty are known."""
    tested = Pace()
    for number in range(LEAST_KEPT - 1):
        tested.note_first(float(number), 0.0)
    assert tested.p95_s() is None
    tested.note_first(19.0, 0.0)
    assert tested.p95_s() == 18.0  # the 19th of 0 to 19


@given(st.lists(st.floats(0.001, 10), min_size=LEAST_KEPT, max_size=300))
def test_at_most_a_twentieth_is_slower_than_the_p95(seconds: list[float]):
    """Of the answers it looks back on, one in twenty at most was slower."""
    tested = Pace()
    for each in seconds:
        tested.note_first(each, 0.0)
    p95_s, recent = tested.p95_s(), seconds[-KEPT:]
    assert p95_s is not None
    assert sum(each > p95_s for each in recent) <= len(recent) / 20


@given(st.floats(0.01, 10), st.floats(0.001, 1), st.integers(1, 500))
def test_tokens_so_far_follow_the_pace(first_s: float, token_s: float, tokens: int):
    """After the time that so many tokens should take there are that many, and one fewer before."""
    pace = Pace()
    assert pace.tokens_in(1e9) == 0
    pace.note_first(first_s, 0)
    pace.note_token(token_s, 0)
    seconds = first_s + (tokens - 0.5) * token_s
    assert pace.tokens_in(seconds) == tokens
    assert pace.tokens_in(first_s * 0.9) == 0
