from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.ui.parameters_density import FINE, GRID, DensityDrawing, smooth
from app.ui.parameters_parallel import MOST_ALIKE, MOST_LINES, ParallelDrawing, pieces
from app.ui.parameters_pareto import PAIRS, ParetoDrawing, pareto
from app.ui.parameters_progress import CourseDrawing, ProgressDrawing, moving_mean
from app.ui.parameters_shares import BestOddsDrawing, SharesDrawing, in_blocks
from app.ui.widgets.plot import Plot
from app.ui.widgets.plot_drawing import csv_of
from tests.app.analytics_snapshots import (
    ALARM,
    HOUR_S,
    allocation,
    arms,
    beta_density,
    columns,
    quantiles,
    study,
)

NAMES = tuple(arm.name for arm in arms())


def drawings():
    """Return one of each, of a study that has learnt a lot."""
    found, known = allocation(), study()
    return (
        DensityDrawing(arms()),
        SharesDrawing(NAMES, found.at_s, found.shares, 2000),
        BestOddsDrawing(NAMES, found.at_s, found.probability_best, 2000),
        ProgressDrawing(NAMES, known.columns),
        CourseDrawing("reward", known.quantiles, (ALARM,)),
        CourseDrawing("latency", known.quantiles),
        CourseDrawing("cost", known.quantiles),
        *(ParetoDrawing(known, pair) for pair in PAIRS),
        ParallelDrawing(known),
    )


@pytest.mark.parametrize("drawing", drawings(), ids=lambda each: type(each).__name__)
def test_every_drawing_is_painted_told_read_and_saved(drawing, theme, qtbot):
    """Each leaves ink, says itself in words, reads values at every place, and is a table."""
    plot = Plot(theme, "Picture")
    qtbot.addWidget(plot)
    plot.resize(480, 260)
    plot.show_drawing(drawing)
    picture = plot.grab().toImage()
    seen = {picture.pixel(x, y) for x in range(0, 480, 3) for y in range(0, 260, 3)}
    assert len(seen) > 3
    assert plot.accessibleDescription() == drawing.words != ""
    across = drawing.axes[0]
    for x in np.linspace(across.low, across.high, 7):
        assert drawing.read(float(x), None).rows
    titles, rows = drawing.table()
    assert rows
    assert {len(row) for row in rows} == {len(titles)}
    assert csv_of(drawing).count("\n") == len(rows) + 1


def test_a_smooth_density_keeps_its_points_and_its_area():
    """Between the points the curve bends; at them it is what it was, and its area is 1."""
    density = beta_density(0.7, 200)
    curve = smooth(density)
    assert np.allclose(curve[::8], np.maximum(density, 1e-9))
    assert np.trapezoid(curve, FINE) == pytest.approx(1.0, abs=0.01)


def test_the_density_reads_how_likely_more_is():
    """Half of a symmetric density lies above its middle."""
    arm = replace(arms()[0], density=beta_density(0.5, 100))
    (row,) = DensityDrawing((arm,)).read(0.5, None).rows
    assert row[2] == "50 %"
    assert GRID[50] == 0.5


def test_shares_of_few_choices_are_put_together():
    """Blocks are means of neighbouring rows, the newest whole; all of them are counted once."""
    rows = np.arange(101.0)[:, None]
    found = in_blocks(rows, 10)
    assert len(found) == 10
    assert found[-1, 0] == np.mean(np.arange(90, 101))
    assert in_blocks(rows[:5], 10) is not None
    assert np.array_equal(in_blocks(rows[:5], 10), rows[:5])


def test_the_moving_mean_is_that_of_a_slow_loop():
    """Each value is the mean of the known ones among the last few."""
    rng = np.random.default_rng(3)
    values = rng.random(40)
    values[rng.random(40) < 0.3] = np.nan
    found = moving_mean(values, 7)
    for index in range(40):
        last = values[max(0, index - 6) : index + 1]
        known = last[np.isfinite(last)]
        assert found[index] == pytest.approx(known.mean()) if known.size else np.isnan(found[index])


def test_the_front_is_what_no_other_betters():
    """A point is left out when another is at least as good in both and better in one."""
    points = np.array([[100, 0.5], [200, 0.7], [150, 0.4], [300, 0.7], [400, 0.9]])
    assert pareto(points, (False, True)) == [0, 1, 4]
    assert pareto(np.zeros((0, 2)), (False, True)) == []


def test_what_is_left_out_is_not_on_the_front():
    """An arm that is not allowed is never recommended as a trade-off."""
    drawing = ParetoDrawing(study())
    assert [drawing.points[at].arm.name for at in drawing.front] == ["unchanged", "precise"]
    read = drawing.read(float(np.log10(1500)), 0.55)
    assert read.title == "free"
    assert any("above 2,000 ms" in value for _, _, value in read.rows)


def test_an_alarm_is_read_in_its_hour():
    """Whoever reads the hour of an alarm is told what changed."""
    drawing = CourseDrawing("reward", quantiles(), (ALARM,))
    told = drawing.read(ALARM.at_s + HOUR_S / 4, None).rows
    assert ALARM.words in [value for _, _, value in told]


def test_observations_are_counted_from_the_first_of_all():
    """Where only the newest are drawn, their numbers are those among all."""
    drawing = ProgressDrawing(NAMES, replace(columns(100), total=5_000))
    assert (drawing.numbers[0], drawing.numbers[-1]) == (4_901, 5_000)
    assert drawing.read(4_901.0, None).title.startswith("4,901")


def test_ten_thousand_observations_are_few_marks():
    """However many there are, a picture has at most one mark a pixel, and lines are few."""
    drawing = ParallelDrawing(study(columns=columns(10_000)))
    rated = len(drawing.levels)
    assert drawing.axes[1].title == f"The newest {MOST_LINES} of {rated:,} rated"
    assert len(drawing.table()[1]) == rated
    assert len(drawing.rows) == MOST_LINES


def test_nothing_known_is_no_fault():
    """Observations without a reward, a cost or a feasible one are drawn all the same."""
    found = columns(50)
    nothing = np.full(50, np.nan)
    bare = replace(
        found, reward=nothing, cost_usd=nothing, best_so_far=nothing, feasible=np.zeros(50, bool)
    )
    drawing = ProgressDrawing(NAMES, bare)
    assert "50 observations, 50 beyond the limits" in drawing.words
    assert drawing.read(10.0, None).rows[1][2] == "not rated"
    assert ParallelDrawing(study(columns=bare)).words == ""


def test_lines_that_look_the_same_are_few():
    """Tries with the same values make a few lines on each other; what was left open makes none."""
    down = np.array([[10.0, 20.0, 30.0]] * 50 + [[10.0, 25.0, np.nan]])
    lines, alike = pieces(np.array([0.0, 100.0, 200.0]), down)
    found = dict(zip(map(tuple, lines.tolist()), alike.tolist(), strict=True))
    assert found == {
        (0.0, 10.0, 100.0, 20.0): MOST_ALIKE,
        (0.0, 10.0, 100.0, 25.0): 1,
        (100.0, 20.0, 200.0, 30.0): MOST_ALIKE,
    }
    assert len(pieces(np.array([0.0, 1.0]), np.zeros((0, 2)))[0]) == 0
