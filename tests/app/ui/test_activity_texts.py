from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from app.ui.activity_detail import facts_of
from app.ui.activity_summary import readings_of
from app.ui.activity_texts import (
    cells_of,
    ended_s,
    figures_of,
    kind_text,
    row_tip,
    status_look,
    time_text,
    tokens_of,
)
from app.ui.activity_values import ActivityFigures
from app.ui.widgets.activity_columns import COLUMNS, COST, FIRST, MODEL, STATUS, TOKENS
from app.ui.widgets.request_waterfall import axis_text, lanes_of
from engine.activity import ActivityRecord
from tests.app.ui.requests import GOOD

BARE = ActivityRecord(id="x", at_s=GOOD.at_s, kind="chat", client="", asked="")
TODAY = datetime.fromtimestamp(GOOD.at_s).astimezone().date()


def test_a_row_has_a_cell_for_each_column():
    """What was asked for stands before what answered, then the question."""
    cells = cells_of(GOOD, TODAY)
    assert len(cells) == len(COLUMNS)
    assert cells[MODEL].text == "fast → qwen2.5:14b   What's the capital of Portugal?"
    assert (cells[FIRST].text, cells[TOKENS].text, cells[COST].text) == ("91 ms", "49", "free")
    assert (cells[STATUS].text, cells[STATUS].dot) == ("Answered", "ok")


def test_what_is_not_known_is_a_dash():
    """Nobody reads a zero where nothing was measured."""
    cells = cells_of(BARE, TODAY)
    assert [cells[column].text for column in (MODEL, FIRST, TOKENS, COST)] == ["—"] * 4


def test_a_model_that_was_named_is_named_once():
    """Only where something else was asked for are there two names."""
    assert cells_of(replace(GOOD, asked=GOOD.model, question=""), TODAY)[MODEL].text == GOOD.model
    assert cells_of(replace(GOOD, model="", question=""), TODAY)[MODEL].text == "fast"


@pytest.mark.parametrize(
    ("status", "problem", "look"),
    [
        (200, "", ("Answered", "ok")),
        (200, "the stream broke off", ("Broken off", "warn")),
        (404, "no such model", ("Not found", "bad")),
        (429, "busy", ("Busy", "warn")),
        (499, "the client went away", ("Client left", "mute")),
        (503, "nobody", ("No server", "bad")),
        (418, "teapot", ("Failed", "bad")),
    ],
)
def test_a_status_is_told_in_words(status, problem, look):
    """Nobody has to know HTTP's numbers."""
    assert status_look(replace(GOOD, status=status, problem=problem)) == look


def test_a_time_tells_the_day_unless_it_is_today():
    """A request of today shows hour, minute and second, an older one its day."""
    local = datetime.fromtimestamp(GOOD.at_s).astimezone()
    assert time_text(GOOD.at_s, TODAY) == f"{local:%H:%M:%S}"
    assert time_text(GOOD.at_s, TODAY.replace(year=2027)).startswith("1 Mar ")
    assert ended_s(GOOD) - GOOD.at_s == pytest.approx(0.64)


def test_the_tip_of_a_row_tells_what_it_has_no_room_for():
    """The question, the problem and the tokens apart."""
    tip = row_tip(replace(GOOD, problem="attic says 503", cached="stale"))
    assert "9 tokens asked, 40 answered" in tip
    assert "attic says 503" in tip
    assert "older answer" in tip


def test_figures_are_of_the_rows_they_are_given():
    """Medians, shares and sums; what nobody knows counts nowhere."""
    rows = [GOOD, replace(GOOD, first_byte_ms=101.0, cached="hit"), replace(BARE, status=503)]
    found = figures_of(rows, 5_000)
    assert found == ActivityFigures(5_000, 3, 96.0, 640.0, 1, 1, 0.0, 98)
    readings = readings_of(found)
    assert readings["Found"] == ("5,000", "")
    assert readings["First token"] == ("96", "ms")
    assert readings["Failed"] == ("33", "%")
    assert readings_of(ActivityFigures())["Cost"] == (None, "")
    assert readings_of(replace(found, failed=0))["Failed"] == ("0", "%")


def test_kinds_have_names():
    """A door that has no name here is shown readably."""
    assert kind_text("messages") == "Messages (Anthropic)"
    assert kind_text("image_edit") == "Image edit"
    assert tokens_of(BARE) is None


def test_facts_leave_out_what_nobody_knows():
    """A request without client or tokens has no row for them."""
    names = [name for name, _, _ in facts_of(BARE)]
    assert "Client" not in names
    assert "Tokens" not in names
    facts = {name: value for name, value, _ in facts_of(GOOD)}
    assert facts["Speed"] == "73 tokens/s"
    assert facts["Tokens"] == "9 asked, 40 answered"


def test_the_waterfall_has_a_bar_for_each_step():
    """Choosing, then every server that was tried, each with what became of it."""
    choosing, failed, good = lanes_of(GOOD)
    assert choosing.said == "50 µs"
    assert (failed.note, failed.token) == ("attic says 503", "bad")
    assert (good.begin_ms, good.first_ms, good.end_ms) == (20.0, 91.0, 640.0)
    cached = lanes_of(replace(GOOD, attempts=(), cached="hit"))
    assert cached[-1].title == "From the cache"


def test_a_long_axis_counts_in_seconds():
    """Nobody reads 30,000 ms."""
    assert axis_text(0, 10_000, is_long=True) == "0"
    assert axis_text(10_000, 10_000, is_long=True) == "10 s"
    assert axis_text(200, 200, is_long=False) == "200 ms"
