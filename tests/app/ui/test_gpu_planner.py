from __future__ import annotations

from pathlib import Path

import pytest

from app.gpu_wiring import plan_of
from app.ui.gpu_plan_texts import help_text, option_row, verdict_text
from app.ui.gpu_planner import PAUSE_MS, GpuPlanner
from app.ui.gpu_values import Plan, PlanWish
from engine.errors import Rejected, Unreachable
from engine.gpu.estimate import CacheType
from engine.gpu.lease_views import LeasesSnapshot
from engine.gpu.model_file import read_model
from engine.gpu.planner import Verdict
from engine.gpu.snapshot import ResourceSnapshot
from tests.app.ui.gpu_worlds import gpu_view
from tests.engine.gpu.gguf_files import LLAMA, written


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(written(tmp_path / "llama.gguf", LLAMA))


@pytest.fixture
def planner(theme, qtbot):
    planner = GpuPlanner(theme)
    qtbot.addWidget(planner)
    planner.show()
    return planner


def wish(path: str, tokens: int = 8192) -> PlanWish:
    return PlanWish(path, tokens, 1, CacheType.F16)


def planned(
    path: str,
    resources: ResourceSnapshot | None,
    tokens: int = 8192,
    seen_share: float | None = None,
) -> Plan:
    return plan_of(wish(path, tokens), read_model(Path(path)), resources, seen_share)


def test_a_plan_tells_what_it_takes_and_where(planner, model):
    """The verdict, each place and each term of the estimate show, with their sum."""
    planner.path.setText(model)
    plan = planned(model, gpu_view().resources)
    planner.show_plan(plan)
    assert planner.verdict.text().endswith("Fits now on RTX 4090: 1,806 MiB")
    assert [row.cells[0] for row in planner.options.rows] == ["RTX 4090"]
    assert planner.terms.rows[-1].cells[1] == "1,806 MiB"
    shown = [int(row.cells[1].removesuffix(" MiB").replace(",", "")) for row in planner.terms.rows]
    assert sum(shown[:-1]) == shown[-1]


def test_without_a_card_it_says_what_would_be_needed(planner, model):
    """On a machine without a card the planner reckons all the same."""
    plan = planned(model, gpu_view(problem="none", leases=LeasesSnapshot()).resources)
    assert verdict_text(plan) == ("It would need 1,806 MiB of graphics memory", "text")
    planner.path.setText(model)
    planner.show_plan(plan)
    assert not planner._where.isVisible()
    assert len(planner.terms.rows) == 6


def test_what_does_not_fit_tells_what_helps(model):
    """A context that is too long is told with what would make it fit."""
    plan = planned(model, tokens=131_072, resources=gpu_view().resources)
    (best,) = plan.options
    assert best.verdict is Verdict.WHEN_OTHERS_LEAVE
    assert help_text(best) == "keep the context as q8_0"
    row = option_row(best, plan.names)
    assert row.cells[3] == f"{best.short_mib:,} MiB"
    assert best.short_mib > 0


def test_what_was_seen_of_a_model_corrects_the_plan(model):
    """A peak that was seen takes the place of the spare, also where there is no card."""
    for resources in (gpu_view().resources, None):
        plan = planned(model, resources, seen_share=1.5)
        assert "150%" in plan.options[0].estimate.terms[3].why


def test_an_answer_to_an_older_question_is_left_out(planner, model):
    """When another context was typed meanwhile, the older plan does not show."""
    planner.path.setText(model)
    planner.context.setText("4096")
    planner.show_plan(planned(model, None))
    assert planner.plan is None


def test_typing_asks_after_a_pause(planner, qtbot):
    """While somebody types nothing is asked; a moment later the last text is."""
    asked = []
    planner.plan_wanted.connect(asked.append)
    planner.path.setText("/models/a.gguf")
    planner.path.textEdited.emit("/models/a.gguf")
    assert asked == []
    qtbot.waitUntil(lambda: len(asked) == 1, timeout=20 * PAUSE_MS)
    assert asked == [wish("/models/a.gguf")]


def test_a_number_that_is_none_is_told(planner):
    """A context in letters asks nothing, and says what to type."""
    asked = []
    planner.plan_wanted.connect(asked.append)
    planner.path.setText("/models/a.gguf")
    planner.context.setText("many")
    planner.ask()
    assert asked == []
    assert "whole numbers" in planner.problem.text


def test_errors_come_from_the_file_and_the_figures(tmp_path, model):
    """A file that is not there and a context of nothing are told as what they are."""
    with pytest.raises(Unreachable, match="choose another file"):
        read_model(tmp_path / "none.gguf")
    with pytest.raises(Rejected, match="context_tokens is 0"):
        planned(model, None, tokens=0)
