"""Who gets the next request."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.affinity import Affinity
from engine.coordinator.balancer import CLEARLY, MOST_COMPARED, Balancer, load
from engine.coordinator.link import Seat
from engine.exchange import LlmRequest
from tests.conftest import FakeClock
from tests.engine.coordinator.seats import seat

REQUEST = LlmRequest("fake", {})


def shares(
    seats: list[Seat], clock: FakeClock, draws: int = 3000, seed: int = 1
) -> dict[str, float]:
    """Return the share that each server gets of requests that change nothing."""
    tested = Balancer(random=Random(seed), affinity=Affinity())
    found = Counter(tested.choose(seats, REQUEST, 100, clock.now()).link.name for _ in range(draws))
    return {name: count / draws for name, count in found.items()}


def test_the_faster_of_two_gets_it(clock: FakeClock):
    """With two servers both are looked at, and the slower one gets nothing."""
    assert shares([seat(clock, "a", first_s=1), seat(clock, "b", first_s=0.2)], clock) == {"b": 1}


@pytest.mark.parametrize("count", [3, MOST_COMPARED])
def test_of_a_few_the_fastest_gets_it(clock: FakeClock, count: int):
    """All are compared: two drawn by chance would often leave the fastest out."""
    slower = [seat(clock, str(number), first_s=1 + number) for number in range(count - 1)]
    assert shares([*slower, seat(clock, "fast", first_s=0.1)], clock, 300) == {"fast": 1}


def test_of_many_the_better_of_two_gets_it(clock: FakeClock):
    """Beyond the few the fastest is asked as often as it is drawn, and the slowest never."""
    usual = [seat(clock, str(number), first_s=1) for number in range(MOST_COMPARED - 1)]
    many = [*usual, seat(clock, "fast", first_s=0.1), seat(clock, "slow", first_s=9)]
    found = shares(many, clock)
    assert found["fast"] == pytest.approx(2 / len(many), abs=0.03)
    assert "slow" not in found
    assert len(found) == len(many) - 1


@pytest.mark.parametrize("count", [2, 5, MOST_COMPARED, MOST_COMPARED + 4])
@pytest.mark.parametrize("first_s", [None, 0.3])
def test_those_who_are_alike_share_alike(clock: FakeClock, count: int, first_s: float | None):
    """Equally fast ones, and those of whom nothing is known, are all asked: nobody is overrun."""
    found = shares([seat(clock, str(n), first_s=first_s) for n in range(count)], clock)
    assert len(found) == count
    assert min(found.values()) > 0.7 / count


@pytest.mark.parametrize("first_s", [None, 0.3])
def test_many_at_once_are_spread(clock: FakeClock, first_s: float | None):
    """Requests that stay go round: no server has two more than another that is no slower."""
    seats = [seat(clock, str(number), first_s=first_s, slots=1) for number in range(5)]
    tested = Balancer(random=Random(2), affinity=Affinity())
    for _ in range(23):
        tested.choose(seats, REQUEST, 100, clock.now()).link.in_flight += 1
    under_way = [each.link.in_flight for each in seats]
    assert max(under_way) - min(under_way) <= 1


@pytest.mark.parametrize("weights", [(1, 2), (1, 1, 2), (3, 1, 1, 1)])
def test_weights_count_where_servers_are_as_fast(clock: FakeClock, weights: tuple[int, ...]):
    """Twice the weight gets twice the requests."""
    seats = [
        seat(clock, str(number), first_s=0.5, weight=float(weight))
        for number, weight in enumerate(weights)
    ]
    found = shares(seats, clock)
    for number, weight in enumerate(weights):
        assert found[str(number)] == pytest.approx(weight / sum(weights), abs=0.03)


def test_weight_zero_is_a_last_resort(clock: FakeClock):
    """It gets nothing while there is another, and all where there is none."""
    idle, spare = seat(clock, "a", first_s=9, busy=3), seat(clock, "b", weight=0.0)
    assert shares([idle, spare], clock) == {"a": 1}
    assert shares([spare, seat(clock, "c", weight=0.0)], clock).keys() == {"b", "c"}


def test_a_new_server_is_tried_but_not_by_everybody(clock: FakeClock):
    """One request goes there; until it is answered the others go where it is known."""
    known, new = seat(clock, "known", first_s=1), seat(clock, "new")
    assert "new" in shares([known, new], clock)
    new.link.in_flight = 1
    assert shares([known, new], clock) == {"known": 1}


def test_a_server_with_more_to_do_takes_longer(clock: FakeClock):
    """What is under way counts by how much the server works on at once."""
    idle = load(seat(clock, first_s=1), 100, clock.now())
    busy = load(seat(clock, first_s=1, busy=4, slots=4), 100, clock.now())
    wide = load(seat(clock, first_s=1, busy=4, slots=8), 100, clock.now())
    assert (idle, busy, wide) == pytest.approx((1, 2, 1.5))


def test_under_load_two_servers_share_by_their_pace(clock: FakeClock):
    """Requests that stay are spread so that both take as long."""
    seats = [seat(clock, "fast", first_s=0.5), seat(clock, "slow", first_s=1.0)]
    tested = Balancer(random=Random(3), affinity=Affinity())
    for _ in range(60):
        tested.choose(seats, REQUEST, 100, clock.now()).link.in_flight += 1
    loads = [load(each, 100, clock.now()) for each in seats]
    assert loads[0] == pytest.approx(loads[1], rel=0.2)
    assert seats[0].link.in_flight > seats[1].link.in_flight


SEATS = st.lists(
    st.fixed_dictionaries(
        {
            "first_s": st.none() | st.floats(0, 100),
            "busy": st.integers(0, 50),
            "weight": st.floats(0, 10),
            "slots": st.integers(1, 64),
            "is_local": st.booleans(),
        }
    ),
    min_size=1,
    max_size=MOST_COMPARED + 3,
)


@given(SEATS, st.integers(0, 100))
def test_somebody_always_gets_it(described: list[dict[str, Any]], seed: int):
    """Whatever is known of servers, one of them is chosen; weight 0 only among its like."""
    clock = FakeClock()
    seats = [seat(clock, str(number), **each) for number, each in enumerate(described)]
    chosen = Balancer(random=Random(seed), affinity=Affinity()).choose(
        seats, LlmRequest("fake", {"messages": [{"role": "user", "content": "x"}]}), 10, clock.now()
    )
    assert chosen in seats
    if chosen.link.endpoint.weight == 0 and len(seats) > 1:
        assert all(each.link.endpoint.weight == 0 for each in seats)


@given(SEATS, st.integers(0, 100))
def test_of_a_few_nobody_is_clearly_better(described: list[dict[str, Any]], seed: int):
    """Who is chosen is expected to take at most a tenth longer than any that counts."""
    clock = FakeClock()
    seats = [
        seat(clock, str(number), **each) for number, each in enumerate(described[:MOST_COMPARED])
    ]
    chosen = Balancer(random=Random(seed), affinity=Affinity()).choose(
        seats, REQUEST, 10, clock.now()
    )
    weighty = [each for each in seats if each.link.endpoint.weight > 0] or seats
    fastest = min(load(each, 10, clock.now()) for each in weighty)
    assert CLEARLY * load(chosen, 10, clock.now()) <= fastest * (1 + 1e-9)
