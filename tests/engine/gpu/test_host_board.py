"""Hosts show each other what they hold."""

from __future__ import annotations

import asyncio

from engine.gpu.host_board import FORGET_S, MOST_HOSTS, TELL_S
from engine.gpu.lease_orders import LeaseOrder
from tests.engine.gpu.shared_worlds import CARD, CARD_MIB, Host, PlayedRedis, sharing


def test_hosts_see_each_others_cards_leases_and_queue():
    """Each sees the others and not itself, with the moment at which it heard of them."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        first, second = hosts
        lease = await first.holds(6_000, name="train")
        await first.desk.ask(LeaseOrder(9_000, name="chat", duration_s=60.0))
        await asyncio.sleep(2 * TELL_S)
        (other,) = second.desk.snapshot().others
        assert other.name == "one"
        (card,) = other.cards
        assert (card.id, card.total_mib, card.leased_mib) == (CARD, CARD_MIB, 6_000)
        assert [(each.name, each.vram_mib) for each in other.leases] == [("train", 6_000)]
        assert [(each.name, each.state) for each in other.queue] == [("chat", "queued")]
        assert other.heard_s > redis.loop.time() - 2 * TELL_S
        assert [each.name for each in first.desk.snapshot().others] == ["two"]
        assert lease.is_held

    sharing(work, "one", "two")


def test_a_silent_host_is_gone_after_a_while():
    """What was true long ago is not shown as if it still were."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(2 * TELL_S)
        hosts[0].cache.is_cut = True
        await asyncio.sleep(FORGET_S - TELL_S - 1)
        assert [each.name for each in hosts[1].desk.snapshot().others] == ["one"]
        await asyncio.sleep(2 * TELL_S)
        assert hosts[1].desk.snapshot().others == ()

    sharing(work, "one", "two")


def test_nonsense_and_crowds_do_no_harm():
    """What cannot be read is passed over, and there is a most that is kept."""

    async def work(redis: PlayedRedis, hosts: list[Host]) -> None:
        await asyncio.sleep(1.0)
        for nonsense in ({}, {"id": 5}, {"id": "a", "name": "b", "leases": [{"name": 7}]}):
            await hosts[1].cache.messages.publish("gpu-hosts", nonsense)
        for number in range(MOST_HOSTS + 5):
            message = {"id": f"{number}", "name": "many"}
            await hosts[1].cache.messages.publish("gpu-hosts", message)
        await asyncio.sleep(1.0)
        assert len(hosts[0].desk.snapshot().others) == MOST_HOSTS

    sharing(work, "one", "two")
