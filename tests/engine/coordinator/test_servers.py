"""Servers as the router sees them."""

from __future__ import annotations

from dataclasses import fields

import pytest

from engine.coordinator.servers import ServerNow, server_now
from engine.router.ports import Server
from tests.conftest import FakeClock
from tests.engine.coordinator.seats import link


def test_it_has_what_the_router_asks_for():
    """The two engines do not know each other: their words must be the same."""
    assert {field.name for field in fields(ServerNow)} == {
        name for name, each in vars(Server).items() if isinstance(each, property)
    }


def test_unknown_latencies_are_none(clock: FakeClock):
    """Before the first answer nothing is claimed; after it, milliseconds."""
    tested = link(clock)
    assert server_now(tested, clock.now()).first_token_ms is None
    tested.pace.note_first(0.25, clock.now())
    tested.pace.note_token(0.02, clock.now())
    found = server_now(tested, clock.now())
    assert (found.first_token_ms, found.token_ms) == pytest.approx((250, 20))
    assert (found.is_local, found.is_embedded, found.address) == (True, False, "http://a:1/v1")
