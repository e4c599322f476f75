from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QGuiApplication

from app.ui.widgets.copy_button import CopyButton
from app.ui.widgets.found_server import found_text
from app.ui.widgets.health_bars import BARS, SPAN_S, HealthBars, parts_of, token_of
from app.ui.widgets.picks import Picks
from app.ui.widgets.preference_list import PreferenceList
from engine.coordinator.snapshot import FoundServer
from engine.exchange import ServedModel


def test_a_bar_is_the_mean_of_its_ten_seconds():
    """The last bar is the running one; what is older than five minutes is left out."""
    points = np.array([[600.0, 0.0], [985.0, 1.0], [991.0, 1.0], [999.0, 0.5]])
    parts = parts_of(points, 999.0)
    assert parts[-1] == 0.75
    assert parts[-2] == 1.0
    assert np.isnan(parts[:-2]).all()


@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 1)), max_size=50), st.floats(1, 2000))
def test_bars_are_shares_whatever_the_clock_says(readings, now_s):
    """Between 0 and 1 or not known, as many as ever."""
    points = np.array(sorted(readings)).reshape(-1, 2)
    parts = parts_of(points, now_s)
    known = parts[~np.isnan(parts)]
    assert len(parts) == BARS
    assert ((known >= 0) & (known <= 1)).all()
    assert len(known) <= sum(now_s - SPAN_S - 10 <= at for at, _ in readings)


def test_bars_are_drawn_again_only_where_they_changed(theme, count_paints, qtbot):
    """A second later the same bars are no reason to draw."""
    bars = HealthBars(theme)
    bars.show_points(991.0, np.array([[990.0, 1.0]]))
    count = count_paints(bars)
    bars.show_points(992.0, np.array([[990.0, 1.0]]))
    QGuiApplication.processEvents()
    assert count.paints == 0


@pytest.mark.parametrize(("share", "token"), [(1.0, "ok"), (0.9, "warn"), (0.2, "bad")])
def test_bars_have_the_colour_of_their_share(share, token):
    """Green only where all was good."""
    assert token_of(share) == token


def test_a_copy_is_told(theme, qtbot):
    """The button copies what it was last given, and nothing without a text."""
    button = CopyButton(theme, "Copy the address")
    qtbot.addWidget(button)
    assert not button.isEnabled()
    button.show_text("http://here")
    with qtbot.waitSignal(button.copied):
        button.click()
    assert QGuiApplication.clipboard().text() == "http://here"


def test_what_was_found_is_told_in_two_lines():
    """Product and time, then the models, of which only the first are named."""
    models = tuple(ServedModel(f"m{number}") for number in range(10))
    found = FoundServer("http://x", True, "", "openai", "vLLM 0.11", models, 3.2)
    head, more = found_text(found)
    assert head == "vLLM 0.11 answers, in 3.2 ms."
    assert more.startswith("10 models: m0, m1")
    assert more.endswith("m7 and 2 more")
    assert found_text(FoundServer("http://x", False, "nobody answers"))[0] == "Nobody answers."
    assert "lists no models" in found_text(FoundServer("http://x", True, "", "openai"))[1]
    embedded = FoundServer("", True, "the built-in model answers (tiny)", "embedded")
    assert found_text(embedded) == ("The built-in model answers (tiny).", "")


def test_words_are_taken_and_left(qtbot):
    """In the order of the buttons, whatever order they were given in."""
    picks = Picks("Can do", ("chat", "tools", "vision"), columns=2)
    qtbot.addWidget(picks)
    picks.show_taken(("vision", "chat"))
    assert picks.taken == ("chat", "vision")
    with qtbot.waitSignal(picks.changed):
        picks.buttons["chat"].click()
    assert picks.taken == ("vision",)


def test_an_empty_preference_counts_for_nothing(theme, qtbot):
    """A row that was just added waits to be written."""
    preferences = PreferenceList(theme)
    qtbot.addWidget(preferences)
    preferences.show_patterns(("a*", "b*", "c*"))
    preferences.show_patterns(("x*",))
    with qtbot.waitSignal(preferences.changed):
        preferences.add_button.click()
    assert preferences.patterns == ("x*",)
    assert len(preferences.rows) == 2
    assert preferences.nothing.isHidden()
