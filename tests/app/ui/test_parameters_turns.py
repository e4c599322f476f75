"""Tests of the Parameters page's pictures, which are painted in turns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.parameters_panel import CHOICES, TIME, TRADEOFFS
from app.ui.widgets.plot import Plot
from app.ui.widgets.turns import Turns
from tests.app.analytics_snapshots import columns, study, view


@pytest.fixture
def panel(parameters_page):
    return parameters_page


def known(more: int):
    """Return the page's view of a study with so many answers more."""
    seen = view()
    found = study(columns=columns(500 + more), choices=500 + more)
    return replace(seen, analytics=replace(seen.analytics, studies=(found,), version=more))


@pytest.mark.parametrize("tab", [CHOICES, TIME, TRADEOFFS])
def test_a_page_that_is_saved_at_once_is_that_which_its_turns_paint(panel, tab, qtbot):
    """Who grabs a changed page does not wait: its plots look as once every turn has passed."""
    turns = panel.findChild(Turns)
    panel.tabs.setCurrentIndex(tab)
    panel.show_snapshot(known(0))
    qtbot.waitUntil(lambda: turns.waiting == 0)
    plots = [plot for plot in panel.findChildren(Plot) if plot.isVisible()]
    before = [plot.grab().toImage() for plot in plots]
    panel.show_snapshot(known(300))
    assert turns.waiting > 1
    at_once = [plot.grab().toImage() for plot in plots]
    assert any(new != old for new, old in zip(at_once, before, strict=True))
    qtbot.waitUntil(lambda: turns.waiting == 0)
    assert [plot.grab().toImage() for plot in plots] == at_once


def test_every_plot_of_the_page_takes_turns(panel):
    """No plot of the page is painted together with another, wherever it is."""
    plots = panel.findChildren(Plot)
    assert len(plots) > 8
    assert {plot._turns for plot in plots} == {panel.findChild(Turns)}
