from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.gpu_other_hosts import MOST_HOSTS, GpuOtherHosts
from app.ui.gpu_other_rows import WIDE, card_line, heard_look, host_rows, parts_of, shared_ids
from app.ui.gpu_panel import LEASES, OTHERS, GpuPanel
from engine.gpu.hosts import HostCard, HostLease, HostLeases
from engine.gpu.lease_views import LeasesSnapshot
from tests.app.ui.gpu_worlds import CARD, NOW_S, OTHER, ROOM, gpu_view
from tests.app.ui.gpu_worlds import LEASES as HELD

THEIRS = HostCard("GPU-9", "NVIDIA RTX A6000", 49_140, 21_000, 20_000)
HOST = HostLeases(
    "h1",
    "render-box",
    cards=(THEIRS,),
    leases=(HostLease("blender", "active", 20_000, card_ids=("GPU-9",), used_mib=18_000),),
    queue=(
        HostLease(
            "train", "queued", 40_000, reason="waits until leases end: 40000 MiB on one card"
        ),
    ),
    heard_s=NOW_S - 2,
)


def told(*hosts: HostLeases) -> LeasesSnapshot:
    return replace(HELD, others=hosts)


def sizes(card: HostCard, host: HostLeases) -> dict[str, int]:
    return {part.name: part.mib for part in parts_of(card, host)}


@pytest.fixture
def panel(theme, qtbot):
    panel = GpuPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1084, 800)
    panel.show()
    return panel


@pytest.fixture
def part(theme, qtbot):
    part = GpuOtherHosts(theme)
    qtbot.addWidget(part)
    part.resize(1000, 700)
    part.show()
    return part


def test_the_part_shows_only_where_there_are_other_hosts(panel):
    """Alone, nobody sees a tab for others; it comes with the first and goes with the last."""
    panel.show_snapshot(gpu_view())
    assert not panel.tabs.isTabVisible(OTHERS)
    panel.show_snapshot(gpu_view(leases=told(HOST)))
    assert panel.tabs.isTabVisible(OTHERS)
    panel.tabs.setCurrentIndex(OTHERS)
    assert panel.others.isVisible()
    panel.show_snapshot(gpu_view())
    assert panel.tabs.currentIndex() == LEASES
    assert not panel.tabs.isTabVisible(OTHERS)


def test_each_host_shows_what_it_holds_of_which_card_and_how_fresh(part):
    """Name, freshness, cards with their memory by holder, and a table of all that hold or wait."""
    part.show_gpu(gpu_view(leases=told(HOST)))
    (tile,) = part.tiles
    assert tile.name.whole_text == "render-box"
    assert "Heard 2 s ago" in tile.state.text()
    assert tile.line.whole_text == "1 card · 1 lease · 1 waiting"
    assert [row.cells[1] for row in part.table.rows] == ["blender", "train"]
    assert part.table.rows[0].cells[3] == "RTX A6000"
    assert part.table.rows[1].cells[-1] == "until leases end"
    assert "40,000 MiB on one card" in part.table.rows[1].tooltip


def test_hosts_come_and_go(part):
    """A host that is gone leaves no tile behind; more than are drawn are counted."""
    hosts = [replace(HOST, id=f"h{number}") for number in range(MOST_HOSTS + 3)]
    part.show_gpu(gpu_view(leases=told(*hosts)))
    assert sum(tile.isVisible() for tile in part.tiles) == MOST_HOSTS
    assert part.more.whole_text == "and 3 more hosts, whose leases stand below"
    part.show_gpu(gpu_view(leases=told(replace(HOST, leases=(), queue=()))))
    assert sum(tile.isVisible() for tile in part.tiles) == 1
    assert part.empty.isVisible()


def test_a_narrow_page_leaves_columns_out(part, qtbot):
    """What has no room is left out, and comes back."""
    part.show_gpu(gpu_view(leases=told(HOST, replace(HOST, id="h2"))))
    part.resize(600, 700)
    qtbot.waitUntil(lambda: all(part.table.isColumnHidden(column) for column in WIDE))
    qtbot.waitUntil(lambda: part.tiles[0].x() == part.tiles[1].x())
    part.resize(1000, 700)
    qtbot.waitUntil(lambda: not any(part.table.isColumnHidden(column) for column in WIDE))


def test_stretches_of_another_hosts_card_are_all_of_it():
    """Leases, other programs and what is free add up to the card; a promise counts as promised."""
    assert sizes(THEIRS, HOST) == {"blender": 20_000, "Other programs": 3_000, "Free": 26_140}
    more = replace(THEIRS, leased_mib=25_000)
    assert sizes(more, HOST)["Other leases"] == 5_000
    assert parts_of(replace(THEIRS, total_mib=None), HOST) == ()


def test_a_host_that_was_not_heard_for_long_is_told():
    """Hosts tell every two seconds: after three times that something is wrong."""
    assert heard_look(HOST, NOW_S - 2) == ("Heard just now", "ok")
    assert heard_look(HOST, NOW_S + 5)[1] == "warn"


def test_a_card_that_both_have_is_told():
    """A card known worldwide is the same everywhere; a place on a bus only once it is shared."""
    resources = gpu_view(leases=told(HOST)).resources
    assert shared_ids(resources) == {CARD.id, OTHER.id}
    place = replace(resources.cards[0], card=replace(CARD, id="0000:01:00.0"))
    alone = replace(resources, cards=(place,))
    assert shared_ids(alone) == set()
    promised = {"0000:01:00.0": replace(ROOM, elsewhere_mib=100)}
    both = replace(alone, leases=replace(HELD, rooms=promised))
    assert shared_ids(both) == {"0000:01:00.0"}
    assert card_line(THEIRS, frozenset({"GPU-9"})) == "NVIDIA RTX A6000 · this host has it too"
    assert card_line(THEIRS, frozenset()) == "NVIDIA RTX A6000"


def test_rows_of_hosts_with_equal_leases_are_told_apart():
    """Two leases of one name on one host are two rows."""
    twice = replace(HOST, leases=HOST.leases * 2, queue=())
    assert len({row.id for row in host_rows([twice])}) == 2
