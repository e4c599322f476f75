from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.ui.cache_texts import (
    channel_row,
    compression_text,
    event_facts,
    hit_text,
    latency_card_text,
    memory_text,
    namespace_row,
    node_facts,
    node_row,
    problem_of,
    saved_part,
    state_look,
    where_text,
)
from app.ui.widgets.table_model import Mark
from engine.cache.snapshot import (
    CacheCounts,
    CacheSnapshot,
    CacheState,
    JournalStatus,
    NamespaceCount,
    NodeStatus,
    Quantiles,
    ServerFacts,
)
from engine.circuit_breaker import BreakerState

EMPTY = CacheSnapshot(taken_s=0.0)


def test_memory_alone_is_bad_only_where_a_redis_was_wanted():
    """Without an address all is as the user wants it; with one, Redis is away."""
    memory = replace(EMPTY, state=CacheState.MEMORY, reason="nobody answers: start it")
    assert state_look(memory) == ("Memory only", "accent")
    assert problem_of(memory) == ""
    away = replace(memory, address="127.0.0.1:6379")
    assert state_look(away) == ("Redis is away", "bad")
    assert problem_of(away) == "nobody answers: start it"


@pytest.mark.parametrize("state", CacheState)
def test_every_state_has_words(state):
    """Whatever the state, it can be shown."""
    assert all(state_look(replace(EMPTY, state=state)))


def test_where_and_since_when_are_told(rich_cache):
    """The head of the page tells the address and when the state began."""
    assert where_text(rich_cache, date(2030, 1, 1)) == "127.0.0.1:6379 · since 1 Mar 2026"
    assert where_text(EMPTY, date(2030, 1, 1)) == ""


def test_the_cards_tell_the_numbers(rich_cache):
    """Each card has a number, its unit and a note."""
    assert hit_text(rich_cache) == ("85.0", "%", "70 % from memory · 1,000 reads")
    assert memory_text(rich_cache) == ("32.0", "of 64 MiB", "18,204 values")
    assert compression_text(rich_cache) == ("3.4", "× smaller", "3.3 KiB sent as 1000 B")
    assert latency_card_text(rich_cache.get, rich_cache.set) == (
        "4.2",
        "µs typical",
        "Slowest 1 %: 310 µs · write 95 µs",
    )
    assert saved_part(rich_cache) == pytest.approx(1 - 1000 / 3400)


def test_what_left_for_want_of_room_is_told(rich_cache):
    """Evictions stand beside the number of values once there are any."""
    counts = replace(rich_cache.counts, evicted=312)
    assert memory_text(replace(rich_cache, counts=counts))[2] == "18,204 values · 312 evicted"


def test_nothing_is_unknown_not_zero():
    """Before anything happened the cards show no numbers."""
    assert hit_text(EMPTY)[0] is None
    assert memory_text(EMPTY)[0] is None
    assert compression_text(EMPTY)[0] is None
    assert latency_card_text(Quantiles(), Quantiles())[0] is None
    assert saved_part(EMPTY) is None


@pytest.mark.parametrize(
    ("breaker", "problem", "mark"),
    [
        (BreakerState.CLOSED, None, Mark("Healthy", "ok")),
        (BreakerState.CLOSED, "It is full", Mark("Limited", "warn")),
        (BreakerState.HALF_OPEN, None, Mark("Checking", "warn")),
        (BreakerState.OPEN, "No answer", Mark("Away", "bad")),
    ],
)
def test_a_server_shows_how_it_is(breaker, problem, mark):
    """The state of a server is its breaker's, or what it refuses; the tooltip says why."""
    row = node_row(NodeStatus("a:1", breaker, "tracking", problem, latency=Quantiles(1, 2.5, 9)))
    assert row.cells == ("a:1", mark, "2.5 ms")
    assert row.tooltip == (problem or "")


def test_a_server_that_tells_little_has_dashes():
    """What Redis does not tell is unknown; without its own words only ours are left."""
    node = NodeStatus("a:1", BreakerState.CLOSED, "none")
    assert [name for name, _, _ in node_facts(node, None)] == ["Changes elsewhere"]
    facts = {name: value for name, value, _ in node_facts(node, ServerFacts("a:1", "7.0", "slave"))}
    assert facts["Version"] == "7.0 · Replica"
    assert facts["Memory"] == facts["Keys"] == "—"
    assert facts["Changes elsewhere"] == "Not told"


def test_a_server_that_is_away_tells_how_often_it_failed():
    """What it said of itself before is no news; that it fails is."""
    node = NodeStatus("a:1", BreakerState.OPEN, "none", "Connection refused", 9)
    facts = node_facts(node, ServerFacts("a:1", "7.0", "master"))
    assert facts == (("Failed in a row", "9", "Connection refused"),)


def test_a_full_server_says_what_it_does_then():
    """The memory of a server is told with its limit, and what happens at the limit."""
    facts = ServerFacts(
        "a:1", "7", "master", 7200, 1 << 30, 2 << 30, evicted_keys=3, policy="allkeys-lru"
    )
    rows = {
        name: (value, meaning)
        for name, value, meaning in node_facts(
            NodeStatus("a:1", BreakerState.CLOSED, "messages"), facts
        )
    }
    assert rows["Memory"] == (
        "1.0 GiB of 2.0 GiB",
        "When full: allkeys-lru; 3 keys left for want of room",
    )
    assert rows["Version"][1] == "Running for 2 h"


def test_a_namespace_counts_both_tiers():
    """The hit rate of a namespace is that of memory and Redis together."""
    row = namespace_row(NamespaceCount("answers", 700, 100, 200, 60))
    assert row.cells == ("answers", "80.0 %", "1,000", "60")
    assert namespace_row(NamespaceCount("new", 0, 0, 0, 1)).cells[1] == "—"


def test_a_namespace_nobody_read_sorts_below_one_without_hits():
    """Unknown is less than nothing, so that sorting puts it last."""
    unread = namespace_row(NamespaceCount("a", 0, 0, 0, 0)).order[1]
    assert unread < namespace_row(NamespaceCount("b", 0, 0, 5, 0)).order[1]


def test_a_channel_is_a_row(rich_cache):
    """Sent, received, listeners and the time of the last message."""
    row = channel_row(rich_cache.channels[0], date(2030, 1, 1))
    assert row.cells == ("gpu.leases", "3", "5", "2", "1 Mar 2026")


def test_events_are_told_with_what_they_mean(rich_cache):
    """Each count stands beside a plain name and explains itself."""
    snapshot = replace(
        rich_cache,
        counts=replace(CacheCounts(), coalesced=5, failed=2_000_000),
        journal=JournalStatus(pending=7, kept=2, used_bytes=2048),
    )
    values = {name: value for name, value, _ in event_facts(snapshot)}
    assert values["Shared one answer"] == "5"
    assert values["No answer in time"] == "2.0 M"
    assert values["Waiting for Redis"] == "7"
    assert values["Kept for Redis"] == "2 · 2.0 KiB"
    assert all(meaning for _, _, meaning in event_facts(snapshot))
