from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.cache_servers import CacheServers
from app.ui.widgets.table import height_of
from engine.cache.snapshot import CacheSnapshot, NodeStatus, ServerFacts
from engine.circuit_breaker import BreakerState

NODES = tuple(NodeStatus(f"10.0.0.{n}:6379", BreakerState.CLOSED, "tracking") for n in range(5))
SERVERS = tuple(ServerFacts(node.name, f"7.{n}", "master") for n, node in enumerate(NODES))
CLUSTER = CacheSnapshot(taken_s=1.0, address="a cluster", nodes=NODES, servers=SERVERS)


@pytest.fixture
def card(theme, qtbot):
    card = CacheServers(theme)
    qtbot.addWidget(card)
    card.resize(360, 300)
    card.show()
    qtbot.waitExposed(card)
    return card


def test_the_first_server_tells_of_itself_until_another_is_chosen(card):
    """The facts belong to the chosen server."""
    card.show_cache(CLUSTER)
    assert card.facts.texts["Version"] == "7.0 · Primary"
    card.table.select_id("10.0.0.2:6379")
    assert card.facts.texts["Version"] == "7.2 · Primary"


def test_the_chosen_server_stays_chosen(card):
    """Another snapshot changes the numbers, not the choice; a server that went gives way."""
    card.show_cache(CLUSTER)
    card.table.select_id("10.0.0.2:6379")
    card.show_cache(replace(CLUSTER, taken_s=2.0))
    assert card.facts.texts["Version"] == "7.2 · Primary"
    card.show_cache(replace(CLUSTER, nodes=NODES[:2]))
    assert card.facts.texts["Version"] == "7.0 · Primary"


def test_a_large_cluster_leaves_room_for_the_facts(card):
    """More servers than a few are scrolled to."""
    card.show_cache(replace(CLUSTER, nodes=NODES[:1]))
    assert card.table.height() == height_of(1)
    card.show_cache(CLUSTER)
    assert card.table.height() == height_of(3)


def test_no_redis_offers_to_set_one_up(card, qtbot):
    """Without an address the card says what a Redis is for, and leads to the form."""
    card.show_cache(CacheSnapshot(taken_s=1.0))
    assert "No Redis is set up" in card.empty.text
    with qtbot.waitSignal(card.connection_wanted):
        card.connect_button.click()


def test_a_redis_that_was_not_found_yet_is_looked_for(card):
    """With an address there is nothing to set up: it is being looked for."""
    card.show_cache(replace(CLUSTER, nodes=()))
    assert "No server was reached yet" in card.empty.text
    assert card.connect_button.isHidden()
