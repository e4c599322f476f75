"""What a model is worth, term by term."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.router import scoring
from engine.router.settings import RouterSettings
from engine.router.snapshot import ModelEntry, Tier
from tests.engine.router.world import board, server


def row(clock, name="m", **fields):
    entries = fields.pop("entries", ())
    return board(server("s", name, **fields), clock=clock, entries=entries).rows[name]


def test_quality_is_measured_or_guessed(clock):
    """A measured quality counts; else the size is a guess, and else the place it runs at."""
    entry = ModelEntry("m", quality=0.7, quality_source="somewhere")
    measured = row(clock, entries=(entry,))
    assert scoring.quality_value(measured) == 0.7
    assert scoring.quality_note(measured) == "somewhere"
    assert scoring.quality_value(row(clock)) == scoring.NEUTRAL_LOCAL
    assert scoring.quality_value(row(clock, is_local=False)) == scoring.NEUTRAL_FOREIGN
    assert scoring.quality_note(row(clock, "m:8b")).endswith("8 billion weights")


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        # MMLU as the makers report it, for sizes that were not all used to choose the formula.
        ("llama3.2:1b", 0.493),
        ("llama3.1:8b", 0.694),
        ("qwen3:14b", 0.811),
        ("gemma2:27b", 0.752),
        ("llama3.1:70b", 0.836),
        ("llama3.1:405b", 0.873),
    ],
)
def test_guess_is_near_what_was_measured(clock, name, measured):
    """The guess by size is within a tenth of what the makers measured."""
    assert abs(scoring.quality_value(row(clock, name)) - measured) < 0.1


def test_a_tier_has_its_own_weights():
    """A tier's weights count before those of the settings; an order counts where there is one."""
    settings = RouterSettings(quality_weight=1.0, speed_weight=2.0, price_weight=3.0)
    weights = scoring.weights_of(settings, Tier("t", speed_weight=0.0))
    assert (weights.quality, weights.speed, weights.price) == (1.0, 0.0, 3.0)
    assert weights.preference == 0.0
    ordered = scoring.weights_of(settings, Tier("t", models=("a",)))
    assert ordered.preference == scoring.PREFERENCE_WEIGHT


@given(st.integers(1, 50))
def test_preference_falls_evenly(count):
    """The first of a tier's patterns is worth 1, and each further one less, none of them 0."""
    values = [scoring.preference_value(at, count) for at in range(count)]
    assert values[0] == 1.0
    assert all(a > b > 0 for a, b in pairwise(values))


def test_speed_note():
    """The note of the speed tells the numbers behind it."""
    assert scoring.speed_note(None, None) == "not tried yet"
    assert scoring.speed_note(210.4, None) == "210 ms to the first token"
    assert scoring.speed_note(210.4, 20.0) == "210 ms to the first token, 50 tokens/s"
