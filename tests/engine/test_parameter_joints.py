"""Where the router asks parameter analytics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.analytics.settings import AnalyticsSettings
from engine.parameter_joints import LearntParameters
from engine.router.snapshot import ParameterMode, Tier
from tests.conftest import FakeClock
from tests.engine.analytics.opened import reply, request, with_analytics
from tests.engine.router.world import chat, server, world

CAREFUL = Tier("careful", models=("a",), parameters=ParameterMode.AUTOMATIC)
PLAIN = Tier("plain", models=("a",), parameters=ParameterMode.OFF)


def test_a_tier_decides_for_itself(tmp_path: Path):
    """A tier that says nothing does as the settings say; any other as it says."""

    async def work(service, loop):
        joint = LearntParameters(service)
        await service.best("a", "chat")
        assert joint.advise(request(), "a", PLAIN) is None
        assert joint.advise(request(), "a", None) is None
        found = joint.advise(request(), "a", CAREFUL)
        assert (found.choice.mode, found.choice.task_type) == ("automatic", "chat")
        suggesting = replace(CAREFUL, parameters=ParameterMode.SUGGEST)
        found = joint.advise(request(), "a", suggesting)
        assert (found.choice.mode, found.choice.is_applied) == ("suggest", False)
        assert found.choice.why
        await service.change_settings(AnalyticsSettings(mode="suggest"))
        assert joint.advise(request(), "a", None).choice.mode == "suggest"
        found.over(reply(0.2), "")
        assert (await service.refreshed()).counts["observed"] == 1

    with_analytics(tmp_path, work, mode="off")


def test_the_router_learns(tmp_path: Path, clock: FakeClock):
    """What goes through the router is observed with its time; the decision tells the choice."""
    around = world(tmp_path / "router", clock, server("s", "a"))
    (tmp_path / "router").mkdir()
    around.tiers().write((CAREFUL,))

    async def work(service, loop):
        around.advisor = LearntParameters(service)
        await service.best("a", "chat")
        async with around.router() as router:
            answer = await router.handle(chat("careful"))
            assert answer.suggestion_id.startswith("sug_")
            decision = await router.decision("req-1")
            assert decision.parameters.id == answer.suggestion_id
            seen = (await service.refreshed()).suggestions[0]
            assert seen.id == answer.suggestion_id
            assert around.coordinator.sent[0][1].body == chat("careful").body | dict(seen.values)
            assert (await service.refreshed()).studies[0].columns.latency_ms[0] == 500.0

    with_analytics(tmp_path / "analytics", work, mode="off")
