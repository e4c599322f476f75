from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.gpu_texts import (
    card_line,
    card_names,
    facts,
    figures,
    head_look,
    state_look,
    state_reason,
    used_briefly,
    used_text,
)
from engine.gpu.cards import CardNow, CardReading, CardState
from tests.app.ui.gpu_worlds import CARD, OTHER, PLAIN, READING, READY, gpu_view

HELD_BACK = replace(READY, reading=replace(READING, throttled_by=("power limit", "heat")))


@pytest.mark.parametrize(
    ("now", "look"),
    [
        (READY, ("Ready", "ok")),
        (HELD_BACK, ("Held back", "warn")),
        (replace(READY, state=CardState.SILENT, age_s=12.0), ("Silent for 12 s", "bad")),
        (replace(READY, state=CardState.LOST, age_s=120.0), ("Lost for 2 min", "bad")),
        (replace(READY, state=CardState.SUSPENDED), ("Asleep", "mute")),
        (replace(READY, age_s=9.0), ("Read 9 s ago", "warn")),
        (CardNow(CARD), ("Not read yet", "mute")),
    ],
)
def test_the_state_of_a_card(now, look):
    """Each state has words and a colour, and what is old says how old."""
    assert state_look(now) == look


def test_why_a_card_is_slow_or_gone():
    """The reasons are told in words; a state without one has usual words."""
    assert state_reason(HELD_BACK)[0] == "Held back by power limit and heat"
    assert state_reason(READY)[0] == ""
    lost = replace(READY, state=CardState.LOST)
    assert "comes back" in state_reason(lost)[0]
    assert state_reason(replace(lost, reason="It was pulled out"))[0] == "It was pulled out"


def test_what_is_old_says_so_at_the_number():
    """Memory that was read long ago is not shown as what is used now."""
    assert used_text(READY) == ("9.0", "of 24.0 GiB in use")
    silent = replace(READY, state=CardState.SILENT, age_s=14.0)
    assert used_text(silent) == ("9.0", "of 24.0 GiB in use, 14 s ago")
    assert used_text(CardNow(CARD)) == (None, "")


def test_figures_tell_what_they_are_measured_against():
    """Temperature stands against the slowdown, power against its limit; unknown is a dash."""
    told = {name: (value, note) for name, value, note, _ in figures(READING)}
    assert told["Temperature"] == ("71 °C", "slows at 90 °C")
    assert told["Power"] == ("310 W", "of 450 W")
    assert told["Clock"] == ("2.52 GHz", "")
    assert all(figure[1] == "\N{EM DASH}" for figure in figures(CardReading()))


@pytest.mark.parametrize(("celsius", "token"), [(84.0, "text"), (86.0, "warn")])
def test_a_hot_card_is_amber(celsius, token):
    """From 95 % of the temperature at which it slows down, the number is amber."""
    assert figures(replace(READING, temperature_c=celsius))[1][3] == token


def test_details_leave_out_what_is_not_told():
    """A detail that the card does not tell has no row."""
    names = {name: value for name, value, _ in facts(READY)}
    assert names["PCIe"] == "gen 4 \N{MULTIPLICATION SIGN} 16"
    assert names["Throttle"] == "nothing"
    assert "Fan" not in names
    assert facts(CardNow(replace(OTHER, driver=None))) == ()


def test_who_made_a_card():
    """Vendor, number and driver stand in one line."""
    assert card_line(CARD) == "NVIDIA \N{MIDDLE DOT} GPU 0 \N{MIDDLE DOT} driver 575.51"
    assert card_line(OTHER) == "AMD \N{MIDDLE DOT} GPU 1"


def test_the_head_tells_the_worst():
    """Cards that do not answer come before those that are held back."""
    lost = replace(PLAIN, state=CardState.LOST)
    assert head_look(gpu_view(READY, PLAIN).resources) == ("2 cards", "ok")
    assert head_look(gpu_view(HELD_BACK, PLAIN).resources) == ("2 cards, 1 held back", "warn")
    assert head_look(gpu_view(HELD_BACK, lost).resources) == ("2 cards, 1 not answering", "bad")
    assert head_look(gpu_view(problem="none").resources) == ("No card", "mute")


def test_cards_of_one_name_are_told_apart():
    """Tables name a card without its maker; two of the same kind have their numbers."""
    first = replace(CARD, name="NVIDIA GeForce RTX 4090")
    second = replace(first, id="GPU-5", index=3)
    names = card_names([first, second, replace(OTHER, name="AMD Radeon RX 7900 XTX")])
    assert list(names.values()) == ["RTX 4090 #0", "RTX 4090 #3", "Radeon RX 7900 XTX"]


def test_memory_in_brief():
    """A tile says what is used of how much; a dash stands where that is not told."""
    assert used_briefly(READY) == ("9.0", "of 24.0 GiB")
    assert used_briefly(CardNow(CARD)) == (None, "")
