"""What can be asked for follows servers, lists and settings."""

from __future__ import annotations

from engine.router.snapshot import Tier
from tests.conftest import FakeClock
from tests.engine.router.world import board, chat, server, world


def test_same_board_until_something_changes(tmp_path, clock):
    """Nothing is worked out again while servers, lists and settings stay as they are."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        boards = router._boards
        first = boards.now()
        assert boards.now() is first
        around.coordinator.use(server("s", "a"))
        second = boards.now()
        assert second is not first
        boards.use(around.settings)
        assert boards.now() is not second
        assert boards.now() is boards.latest

    around.run(work)


def test_health_and_speed_outlast_a_board(tmp_path, clock):
    """What was seen of a server and a model is not forgotten when another server comes."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        await router.handle(chat("a"))
        around.coordinator.use(server("s", "a"), server("t", "b"))
        row = router._boards.now().rows["a"]
        assert row.track.requests == 1
        assert row.homes[0].score == 1.0

    around.run(work)


def test_mistakes_in_a_list_are_told_until_they_are_mended(tmp_path, clock, caplog):
    """A wrong list is a problem, and a line in the log for who has no window, until it is right."""
    path = tmp_path / "tiers.toml"
    path.write_text('[[tier]]\nname = "mine"\nmodels = 3\n')
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        assert "tiers.toml" in router.snapshot().problem
        assert "tiers.toml" in caplog.text
        path.write_text('[[tier]]\nname = "mine"\n')
        await router.put_tier(Tier("other"))
        assert router.snapshot().problem is None
        assert {"mine", "other"} <= {each.name for each in router.snapshot().tiers}

    around.run(work)


def test_tier_that_leads_nowhere(tmp_path, clock):
    """A tier that goes on to one that does not exist is told, until it does."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        await router.put_tier(Tier("mine", next_tier="missing"))
        assert "'mine' goes on to 'missing'" in router.snapshot().problem
        await router.put_tier(Tier("missing"))
        assert router.snapshot().problem is None
        await router.remove_tier("missing")
        assert "'missing', which is no tier" in router.snapshot().problem

    around.run(work)


def test_shelves_are_kept():
    """The models of a tier are worked out once, and apart for requests that must stay at home."""
    found = board(server("s", "a"), clock=FakeClock(), tiers=(Tier("t"),))
    tier = found.tiers["t"]
    assert found.shelf(tier, False) is found.shelf(tier, False)
    assert found.shelf(tier, True) is not found.shelf(tier, False)
    assert found.shelf(tier, True).local_only
