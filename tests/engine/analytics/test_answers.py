"""What is answered, in words."""

from __future__ import annotations

import pytest

from engine.analytics.answers import BestView, Comparison, OffPolicyView, written
from engine.analytics.snapshot import ArmView, Estimate

NOTHING = OffPolicyView(None, 0.0, 0, "SNIPS", "too little")


def compared(sure: float) -> str:
    a, b = ArmView("precise", {"temperature": 0.2}), ArmView("free", {})
    return Comparison("m", "chat", a, b, sure, 0.0, 0.0, NOTHING, NOTHING).words


@pytest.mark.parametrize(
    ("sure", "words"),
    [
        (0.97, "precise is better than free with 97%"),
        (0.02, "free is better than precise with 98%"),
        (0.6, "too close to tell: precise is better than free with 60%"),
    ],
)
def test_a_comparison_says_no_more_than_it_knows(sure: float, words: str):
    """One is called better only where that is next to certain."""
    assert compared(sure) == words


def test_the_best_is_told_with_its_evidence():
    """What is best is told with its interval, and with what nothing is known of."""
    known = BestView(
        "m", "chat", "", {"temperature": 0.25}, Estimate(0.8, 0.7, 0.9), 500.0, 0.93, 0.01, 40, True
    )
    assert known.words == (
        "m, chat: temperature 0.25 earns 0.80 (0.70 to 0.90, 40 rewarded, best with 93%); it is "
        "safe to stop trying others"
    )
    unknown = BestView("m", "chat", "free", {}, None, None, None, None, 0, False)
    assert unknown.words == "m, chat: nothing was rewarded yet"


def test_parameters_in_words():
    """Parameters are named with few digits; none means that the server decides."""
    assert written({"temperature": 1 / 3, "stop": "x", "n": 2}) == "temperature 0.333, stop x, n 2"
    assert written({}) == "as the server does"
