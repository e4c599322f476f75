"""How long a value serves."""

from __future__ import annotations

import math
from random import Random

import pytest
from msgspec.structs import replace

from engine.cache.content import Kind
from engine.cache.freshness import Absent, Freshness, is_due, made, nothing, reason_in


@pytest.mark.parametrize(
    "times",
    [
        {"ttl_s": 0.0},
        {"ttl_s": -1.0},
        {"ttl_s": math.inf},
        {"ttl_s": math.nan},
        {"ttl_s": 10.0, "soft_ttl_s": 0.0},
        {"ttl_s": 10.0, "soft_ttl_s": 11.0},
        {"ttl_s": 10.0, "stale_if_error_s": -1.0},
        {"ttl_s": 10.0, "negative_ttl_s": math.nan},
        {"ttl_s": 10.0, "early": math.inf},
    ],
)
def test_contradicting_times_are_refused(times: dict[str, float]):
    """Times that cannot hold together are a mistake of the program."""
    with pytest.raises(ValueError, match=r"needed|must be"):
        Freshness(**times)


def test_times_of_a_made_value():
    """Soft end, end and the last end count from when it was ready; written is when it was begun."""
    freshness = Freshness(ttl_s=60.0, soft_ttl_s=20.0, stale_if_error_s=300.0)
    content = made("x", freshness, began_ms=1_000, now_ms=5_000)
    assert (content.written_ms, content.cost_ms) == (1_000, 4_000)
    assert content.fresh_until_ms == 25_000
    assert content.expires_ms == 65_000
    assert content.ends_ms == 365_000


def test_without_a_soft_end_it_is_fresh_to_the_end():
    """A value with one time alone is fresh until it ends."""
    content = made("x", Freshness(ttl_s=60.0), began_ms=0, now_ms=0)
    assert content.fresh_until_ms == content.expires_ms == content.ends_ms == 60_000


def test_absence_keeps_its_reason():
    """Why there is nothing comes back in the words of whoever found out."""
    content = nothing(Absent("no such model: höher"), Freshness(ttl_s=60.0), 0, 0)
    assert content.kind is Kind.NEGATIVE
    assert content.ends_ms == 10_000
    assert str(reason_in(content)) == "no such model: höher"


def test_costly_values_are_renewed_early():
    """The chance to renew t before the end is exp(-t / (early * cost)), as XFetch has it."""
    content = made("x", Freshness(ttl_s=60.0), began_ms=0, now_ms=1_000)
    random, asked = Random(7), 20_000
    for before_ms, early in ((500, 1.0), (1_000, 1.0), (3_000, 1.0), (1_000, 2.0)):
        now_ms = content.fresh_until_ms - before_ms
        share = sum(is_due(content, early, now_ms, random) for _ in range(asked)) / asked
        assert share == pytest.approx(math.exp(-before_ms / (early * 1_000)), abs=0.01)


def test_cheap_values_are_renewed_at_their_end():
    """What costs nothing to make, or shall not be renewed early, is due at its soft end."""
    cheap = made("x", Freshness(ttl_s=60.0), began_ms=0, now_ms=0)
    costly = replace(cheap, cost_ms=50_000)
    for content, early in ((cheap, 1.0), (costly, 0.0)):
        dues = [is_due(content, early, at_ms, Random(1)) for at_ms in (59_999, 60_000)]
        assert dues == [False, True]
