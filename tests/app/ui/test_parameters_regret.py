"""Tests of the regret against requests that are left as they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.ui.parameters_panel import TIME
from app.ui.parameters_regret import RegretDrawing, regret_refusal, regret_words
from app.ui.widgets.plot import Plot
from app.ui.widgets.plot_drawing import csv_of
from tests.app.analytics_snapshots import MODEL, TASK, columns, study, view
from tests.app.regret_views import gained, refused


@pytest.fixture
def panel(parameters_page):
    parameters_page.show_snapshot(view())
    parameters_page.tabs.setCurrentIndex(TIME)
    return parameters_page


@pytest.fixture
def asked(panel):
    found = []
    panel.time.regret_wanted.connect(lambda *which: found.append(which))
    return found


def choose_regret(panel):
    panel.time.course.show_value("regret")
    panel.time.course.chosen.emit("regret")


def changed(version: int):
    seen = view()
    found = study(columns=columns(2000 + version), version=version)
    return replace(seen, analytics=replace(seen.analytics, studies=(found,), version=version))


def test_it_is_painted_told_read_and_saved(theme, qtbot):
    """It leaves ink, says what was gained with its interval, reads every place, and is a table."""
    drawing = RegretDrawing(gained())
    plot = Plot(theme, "Progress")
    qtbot.addWidget(plot)
    plot.resize(480, 260)
    plot.show_drawing(drawing)
    picture = plot.grab().toImage()
    assert len({picture.pixel(x, y) for x in range(0, 480, 3) for y in range(0, 260, 3)}) > 3
    assert "rewards gained (" in plot.accessibleDescription()
    assert "against as it came after 800 choices" in plot.accessibleDescription()
    for x in (0.0, 400.0, 800.0):
        assert drawing.read(x, None).rows[0][0] == "Regret"
    assert csv_of(drawing).startswith("choices,at_s,cumulative_regret,low_90,high_90\n")
    assert [name for name, _ in drawing.legend] == [
        "Cumulative regret, 90 %",
        "Baseline: as it came",
    ]


def test_loss_is_told_as_such_and_doubt_too():
    """A regret above 0 was lost, and an interval with 0 in it is too close to tell."""
    found = gained()
    lost = replace(found, regret=-found.regret, low=-found.high, high=-found.low)
    assert "rewards lost" in regret_words(lost)
    assert "too close" not in regret_words(lost)
    wide = replace(found, low=found.regret - 500, high=found.regret + 500)
    assert regret_words(wide).endswith("; too close to tell")
    assert regret_words(refused()) == ""


def test_the_baseline_is_always_within_the_axes():
    """0 shows, also where all of the course lies far from it."""
    found = gained()
    for moved in (-1000.0, 1000.0):
        far = replace(
            found, regret=found.regret + moved, low=found.low + moved, high=found.high + moved
        )
        axis = RegretDrawing(far).axes[1]
        assert axis.low <= 0 <= axis.high


def test_why_there_is_none_is_told():
    """Where nothing can be said the page says why, and what it takes."""
    assert regret_refusal(refused())[1].endswith("let it be chosen more often.")
    assert "The search's have none" in regret_refusal(replace(refused(), choices=0))[1]
    assert regret_refusal(None)[0].startswith("Working out")


def test_it_is_asked_for_when_it_is_chosen(panel, asked):
    """Nobody works out what nobody looks at; what comes is drawn, and the best so far returns."""
    assert asked == []
    choose_regret(panel)
    assert asked == [(MODEL, TASK)]
    assert panel.time.progress.empty.text.startswith("Working out")
    panel.time.show_regret(gained())
    assert isinstance(panel.time.progress.plot.drawing, RegretDrawing)
    panel.time.course.show_value("best")
    panel.time.course.chosen.emit("best")
    assert not isinstance(panel.time.progress.plot.drawing, RegretDrawing)


def test_a_study_that_changes_all_the_time_is_asked_for_now_and_then(panel, asked):
    """One question at a time, and after an answer a rest; then what changed is asked again."""
    choose_regret(panel)
    panel.show_snapshot(changed(2))
    assert len(asked) == 1
    panel.time.show_regret(gained())
    drawn = panel.time.progress.plot.drawing
    panel.show_snapshot(changed(3))
    assert len(asked) == 1
    assert panel.time.progress.plot.drawing is drawn
    panel.time._rest.stop()
    panel.time._rest.timeout.emit()
    assert len(asked) == 2


def test_a_regret_of_another_study_is_not_drawn(panel, asked):
    """An answer that comes after another study was chosen is left out, and the new one asked."""
    choose_regret(panel)
    panel.open_study(MODEL, "chat")
    panel.tabs.setCurrentIndex(TIME)
    panel.time.show_regret(gained())
    assert panel.time.progress.empty.text.startswith("Working out")
    assert asked[-1] == (MODEL, "chat")


def test_a_refusal_and_a_failure_stand_in_its_place(panel, asked):
    """What cannot be drawn is told where it would be, and stays until more is known."""
    choose_regret(panel)
    panel.time.show_regret(refused())
    assert "3 effective samples" in panel.time.progress.empty.text
    panel.time.show_regret_failure("The database is locked: try again")
    panel.show_snapshot(changed(2))
    assert "The database is locked" in panel.time.progress.empty.text


def test_a_long_course_has_few_points():
    """Ten thousand choices are drawn as some hundred points."""
    found = gained(10_000)
    assert len(found.regret) <= 400
    assert found.choices == 10_000
    assert np.isfinite(RegretDrawing(found).table()[1]).all()
