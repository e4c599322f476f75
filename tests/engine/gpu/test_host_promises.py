from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from engine.gpu.host_promises import MOST_ENDS, HostPromises
from engine.gpu.hosts import Shared
from tests.conftest import FakeClock
from tests.engine.gpu.lease_requests import allocator, request

SHARE: Any = SimpleNamespace(host_id="1", host_name="tower")


class Here:
    """A host with one card of 10,000 MiB."""

    def __init__(self, clock: FakeClock) -> None:
        self.shares = allocator()
        self.shared, self.asked = Shared(), list[str]()
        self.promises = HostPromises(
            allocator=self.shares,
            clock=clock,
            promised=lambda card_id: self.shared,
            asked=lambda: self.asked,
        )


def test_a_lease_that_is_about_to_be_given_is_told_with_the_next_in_line(clock: FakeClock):
    """It counts as promised until its time is over, and waits no more."""
    here, now_s = Here(clock), clock.now()
    for name in ("first", "second"):
        here.shares.ask(request(name, 6_000, asked_s=now_s - 5.0))
    here.shares.decide(now_s)
    here.asked = ["first"]
    here.shared = Shared(1_000, 500, ((now_s + 7.0, 1_000),))
    told = here.promises.of(SHARE, "a", "first")
    assert (told.promised_mib, told.seen_mib) == (7_000, 500)
    assert told.ends == ((7.0, 1_000), (100.0, 6_000))
    assert told.claim is not None
    assert (told.claim.id, told.claim.waited_s) == ("second", 5.0)
    renewed = here.promises.of(SHARE, "a")
    assert renewed.claim is not None
    assert (renewed.promised_mib, renewed.claim.id) == (1_000, "first")
    assert renewed.told > told.told


def test_the_others_are_told_what_is_new(clock: FakeClock):
    """Another one who waits, or nobody; less that is promised; of cards that are there."""
    here = Here(clock)
    here.shared = Shared(5_000)
    here.promises.keep("a", here.promises.of(SHARE, "a"))
    assert not here.promises.has_another_claim()
    assert not here.promises.has_less()
    here.shares.ask(request("first", 6_000))
    here.shared = Shared(4_000)
    assert here.promises.has_another_claim()
    assert here.promises.has_less()
    here.promises.keep_only(())
    assert not here.promises.has_another_claim()
    assert not here.promises.has_less()


def test_not_every_end_is_told(clock: FakeClock):
    """The soonest are, in order."""
    here = Here(clock)
    here.shared = Shared(1_000, 0, tuple((clock.now() + 100 - at, 10) for at in range(100)))
    told = here.promises.of(SHARE, "a")
    assert [in_s for in_s, _ in told.ends] == [float(1 + at) for at in range(MOST_ENDS)]
