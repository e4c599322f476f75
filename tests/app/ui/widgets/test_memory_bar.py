from __future__ import annotations

import pytest

from app.ui.widgets.memory_bar import HUES, BarPart, MemoryBar, MemoryLegend, look_colour

PARTS = (
    BarPart("train", 6000, "0", 4000),
    BarPart("tiny", 1, "1"),
    BarPart("Other programs", 2999, "foreign"),
    BarPart("Margin", 300, "margin"),
    BarPart("Free", 700, "free"),
)


@pytest.fixture
def bar(theme, qtbot):
    bar = MemoryBar(theme)
    qtbot.addWidget(bar)
    bar.resize(500, 22)
    bar.show_parts(PARTS)
    return bar


def test_stretches_are_as_wide_as_their_sizes(bar):
    """Each stretch has its share of the width; what is there is seen, however small."""
    found = {part.name: box for part, box in bar.stretches()}
    assert found["train"].width() == pytest.approx(299)
    assert found["tiny"].width() == 2
    assert found["Free"].right() == pytest.approx(499)


def test_who_cannot_see_it_is_told(bar):
    """The whole bar is told in words."""
    assert "train: 6,000 MiB" in bar.accessibleName()


def test_what_is_promised_and_unused_is_paler(bar):
    """The used part of a lease has its full colour, the rest a paler one."""
    picture = bar.grab().toImage()
    ratio = picture.width() / bar.width()
    used, unused = (picture.pixelColor(int(x * ratio), 11) for x in (100, 280))
    assert used != unused
    assert used.name() == look_colour(bar._theme.tokens, "0").name()


def test_the_same_parts_are_not_drawn_again(bar, count_paints):
    """Nothing is repainted where nothing has changed."""
    count = count_paints(bar)
    bar.show_parts(PARTS)
    assert count.paints == 0


def test_holders_have_different_colours(theme):
    """Each number has a colour of its own until they begin again."""
    colours = {look_colour(theme.tokens, str(number)).name() for number in range(len(HUES))}
    assert len(colours) == len(HUES)


def test_a_legend_sums_up_what_has_no_room(theme, qtbot):
    """What stands first and what is free are listed; the rest is one row."""
    legend = MemoryLegend(theme, 3)
    qtbot.addWidget(legend)
    legend.resize(200, 60)
    legend.show_parts(PARTS)
    assert [part.name for part in legend.shown()] == ["train", "3 more", "Free"]
    assert legend.shown()[1].mib == 3300
    legend.resize(640, 60)
    assert legend.shown() == PARTS


def test_a_whole_legend_grows_with_its_rows(theme, qtbot):
    """Without a limit all rows show, fewer where there is room for more columns."""
    legend = MemoryLegend(theme)
    qtbot.addWidget(legend)
    legend.resize(200, 20)
    legend.show_parts(PARTS)
    tall = legend.height()
    legend.resize(640, 20)
    legend.show_parts(PARTS[:3])
    assert (tall, legend.height()) == (100, 20)
