"""What the optimiser makes of a study."""

from __future__ import annotations

from engine.analytics.search_view import SearchView


def test_the_most_important_parameter_is_named():
    """The parameter with the greatest share is the one that matters; there may be none."""
    view = SearchView(0.0, "m", "chat", importances={"top_p": 0.2, "temperature": 0.8})
    assert view.most_important == "temperature"
    assert SearchView(0.0, "m", "chat", reason="too little").most_important == ""
