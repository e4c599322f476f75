from __future__ import annotations

import numpy as np

from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.sparkline import Sparkline
from app.ui.widgets.state_strip import StateStrip
from app.ui.widgets.tab_strip import TabStrip
from app.ui.widgets.time_chart_text import time_labels


def test_facts_come_and_go(theme, qtbot):
    """Fewer facts leave no old ones standing, and each explains itself."""
    grid = FactGrid("Facts")
    qtbot.addWidget(grid)
    grid.show()
    grid.show_facts([("Keys", "12", "Of every program"), ("Clients", "2", "")])
    grid.show_facts([("Keys", "13", "Of every program")])
    assert grid.texts == {"Keys": "13"}
    (name, value), (old_name, old_value) = grid._rows
    assert value.toolTip() == name.toolTip() == "Of every program"
    assert value.accessibleName() == "Keys: 13"
    assert old_name.isHidden()
    assert old_value.isHidden()


def test_a_strip_stays_until_it_is_told_otherwise(theme, qtbot):
    """There is nothing to dismiss: the strip goes with its reason."""
    strip = StateStrip(theme)
    qtbot.addWidget(strip)
    strip.show_text("Redis is full: raise maxmemory", "warn")
    assert not strip.isHidden()
    assert strip.accessibleName() == "Redis is full: raise maxmemory"
    strip.show_text("", "warn")
    assert strip.isHidden()
    assert strip.text == ""


def test_icons_and_tabs_follow_the_theme(theme, qtbot):
    """Switching to the light theme changes what was drawn in the dark one."""
    button, tabs = IconButton(theme, "refresh", "Refresh (F5)"), TabStrip(theme, "Parts", ("A",))
    for each in (button, tabs):
        qtbot.addWidget(each)
    assert button.accessibleName() == "Refresh"
    before = button.icon().pixmap(16).toImage(), tabs.styleSheet()
    theme.choose("light")
    assert button.icon().pixmap(16).toImage() != before[0]
    assert tabs.styleSheet() != before[1]
    theme.choose("dark")


def test_a_gauge_of_something_good_never_warns(theme, qtbot):
    """What is the better the fuller it is stays in its colour; a limit warns."""
    limit, good = Gauge(theme, "ok"), Gauge(theme, "ok", warn_at=2.0)
    for each in (limit, good):
        qtbot.addWidget(each)
    assert [limit._colour_of(part) for part in (0.5, 0.9, 0.99)] == ["ok", "warn", "bad"]
    assert [good._colour_of(part) for part in (0.5, 0.9, 0.99)] == ["ok", "ok", "ok"]


def test_a_sparkline_without_a_top_takes_the_highest_value(theme, qtbot):
    """A line of unknown range fills its height; one that is flat at the bottom is drawn too."""
    line = Sparkline(theme, "accent", low=0, high=None)
    qtbot.addWidget(line)
    line.resize(120, 40)
    line.show_points(10.0, np.array([[1.0, 0.2], [5.0, 0.4]]))
    assert line._axis() == (0, 0.4)
    line.show_points(10.0, np.array([[1.0, 0.0], [5.0, 0.0]]))
    assert line._axis() == (0, 1)
    assert not line.grab().isNull()


def test_long_charts_count_in_minutes():
    """A chart of a minute counts seconds, one of four counts minutes."""
    assert [text for _, text, _ in time_labels(60)] == ["−60 s", "−45", "−30", "−15", "now"]
    assert [text for _, text, _ in time_labels(240)] == ["−4 min", "−3", "−2", "−1", "now"]
