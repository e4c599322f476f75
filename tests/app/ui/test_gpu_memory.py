from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.gpu_memory import brief, lease_looks, memory_parts
from engine.gpu.cards import CardReading
from engine.gpu.hosts import HostCard, HostLease, HostLeases
from engine.gpu.lease_views import LeasesSnapshot
from engine.gpu.leases import LeaseState
from tests.app.ui.gpu_worlds import CARD, LEASES, PLAIN, READY, ROOM, lease


def sizes(now, leases):
    return {part.name: part.mib for part in memory_parts(now, leases)}


def test_the_stretches_are_all_of_the_card():
    """Holders, idle models, other programs, driver, margin and free add up to the whole card."""
    parts = memory_parts(READY, LEASES)
    assert [part.name for part in parts] == [
        "train",
        "Idle models",
        "Other programs",
        "Driver",
        "Margin",
        "Free",
    ]
    assert sum(part.mib for part in parts) == CARD.memory_total_mib


def test_a_holder_takes_what_it_was_promised_or_more():
    """A lease counts as promised; one that exceeds it counts as used."""
    over = lease(used_mib=9000)
    assert sizes(READY, LEASES)["train"] == 8000
    assert sizes(READY, replace(LEASES, held=(over,)))["train"] == 9000


def test_a_place_that_is_being_made_free_is_drawn_empty():
    """Who is promised a place that others still leave has it, and uses none of it."""
    pending = lease(state=LeaseState.PENDING, granted_s=None, used_mib=None)
    leases = LeasesSnapshot(queue=(pending,), rooms={CARD.id: ROOM})
    (part,) = [each for each in memory_parts(READY, leases) if each.name == "train"]
    assert (part.mib, part.used_mib) == (8000, 0)


def test_what_other_hosts_promised_is_a_stretch_of_its_own():
    """It is named after the host, says who holds it, and is not counted with other programs."""
    room = replace(ROOM, elsewhere_mib=2000, elsewhere_seen_mib=1000)
    host = HostLeases(
        "h",
        "render-box",
        cards=(HostCard(CARD.id, CARD.name),),
        leases=(HostLease("blender", "active", 3000, card_ids=(CARD.id,)),),
    )
    leases = replace(LEASES, rooms={CARD.id: room}, others=(host,))
    parts = {part.name: part for part in memory_parts(READY, leases)}
    assert sum(part.mib for part in parts.values()) == CARD.memory_total_mib
    assert (parts["Host render-box"].mib, parts["Host render-box"].used_mib) == (3000, 1000)
    assert parts["Host render-box"].note == "render-box: blender"
    assert parts["Other programs"].mib == ROOM.foreign_mib - 1000
    silent = memory_parts(READY, replace(leases, others=()))
    assert "Other hosts" in [part.name for part in silent]


def test_a_short_legend_sums_up_what_nobody_can_have():
    """Driver and margin are one entry of a tile's legend, and the card is still all of it."""
    parts = brief(memory_parts(READY, LEASES))
    assert [part.name for part in parts][-2:] == ["Set aside", "Free"]
    assert sum(part.mib for part in parts) == CARD.memory_total_mib
    assert brief(parts) == parts


def test_without_an_account_use_and_room_show():
    """Where nothing is known of leases, what the card reports shows; unknown shows nothing."""
    assert sizes(PLAIN, LEASES) == {"In use": 512, "Free": 19_952}
    assert memory_parts(replace(PLAIN, reading=CardReading()), LEASES) == ()


@pytest.mark.parametrize("left", range(6))
def test_holders_are_told_apart(left):
    """Six holders have six colours; when one leaves, those of the earlier ones stay."""
    held = tuple(lease(f"id{number}", asked_s=float(number)) for number in range(6))
    looks = lease_looks(LeasesSnapshot(held=held))
    assert len(set(looks.values())) == 6
    fewer = lease_looks(LeasesSnapshot(held=held[:left] + held[left + 1 :]))
    assert all(fewer[each.id] == looks[each.id] for each in held[:left])
