"""A run plays what would really happen, event by event."""

from __future__ import annotations

from statistics import fmean

import pytest

from engine.router.sim_policies import ByRule, SimEvent, Weights
from engine.router.sim_run import FIRST_TOKEN_TIMEOUT_S, REFUSAL_S, Fate, Oracle, Run, worth_of
from engine.router.sim_world import Mood, Scenario, World
from tests.engine.router.worlds import server, world

A, B = server("a"), server("b")
FIRST = ByRule(lambda _, seats: seats[0])


class Listening(ByRule):
    """Takes the first server, and keeps what it hears."""

    def __init__(self) -> None:
        super().__init__(lambda _, seats: seats[0])
        self.heard: list[tuple[str, str, float]] = []

    def note(self, event: SimEvent) -> None:
        self.heard.append((event.kind, event.seat.server.name, round(event.now_s, 3)))


def played(made: World) -> list[Fate]:
    """Return what becomes of everything that is sent to the first server that is left."""
    return Run(made, lambda _: FIRST).play()


def test_one_request_takes_what_it_takes() -> None:
    """Its first token comes after a second, the other ten take a tenth each."""
    (fate,) = played(world(A))
    assert (fate.first_s, fate.ended_s, fate.tries) == (1.0, 2.0, 1)


def test_requests_wait_their_turn() -> None:
    """A server with one slot serves one after the other; with two, two at once."""
    assert [fate.ended_s for fate in played(world(A, jobs=(0, 0, 0)))] == [2.0, 4.0, 6.0]
    two = server("two", slots=2)
    assert [fate.ended_s for fate in played(world(two, jobs=(0, 0, 0)))] == [2.0, 2.0, 4.0]
    waited = played(world(A, jobs=(0, 0.5)))[1]
    assert waited.first_s == 2.5


def test_a_refused_connection_moves_on() -> None:
    """Where the first server is down, the second answers a moment later."""
    (fate,) = played(world(A, B, spells={"a": [(Mood.DOWN, 0, 9)]}))
    assert fate.server is B
    assert fate.tries == 2
    assert fate.first_s == pytest.approx(1.0 + REFUSAL_S)


def test_a_server_that_hangs_costs_the_timeout() -> None:
    """Nothing comes until the wait for the first token ends; then another server answers."""
    (fate,) = played(world(A, B, spells={"a": [(Mood.HUNG, 0, 99)]}))
    assert fate.server is B
    assert fate.first_s == FIRST_TOKEN_TIMEOUT_S + 1.0


def test_the_next_in_line_is_served_once_somebody_gave_up() -> None:
    """A request that hung frees its place, and who waited behind it is answered."""
    fates = played(world(A, jobs=(0, 10), spells={"a": [(Mood.HUNG, 0, 5)]}))
    assert fates[0].ended_s is None
    assert fates[1].ended_s == FIRST_TOKEN_TIMEOUT_S + 2.0


def test_a_busy_answer_is_counted_and_moves_on() -> None:
    """429 is heard with the time to come back, and is no failure."""
    policy = Listening()
    made = world(A, B, spells={"a": [(Mood.BUSY, 0, 7)]})
    (fate,) = Run(made, lambda _: policy).play()
    assert fate.busy == 1
    assert policy.heard == [
        ("sent", "a", 0.0),
        ("busy", "a", 0.05),
        ("sent", "b", 0.05),
        ("began", "b", 1.05),
        ("ended", "b", 2.05),
    ]


def test_a_limit_a_minute_is_kept() -> None:
    """The third request within a minute is refused, and none is after that."""
    limited = server("limited", slots=9, per_minute=2)
    fates = played(world(limited, jobs=(0, 1, 2, 60.5)))
    assert [fate.is_answered for fate in fates] == [True, True, False, True]


def test_what_was_begun_cannot_be_moved() -> None:
    """Down before the first token: another server answers; after it the answer is lost."""
    early, late = (
        played(world(A, B, spells={"a": [(Mood.DOWN, at_s, 99)]}))[0] for at_s in (0.5, 1.5)
    )
    assert early.server is B
    assert early.first_s == 1.5
    assert (late.first_s, late.ended_s, late.tries) == (1.0, None, 1)


def test_those_who_wait_at_a_server_that_goes_down_move_on() -> None:
    """The queue of a server that goes down is answered by the other one."""
    fates = played(world(A, B, jobs=(0, 0, 0), spells={"a": [(Mood.DOWN, 1.5, 99)]}))
    assert [fate.is_answered for fate in fates] == [False, True, True]
    assert [fate.server for fate in fates] == [A, B, B]


def test_nobody_is_left_in_flight() -> None:
    """Whatever happens, every server is free at the end."""
    made = world(
        A, B, jobs=(0, 0, 1, 2, 3, 30), spells={"a": [(Mood.HUNG, 1, 20)], "b": [(Mood.DOWN, 2, 9)]}
    )
    run = Run(made, lambda _: FIRST)
    fates = run.play()
    assert all(desk.seat.in_flight == 0 for desk in run._desks.values())
    assert not any(desk.running or desk.queue for desk in run._desks.values())
    assert all(1 <= fate.tries <= 2 for fate in fates)


def test_the_oracle_foresees_exactly() -> None:
    """What it expects of a choice is what happens, whatever waits and goes down."""
    moods = {"a": [(Mood.DOWN, 5, 9)], "b": [(Mood.HUNG, 3, 20), (Mood.BUSY, 40, 50)]}
    made = world(A, B, jobs=(0, 0, 0, 1, 2, 4, 8, 12, 41, 42), spells=moods)
    foreseen: dict[int, float] = {}

    class Noting(Oracle):
        def choose(self, job, seats, now_s):  # type: ignore[no-untyped-def]
            found = super().choose(job, seats, now_s)
            end_s = run.foresee_s(found, job)
            if end_s is not None:
                foreseen[job.number] = end_s
            return found

    run = Run(made, lambda run: Noting(run, Weights()))
    fates = run.play()
    for number, end_s in foreseen.items():
        assert fates[number].ended_s == pytest.approx(end_s)
    assert len(foreseen) == 7  # of ten: the others had no good choice left


def test_the_worth_of_an_answer() -> None:
    """Quality, speed and price count as weighted; what was not answered is worth nothing."""
    paid = server("paid", quality=0.9, output_usd=1_000.0)
    made = world(paid)
    job = made.jobs[0]
    # Ten tokens at 1,000 USD a million cost a cent: worth half, as do 8 seconds.
    found = worth_of(paid, job, 8.0, Weights(quality=1, speed=1, price=2))
    assert found == pytest.approx((0.9 + 0.5 + 2 * 0.5) / 4)
    assert Fate(job).worth(Weights()) == 0.0


def test_waiting_agrees_with_queueing_theory() -> None:
    """One slot, Poisson arrivals: the mean wait is that of Pollaczek and Khinchine for M/G/1."""
    alone = server("alone", first_s=0.5, token_s=1e-9, spread=0.5)
    scenario = Scenario("queue", "", (alone,), rate_per_s=1.0, lasts_s=8_000.0)
    waits, services = [], []
    for seed in range(4):
        made = World(scenario, seed)
        for fate in played(made):
            own_s, _ = made.times_s(alone, fate.job, 0.0)
            services.append(own_s)
            waits.append((fate.first_s or 0.0) - own_s)
    mean_s, square = fmean(services), fmean(each**2 for each in services)
    expected_s = 1.0 * square / (2 * (1 - 1.0 * mean_s))
    assert fmean(waits) == pytest.approx(expected_s, rel=0.1)
