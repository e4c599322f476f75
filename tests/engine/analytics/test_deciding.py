"""Decisions on parameters."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from engine.analytics.adapters.simulated import SimulatedSearch
from engine.analytics.deciding import Deciding
from engine.analytics.limits import limits_from
from engine.analytics.observations import AS_CAME
from engine.analytics.settings import AnalyticsSettings, RangeSettings
from engine.analytics.suggestions import Suggestions
from engine.errors import Rejected
from tests.engine.analytics.test_study import FREE, KEY, study

USUAL = AnalyticsSettings()


def deciding(**fields) -> tuple[Deciding, SimulatedSearch]:
    search = SimulatedSearch()
    settings = replace(USUAL, **fields)
    found = Deciding(
        settings=settings, search=search, suggestions=Suggestions(Random(1)), random=Random(1)
    )
    return found, search


def test_the_search_is_asked_where_it_is_ready():
    """The search is asked where it is switched on and knows the study, else an arm is taken."""
    found, search = deciding(method="search")
    assert found.for_request(study(), {}, FREE).arm == AS_CAME
    search.learn(found.order(KEY), ())
    assert found.for_request(study(), {}, FREE).arm == ""
    outside = limits_from({"temperature": (0.2, 0.2)})
    assert found.for_request(study(), {}, outside).arm == "precise"
    arms, search = deciding()
    search.learn(arms.order(KEY), ())
    assert arms.for_request(study(), {}, FREE).arm == AS_CAME


def test_what_a_request_sets_stays():
    """With a parameter of its own nothing is chosen, and the reason names it."""
    found, _ = deciding()
    chosen = found.for_request(study(), {"top_p": 0.5, "temperature": 1}, FREE)
    assert chosen.why == ("the request sets temperature and top_p itself, which stays",)
    assert not chosen.is_choice


def test_a_program_is_told_what_cannot_be():
    """Unknown names, bounds outside the settings and limits that nothing keeps are told."""
    found, _ = deciding()
    for wanted, words in (
        ({"colour": "red"}, "no such parameter"),
        ({"temperature": (1.3, 1.4)}, "nothing from"),
    ):
        with pytest.raises(Rejected, match=words):
            found.for_program(study(), limits_from(wanted))
    moved = found.for_program(study(), limits_from({"temperature": (0.45, 0.5), "top_p": 0.8}))
    assert 0.45 <= moved.values["temperature"] <= 0.5
    assert moved.values["top_p"] == 0.8


def test_nothing_to_choose():
    """Where every parameter is switched off, requests stay as they came."""
    ranges = RangeSettings(temperature=False, top_p=False)
    found, _ = deciding(ranges=ranges, method="search")
    assert found.order(KEY) is None
    assert not found.is_searching
