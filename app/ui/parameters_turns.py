"""Lets all pictures of a page be painted in turns."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.widgets.plot import Plot
from app.ui.widgets.sparkline import Sparkline
from app.ui.widgets.turns import Turns


def share_turns(page: QWidget) -> Turns:
    """Return the turns in which what changes on `page` is painted from now on."""
    turns = Turns(page)
    for plot in page.findChildren(Plot):
        plot.take_turns(turns)
    for line in page.findChildren(Sparkline):
        line.take_turns(turns)
    return turns
