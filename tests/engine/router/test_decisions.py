"""Every decision is kept, and read from memory or from what was stored."""

from __future__ import annotations

import msgspec

from engine.activity import ActivityRecord, ActivitySettings
from engine.activity_log import ActivityLog
from engine.router.decisions import MOST_KEPT, Decisions, Draft, decision_from
from engine.router.snapshot import Decision
from tests.engine.router.world import chat, server, world


def draft(clock, id="x", **fields):
    return Draft(id, clock.wall(), "a", "chat", "laptop", **fields)


def test_the_oldest_leaves(clock):
    """The last thousand are kept, newest first."""
    decisions = Decisions()
    for number in range(MOST_KEPT + 5):
        decisions.add(draft(clock, f"d{number}"))
    assert decisions.find("d4") is None
    assert decisions.find("d5").id == "d5"
    assert [each.id for each in decisions.latest(2)] == ["d1004", "d1003"]


def test_written_out_once(clock):
    """A decision changes until it has an outcome, and then is the same for ever."""
    found = draft(clock)
    assert found.decision() is not found.decision()
    found.outcome = "answered"
    assert found.decision() is found.decision()
    assert found.plan is None


def test_stored_and_read(tmp_path, clock):
    """A decision that was stored as JSON is read again as it was."""
    around = world(tmp_path, clock, server("s", "a:7b", "b:1b", "c:70b"))

    async def work(router):
        await router.handle(chat("fast"))
        made = around.activity.records[0].decision()
        assert made.tier == "fast"
        assert made.candidates[0].model in ("a:7b", "b:1b")
        plain = msgspec.json.decode(msgspec.json.encode(made))
        assert decision_from(plain) == made
        around.activity.stored["old"] = ActivityRecord("old", 0.0, "chat", "", "", decision=plain)
        assert await router.decision("old") == made
        assert await router.decision("req-1") == made
        assert await router.decision("nobody's") is None

    around.run(work)


def test_what_is_no_decision(clock):
    """What another version stored is no decision of ours, and no error."""
    assert decision_from(None) is None
    assert decision_from({"id": 3}) is None
    made = Decision("x", clock.wall(), "a", "chat")
    assert decision_from(made) is made
    assert decision_from(lambda: made) is made


def test_kept_by_the_real_list(tmp_path, clock):
    """A decision outlives the router: the activity list gives it back, whatever came between."""
    log = ActivityLog(path=tmp_path / "activity.sqlite", settings=ActivitySettings(), clock=clock)
    around = world(tmp_path, clock, server("s", "a:7b", "b:1b"), activity=log)

    async def work(router):
        await log.start()
        try:
            await router.handle(chat("fast"))
            made = router.snapshot().decisions[0]
            for number in range(MOST_KEPT):
                router._parts.decisions.add(draft(clock, f"d{number}"))
            assert router._parts.decisions.find("req-1") is None
            assert await router.decision("req-1") == made
            assert made.candidates[0].terms
        finally:
            await log.aclose()

    around.run(work)
