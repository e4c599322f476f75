"""Tests of pictures that are painted one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.ui.widgets.plot import Plot
from app.ui.widgets.plot_axes import linear_axis
from app.ui.widgets.turns import Turns


@dataclass(frozen=True, eq=False)
class Halves:
    """A field in two parts, left and right, in one colour; it notes which were drawn."""

    token: str
    drawn: list[str] = field(default_factory=list)
    axes = (linear_axis(0, 1), linear_axis(0, 1))
    legend = ()

    @property
    def words(self):
        return f"In {self.token}"

    @property
    def parts(self):
        return partial(self._half, "left"), partial(self._half, "right")

    def draw(self, canvas):
        for draw in self.parts:
            draw(canvas)

    def read(self, x, y):
        return None

    def table(self):
        return ["token"], [[self.token]]

    def _half(self, side, canvas):
        self.drawn.append(side)
        area = canvas.area
        left = area.left() if side == "left" else area.center().x()
        half = QRect(int(left), int(area.top()), int(area.width() / 2), int(area.height()))
        canvas.painter.fillRect(half, canvas.colour(self.token))


@pytest.fixture
def page(qtbot):
    page = QWidget()
    qtbot.addWidget(page)
    page.resize(400, 400)
    return page


@pytest.fixture
def turns(page):
    """Turns that pass on when a test says so."""
    turns = Turns(page)
    turns._timer.setInterval(1_000_000)
    return turns


@pytest.fixture
def plots(page, turns, theme, qtbot):
    plots = [Plot(theme, f"Plot {number}") for number in range(2)]
    for number, plot in enumerate(plots):
        plot.setParent(page)
        plot.setGeometry(0, 200 * number, 400, 200)
        plot.take_turns(turns)
        plot.show_drawing(Halves("ok"))
    page.show()
    qtbot.waitExposed(page)
    page.grab()
    return plots


def colours(plot):
    """Return the colours in the middle of both halves as grabbed now."""
    area, picture = plot.area().toRect(), plot.grab().toImage()
    y = area.center().y()
    quarter = area.width() // 4
    return [
        picture.pixelColor(x, y).name() for x in (area.left() + quarter, area.right() - quarter)
    ]


def test_no_turn_draws_more_than_a_part(plots, turns):
    """What changes together is drawn one part a turn, each plot in its turn."""
    drawings = [Halves("bad"), Halves("bad")]
    for plot, drawing in zip(plots, drawings, strict=True):
        plot.show_drawing(drawing)
    seen = []
    while turns.waiting:
        turns.pass_on()
        seen.append([list(each.drawn) for each in drawings])
    left, both = ["left"], ["left", "right"]
    assert seen == [[[], []], [[], []], [left, []], [left, left], [both, left], [both, both]]


def test_whoever_grabs_before_the_turn_gets_it_whole_and_new(plots, turns, theme):
    """A picture of a page is never of what showed before, nor of one half."""
    new = theme.tokens.colour("bad").name()
    for passed in range(5):
        plots[0].show_drawing(Halves("ok"))
        plots[0].grab()
        while turns.waiting:
            turns.pass_on()
        plots[0].show_drawing(Halves("bad"))
        for _ in range(passed):
            turns.pass_on()
        assert colours(plots[0]) == [new, new]


def test_what_is_saved_does_not_wait(plots, theme, tmp_path):
    """A file has what the plot shows next, as picture and as values."""
    plots[0].show_drawing(Halves("bad"))
    plots[0].write_csv(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "token\nbad\n"
    plots[0].write_png(tmp_path / "a.png")
    at = plots[0].area().center().toPoint() * 2
    new = theme.tokens.colour("bad").name()
    assert QImage(str(tmp_path / "a.png")).pixelColor(at).name() == new


def test_one_that_changes_faster_than_there_are_turns_is_painted(plots, turns, theme, qtbot):
    """A plot whose parts are never done in time is painted whole instead of never."""
    last = Halves("warn")
    for drawing in (Halves("ok"), Halves("bad"), last):
        plots[0].show_drawing(drawing)
        turns.pass_on()
        turns.pass_on()
    qtbot.waitUntil(lambda: last.drawn == ["left", "right"])
    assert plots[0].accessibleDescription() == "In warn"


def test_a_widget_keeps_its_turn(page, turns, qtbot):
    """Whoever asks again waits no longer, and is painted once, as asked last."""
    page.show()
    qtbot.waitExposed(page)
    told = []
    first, second = QWidget(page), QWidget(page)
    first.show()
    second.show()
    turns.ask(first, lambda: told.append("old"))
    turns.ask(second, lambda: told.append("second"))
    turns.ask(first, lambda: told.append("new"))
    turns.pass_on()
    turns.pass_on()
    assert told == ["new", "second"]
    assert turns.waiting == 0


def test_what_is_hidden_does_not_wait(page, turns):
    """A hidden widget has no turn: it is painted when it shows."""
    told = []
    turns.ask(page, lambda: told.append("hidden"))
    assert told == ["hidden"]
    assert turns.waiting == 0


def test_turns_pass_by_themselves(plots, turns, qtbot):
    """Nobody needs to do anything until all is drawn."""
    turns._timer.setInterval(1)
    drawings = [Halves("bad"), Halves("bad")]
    for plot, drawing in zip(plots, drawings, strict=True):
        plot.show_drawing(drawing)
    qtbot.waitUntil(lambda: all(each.drawn == ["left", "right"] for each in drawings))
    qtbot.waitUntil(lambda: turns.waiting == 0)
