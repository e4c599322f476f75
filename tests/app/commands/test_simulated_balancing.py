"""The coordinator's choice in the simulator is the real one: it learns what servers are like."""

from __future__ import annotations

from random import Random

from app.commands.simulated_balancing import CoordinatorBalance
from engine.router.sim_policies import SimEvent, SimSeat
from engine.router.sim_world import Job, SimServer


class Played:
    """A balance with a clock, and events in short."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.balance = CoordinatorBalance(Random(1), lambda: self.now_s)
        self.job = Job(0, 0.0, 100, 50)

    def tell(self, seat: SimSeat, *kinds: tuple[str, float]) -> None:
        for kind, value_s in kinds:
            self.balance.note(SimEvent(kind, seat, self.job, self.now_s, value_s))  # type: ignore[arg-type]

    def choices(self, seats: list[SimSeat], count: int = 50) -> set[str]:
        found = [self.balance.choose(self.job, seats, self.now_s) for _ in range(count)]
        return {"none" if seat is None else seat.server.name for seat in found}


A, B = SimSeat(SimServer("a")), SimSeat(SimServer("b"))
SENT, FAILED = ("sent", 0.0), ("failed", 0.0)


def test_the_faster_server_is_chosen() -> None:
    """After one answer of each, the one that was quicker gets the requests."""
    played = Played()
    played.tell(A, SENT, ("began", 2.0), ("ended", 0.1))
    played.tell(B, SENT, ("began", 0.2), ("ended", 0.01))
    assert played.choices([A, B]) == {"b"}


def test_an_ill_server_is_left_alone_and_tried_again() -> None:
    """Failures open its breaker; alone it is asked all the same; an answer brings it back."""
    played = Played()
    for _ in range(4):
        played.tell(A, SENT, FAILED)
    assert played.choices([A, B]) == {"b"}
    assert played.choices([A]) == {"a"}
    played.now_s = 60.0
    for seat in (A, B):
        played.tell(seat, SENT, ("began", 0.1), ("ended", 0.01))
    assert "a" in played.choices([A, B])


def test_a_busy_server_is_paused() -> None:
    """After 429 nobody goes there until the time it asked for, even where there is no other."""
    played = Played()
    played.tell(A, SENT, ("busy", 10.0))
    assert played.choices([A, B]) == {"b"}
    assert played.choices([A]) == {"none"}
    played.now_s = 11.0
    assert played.choices([A]) == {"a"}
