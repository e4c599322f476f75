from __future__ import annotations

from dataclasses import replace

from app.ui.parameters_arms import ParametersArms
from app.ui.parameters_what_if import HINT, rival_of, what_if_lines
from engine.analytics.answers import Comparison, OffPolicyView
from tests.app.analytics_snapshots import MODEL, TASK, arms, estimate, new_study, study

TOLD = OffPolicyView(estimate(0.76, 800), 812.0, 1800, "SNIPS")
REFUSED = OffPolicyView(None, 3.0, 1800, "SNIPS", "too few answers are like it")


def comparison(a: str, b: str, view: OffPolicyView = TOLD) -> Comparison:
    known = {arm.name: arm for arm in arms()}
    return Comparison(MODEL, TASK, known[a], known[b], 0.03, 0.05, 0.001, view, TOLD)


def test_the_best_is_compared_with_the_second():
    """Others are compared with the best; the best with the likeliest of the others."""
    assert rival_of(study(), "free") == "precise"
    assert rival_of(study(), "precise") == "balanced"
    alone = replace(study(), arms=arms()[1:2])
    assert rival_of(alone, "precise") == ""


def test_what_it_would_have_earned_is_told_or_refused():
    """The first line tells the estimate and on how much it rests, or why there is none."""
    first, second = what_if_lines(comparison("balanced", "precise"))
    assert first.startswith("balanced alone would have earned 0.76 (")
    assert first.endswith("as from 812 answers of 1,800.")
    assert second == "Precise is better than balanced with 97%."
    first, _ = what_if_lines(comparison("free", "precise", REFUSED))
    assert first.endswith("cannot be said: too few answers are like it.")


def test_an_answer_that_comes_late_is_not_shown(theme, qtbot):
    """Only the choice that is picked now, of the study that shows now, is told about."""
    part = ParametersArms(theme)
    qtbot.addWidget(part)
    part.show_study(study())
    asked = []
    part.compare_wanted.connect(lambda *told: asked.append(told))
    part.table.select_id("balanced")
    assert asked == [(MODEL, TASK, "balanced", "precise")]
    part.show_comparison(comparison("free", "precise"))
    assert part.what_if.whole_text == HINT
    part.show_comparison(comparison("balanced", "precise"))
    assert "0.76" in part.what_if.whole_text
    part.show_study(new_study())
    assert (part.what_if.whole_text, part.better.whole_text) == (HINT, "")
    assert part.table.selected() == ()
