"""How long contents stay in the first tier."""

from __future__ import annotations

import pytest

from engine.cache.content import Content, Kind
from engine.cache.first_tier import FirstTier
from engine.cache.keys import key_of
from engine.cache.nearby import Nearby
from engine.cache.settings import CacheSettings
from engine.cache.unix_time import UnixTime
from tests.conftest import FakeClock

ONE, OTHER = b"uat:1:c:answers.0::=one", b"uat:1:c:others.0::=one"
LIFE_S = 500.0


def nearby(clock: FakeClock, *, is_alone: bool) -> Nearby:
    """Return an empty first tier with room for everything."""
    first: FirstTier[Content] = FirstTier(limit_bytes=1 << 20, now=clock.now)
    limits = CacheSettings(first_tier_stay_s=60.0)
    return Nearby(first=first, time=UnixTime(clock), limits=limits, is_alone=is_alone)


def content(clock: FakeClock) -> Content:
    """Return a value that lives for LIFE_S."""
    now_ms = UnixTime(clock).now_ms()
    ends_ms = now_ms + int(1000 * LIFE_S)
    return Content(b"x", Kind.BYTES, now_ms, ends_ms, ends_ms, ends_ms)


@pytest.mark.parametrize(("is_alone", "stays_s"), [(True, LIFE_S), (False, 60.0)])
def test_how_long_it_stays(is_alone: bool, stays_s: float, clock: FakeClock):
    """A value stays until its end, or until Redis is to be asked again where there is one."""
    near = nearby(clock, is_alone=is_alone)
    near.put(ONE, content(clock))
    clock.advance(stays_s - 1)
    assert near.first.peek(ONE) is not None
    clock.advance(1)
    assert near.first.peek(ONE) is None


def test_taking_a_namespace(clock: FakeClock):
    """What begins with the prefix is taken out and returned; the rest stays."""
    near = nearby(clock, is_alone=True)
    value = content(clock)
    near.put(ONE, value)
    near.put(OTHER, value)
    assert near.take(b"uat:1:c:answers.0:") == [(key_of("answers", "one"), value)]
    assert near.first.keys() == [OTHER]
