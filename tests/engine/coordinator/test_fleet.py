"""All servers together."""

from __future__ import annotations

from dataclasses import replace

from engine.coordinator.fleet import FRESH_S, Fleet
from engine.exchange import ServedModel
from tests.conftest import FakeClock
from tests.engine.coordinator.seats import link


def test_models_are_found_at_every_server_that_is_on(clock: FakeClock):
    """A server that is switched off, or whose key is not known yet, is not asked."""
    tested = Fleet(clock=clock)
    a, b, c = (link(clock, name) for name in "abc")
    for each in (a, b, c):
        tested.put(each)
    assert [seat.link for seat in tested.seats("fake")] == [a, b, c]
    b.use(replace(b.endpoint, is_enabled=False))
    c.has_key = False
    tested.reindex()
    assert [seat.link for seat in tested.seats("fake")] == [a]
    tested.remove("a")
    assert tested.seats("fake") == ()
    assert tested.links == (b, c)


def test_servers_are_the_same_until_the_version_moves(clock: FakeClock):
    """Who asks for each request gets the same tuple; what changes makes a new one."""
    tested = Fleet(clock=clock)
    server = link(clock)
    tested.put(server)
    before, version = tested.servers(), tested.version
    assert tested.servers() is before
    server.be_down("gone")
    tested.refresh()
    assert tested.version > version
    assert [each.is_usable for each in tested.servers()] == [False]
    assert tested.servers()[0].reason == "gone"


def test_latencies_are_shown_once_a_second(clock: FakeClock):
    """A thousand answers a second do not make a thousand versions."""
    tested = Fleet(clock=clock)
    tested.put(link(clock))
    version = tested.version
    for _ in range(100):
        clock.advance(FRESH_S / 40)
        tested.measured(clock.now())
    assert tested.version == version + 2


def test_a_pause_that_ends_moves_the_version(clock: FakeClock):
    """Nobody has to say so: time does."""
    tested = Fleet(clock=clock)
    server = link(clock)
    tested.put(server)
    server.breaker.trip()
    tested.refresh()
    version = tested.version
    assert not tested.servers()[0].is_usable
    clock.advance(server.breaker.retry_at_s - clock.now())
    assert tested.version > version
    assert tested.servers()[0].is_usable


def test_a_tag_may_be_left_out(clock: FakeClock):
    """`llama` finds `llama:latest`, unless there is a `llama`."""
    tested = Fleet(clock=clock)
    server = link(clock)
    server.list([ServedModel("llama:latest")])
    tested.put(server)
    assert [seat.model for seat in tested.seats("llama")] == ["llama:latest"]
    server.list([ServedModel("llama"), ServedModel("llama:latest")])
    tested.reindex()
    assert [seat.model for seat in tested.seats("llama")] == ["llama"]
    assert set(tested.models()) == {"llama", "llama:latest"}
