"""One server and how it stands."""

from __future__ import annotations

from dataclasses import replace

from engine.circuit_breaker import BreakerState
from engine.coordinator.link import BREAKER, Link
from engine.coordinator.snapshot import EndpointState
from engine.exchange import ServedModel
from tests.conftest import FakeClock
from tests.engine.coordinator.fake_provider import FakeProvider
from tests.engine.coordinator.seats import link


def state(tested: Link, clock: FakeClock) -> tuple[EndpointState, str]:
    tested.refresh(clock.now())
    return tested.state, tested.reason


def test_every_state_has_a_reason(clock: FakeClock):
    """What a person did counts most, then illness, then whether somebody is there, then load."""
    tested = link(clock, most_in_flight=1)
    assert state(tested, clock) == (EndpointState.READY, "")
    tested.in_flight = 1
    assert state(tested, clock) == (EndpointState.BUSY, "1 requests are under way")
    tested.in_flight = 0
    tested.seats["fake"].limits.pause(5)
    assert state(tested, clock)[0] is EndpointState.BUSY
    tested.be_down("nobody there")
    assert state(tested, clock) == (EndpointState.DOWN, "nobody there")
    tested.note_error("500")
    for _ in range(BREAKER.failures):
        tested.breaker.fail()
    assert state(tested, clock) == (EndpointState.ILL, "500")
    assert isinstance(tested.provider, FakeProvider)
    tested.provider.now = (EndpointState.FAILED, "no such CPU")
    assert state(tested, clock) == (EndpointState.FAILED, "no such CPU")
    assert not tested.is_usable(clock.now())
    tested.use(replace(tested.endpoint, is_enabled=False))
    assert state(tested, clock)[0] is EndpointState.DISABLED


def test_it_tells_since_when(clock: FakeClock):
    """The time is that of the state, and not of its reason."""
    tested = link(clock)
    tested.refresh(clock.now())
    clock.advance(10)
    tested.be_down("gone")
    assert tested.refresh(clock.now())
    clock.advance(5)
    tested.be_down("gone for good")
    assert tested.refresh(clock.now())
    assert tested.since_s == clock.now() - 5
    assert not tested.refresh(clock.now())


def test_an_ill_server_may_be_asked_after_its_cooldown(clock: FakeClock):
    """It is usable again from then on, although it is still called ill."""
    tested = link(clock)
    tested.breaker.trip()
    tested.refresh(clock.now())
    assert not tested.is_usable(clock.now())
    clock.advance(1.25 * BREAKER.first_cooldown_s)
    assert tested.is_usable(clock.now())
    assert tested.admit()
    assert tested.breaker.state is BreakerState.HALF_OPEN
    assert not tested.is_usable(clock.now())


def test_chosen_models_are_the_only_ones(clock: FakeClock):
    """What the user names is offered, with what the server says of it, and also unlisted."""
    tested = link(clock, models=("b", "c", "b"))
    tested.list([ServedModel("a"), ServedModel("b", context_tokens=7)])
    assert tested.models == (ServedModel("b", context_tokens=7), ServedModel("c"))
    assert set(tested.seats) == {"b", "c"}


def test_what_is_known_of_a_model_outlives_a_new_list(clock: FakeClock):
    """A list that names it again does not forget how fast it is."""
    tested = link(clock)
    kept = tested.seats["fake"]
    tested.list([ServedModel("fake"), ServedModel("other")])
    assert tested.seats["fake"] is kept


def test_a_key_is_taken_out_of_words(clock: FakeClock):
    """Whatever repeats it."""
    assert link(clock, key="sk-1").cleaned("bad sk-1!") == "bad [key]!"
    assert link(clock).cleaned("bad") == "bad"
