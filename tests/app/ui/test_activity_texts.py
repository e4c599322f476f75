from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from app.ui.activity_detail import facts_of
from app.ui.activity_summary import (
    ANSWERED,
    ASKED,
    CACHED,
    FAILED,
    NAMES,
    REQUESTS,
    readings_of,
    tips_of,
)
from app.ui.activity_summary import COST as TOTAL_COST
from app.ui.activity_summary import FIRST as MEDIAN_FIRST
from app.ui.activity_texts import (
    ARROW,
    cells_of,
    elapsed_text,
    ended_s,
    kind_text,
    row_tip,
    status_look,
    time_text,
    tokens_of,
    under_way_text,
    under_way_tip,
)
from app.ui.widgets.activity_columns import COLUMNS, COST, FIRST, MODEL, STATUS, TOKENS
from app.ui.widgets.request_waterfall import axis_text, lanes_of
from engine.activity import ActivityRecord, ActivityTotals, UnderWay
from tests.app.ui.requests import GOOD, NOON_S

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


def test_the_figures_of_all_that_is_found_are_short():
    """Many tokens are told in millions, in the tip in full; what nobody knows is a dash."""
    found = ActivityTotals(5_000, 12, 1_000, 1_234_567, 9_999, 0.125, 96.0, 640.0)
    readings = readings_of(found)
    assert tuple(readings) == NAMES
    assert readings[REQUESTS] == ("5,000", "")
    assert readings[ASKED] == ("1.2", "M")
    assert readings[ANSWERED] == ("9,999", "")
    assert readings[TOTAL_COST] == ("$0.12", "")
    assert readings[MEDIAN_FIRST] == ("96", "ms")
    assert readings[CACHED] == ("20", "%")
    assert readings[FAILED] == ("0.2", "%")
    assert readings_of(replace(found, failed=0))[FAILED] == ("0", "%")
    nothing = readings_of(ActivityTotals())
    assert [nothing[name][0] for name in (TOTAL_COST, MEDIAN_FIRST, CACHED, FAILED)] == [None] * 4
    assert "1,234,567 tokens" in tips_of(found)[ASKED]
    assert "half were over after 640 ms" in tips_of(found)[MEDIAN_FIRST]


def test_what_is_under_way_says_who_was_asked_and_who_answers():
    """A tier shows the model it led to; nobody yet is said so; seconds tick in tenths."""
    waits = UnderWay("r1", NOON_S, "chat", "desk", "fast")
    comes = replace(waits, model="qwen2.5:14b", endpoint="attic")
    assert under_way_text(waits) == "fast"
    assert under_way_text(comes) == f"fast{ARROW}qwen2.5:14b"
    assert under_way_text(replace(comes, asked="qwen2.5:14b")) == "qwen2.5:14b"
    assert "No server answers yet" in under_way_tip(waits)
    assert "attic answers" in under_way_tip(comes)
    assert elapsed_text(waits, NOON_S + 2.34) == "2.3 s"
    assert elapsed_text(waits, NOON_S - 5) == "0.0 s"
    assert elapsed_text(waits, NOON_S + 125) == "2 min"


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


def test_what_is_estimated_is_told_as_about_so_many():
    """Tokens and cost of an answer whose server did not come to tell them are no exact figures."""
    left = replace(GOOD, is_estimated=True, cost_usd=0.0042)
    cells = cells_of(left, TODAY)
    assert (cells[TOKENS].text, cells[COST].text) == ("≈ 49", "≈ $0.0042")
    assert "about 9 tokens asked, 40 answered" in row_tip(left)
    facts = {name: text for name, text, _ in facts_of(left)}
    assert (facts["Tokens"], facts["Cost"]) == ("about 9 asked, 40 answered", "about $0.0042")
    assert cells_of(replace(left, cost_usd=0.0), TODAY)[COST].text == "free"
    assert "about" not in row_tip(replace(BARE, is_estimated=True))
    some = ActivityTotals(found=9, prompt_tokens=5, cost_usd=1.0, estimated=2)
    assert all("2 requests estimated" in tips_of(some)[name] for name in (ASKED, TOTAL_COST))
    assert "estimated" not in tips_of(replace(some, estimated=0))[TOTAL_COST]
