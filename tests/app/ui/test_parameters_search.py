from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.parameters_panel import SEARCH, ParametersPanel
from app.ui.parameters_search import ParametersSearch
from app.ui.parameters_search_texts import belief_text, empty_text
from engine.analytics.search_view import SearchView
from engine.analytics.settings import AnalyticsSettings
from tests.app.analytics_snapshots import MODEL, TASK, new_study, study, view
from tests.app.search_views import contour_view, search_view

SEARCHING = AnalyticsSettings(method="search")
FEW = SearchView(1.0, MODEL, TASK, 2, reason="2 rated answers are too few: 3 are needed")


@pytest.fixture
def part(theme, qtbot):
    part = ParametersSearch(theme)
    qtbot.addWidget(part)
    part.resize(1000, 700)
    part.show()
    return part


@pytest.fixture
def asked(part):
    told = []
    part.inspect_wanted.connect(lambda *values: told.append(values))
    return told


def test_a_study_is_asked_for_when_it_shows(part, asked):
    """Once, however often it shows, until the answer is there; meanwhile the page says so."""
    part.show_study(study(), SEARCHING)
    part.show_study(study(version=2), SEARCHING)
    assert asked == [(MODEL, TASK, None)]
    assert part.empty.isVisible()
    assert "Working it out" in part.empty.text
    part.show_search(search_view())
    assert not part.empty.isVisible()
    assert part.slice.plot.drawing is not None
    assert part.map.plot.drawing is not None
    assert "Next try: temperature 0.5" in part.belief.text()


def test_what_changes_is_asked_for_after_a_rest(part, asked):
    """A study that changes all the time is looked at every few seconds."""
    part.show_study(study(), SEARCHING)
    part.show_search(search_view())
    part.show_study(study(version=2), SEARCHING)
    assert len(asked) == 1
    part._rest.stop()
    part._rest.timeout.emit()
    assert len(asked) == 2
    part.show_search(search_view())
    part._rest.stop()
    part.show_study(study(version=2), SEARCHING)
    assert len(asked) == 2
    limited = replace(SEARCHING, max_latency_ms=500.0)
    part.show_study(study(version=2), limited)
    assert len(asked) == 3


def test_while_it_is_hidden_nothing_is_asked(part, asked):
    """The rest may end while another part shows."""
    part.show_study(study(), SEARCHING)
    part.show_search(search_view())
    part.show_study(study(version=2), SEARCHING)
    part.hide()
    part._rest.timeout.emit()
    assert len(asked) == 1


def test_another_study_is_asked_for_at_once(part, asked):
    """What was known of the one before does not show, nor an answer that comes late."""
    part.show_study(study(), SEARCHING)
    part.show_search(search_view())
    part.show_study(new_study(), SEARCHING)
    assert asked[-1] == ("qwen2.5:7b", "chat", None)
    assert part.empty.isVisible()
    part.show_search(search_view())
    assert part.empty.isVisible()


def test_other_parameters_of_the_map_are_asked_for_at_once(part, asked):
    """The field offers each pair, and shows the one that is drawn."""
    part.show_study(study(), SEARCHING)
    part.show_search(search_view())
    assert part.pair.currentText() == "temperature, top_p"
    part.pair.edited.emit("top_p\nmax_tokens")
    assert asked[-1] == (MODEL, TASK, ("top_p", "max_tokens"))
    part.show_search(search_view(contour=contour_view("max_tokens", "top_p")))
    assert part.pair.currentText() == "top_p, max_tokens"


def test_the_most_important_parameter_shows_first(part):
    """Another one is drawn as it is chosen, without asking."""
    shares = {"temperature": 0.1, "top_p": 0.8, "max_tokens": 0.1}
    part.show_study(study(), SEARCHING)
    part.show_search(search_view(importances=shares))
    assert part.slice.plot.drawing.scale.name == "top_p"
    part.parameter.show_value("max_tokens")
    part.parameter.edited.emit("max_tokens")
    assert part.slice.plot.drawing.scale.name == "max_tokens"


def test_one_parameter_has_no_map(part):
    """The card says what it would take."""
    found = search_view()
    alone = {"temperature": found.slices["temperature"]}
    part.show_study(study(), SEARCHING)
    part.show_search(replace(found, slices=alone, contour=None, importances={"temperature": 1.0}))
    assert part.map.empty.isVisible()
    assert "A map needs two" in part.map.empty.text
    assert part.pair.isHidden()


def test_a_failure_is_told_where_the_plots_would_be(part, asked):
    """It is not asked again until something changes."""
    part.show_study(study(), SEARCHING)
    part.show_failure("no parameter may be chosen: switch one on")
    assert "No parameter may be chosen" in part.empty.text
    part._rest.timeout.emit()
    assert len(asked) == 1


def test_narrow_pages_put_the_plots_under_each_other(part, qtbot):
    """All of them are as tall as they need to be."""
    part.show_study(study(), SEARCHING)
    part.show_search(search_view())
    part.resize(600, 700)
    qtbot.waitUntil(lambda: part.map.y() > part.slice.y() and part.map.x() == part.slice.x())


def test_the_empty_state_is_honest():
    """It says what is missing, and that arms choose where they do."""
    assert empty_text(None, "", "search")[0] == "Working it out"
    title, text = empty_text(FEW, "", "search")
    assert title == "The search has too little to go on"
    assert text.startswith("2 rated answers are too few: 3 are needed.")
    for method in ("arms", "context"):
        assert empty_text(FEW, "", method)[0] == "This study uses arms"
    assert empty_text(FEW, "broken", "arms") == ("The search cannot be shown", "Broken.")


def test_what_is_believed_is_told_in_a_line():
    """The best with its interval, the next try, and that arms choose where they do."""
    told = belief_text(search_view(), "search")
    assert "60 rated answers" in told
    assert "Best: temperature 0.43, top_p 0.85, max_tokens 900 earns 0.80" in told
    assert "arms" not in told
    for method in ("arms", "context"):
        assert belief_text(search_view(best={}, next={}), method).endswith(
            "Requests use arms: this is what the search makes of their answers."
        )


def test_the_page_asks_for_the_study_that_shows(theme, qtbot):
    """Only while its part is open."""
    panel = ParametersPanel(theme)
    qtbot.addWidget(panel)
    told = []
    panel.inspect_wanted.connect(lambda *values: told.append(values))
    panel.show_snapshot(view())
    assert told == []
    panel.tabs.setCurrentIndex(SEARCH)
    assert told == [(MODEL, TASK, None)]
