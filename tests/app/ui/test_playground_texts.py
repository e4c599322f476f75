from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.chat_values import ChatEntry, EntryState, PlaygroundSnapshot
from app.ui.playground_texts import (
    choices,
    cost_text,
    figures_text,
    figures_tip,
    hint_text,
    label_of,
    span_text,
    state_text,
)
from engine.router.snapshot import ModelView, Tier

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LOCAL = ModelView("qwen:7b", endpoints=("Ollama",), is_local=True, tokens_per_s=48.2)
CLOUD = ModelView("opus", endpoints=("Anthropic",), capabilities=frozenset({"chat"}))
TINY = ModelView("tiny", endpoints=("built in",), is_local=True, is_embedded=True)
UNSERVED = ModelView("phi3")
EMBEDDING = ModelView("bge", endpoints=("Ollama",), capabilities=frozenset({"embedding"}))
TIERS = (
    Tier("balanced", "Balanced", "The best that is not slow"),
    Tier("embedding", requires=("embedding",)),
    Tier("long-context"),
)


def test_what_can_be_asked_is_in_groups():
    """Tiers come first, then local models, cloud models and the built-in one; no others."""
    found = choices(
        PlaygroundSnapshot(models=(TINY, CLOUD, LOCAL, UNSERVED, EMBEDDING), tiers=TIERS)
    )
    assert [(one.name, one.group) for one in found] == [
        ("balanced", "Tiers"),
        ("long-context", "Tiers"),
        ("qwen:7b", "Local models"),
        ("opus", "Cloud models"),
        ("tiny", "Built in"),
    ]
    assert found[1].label == "Long context"
    assert found[2].note == "48 tok/s"
    assert found[4].label == "Tiny built-in model"


def test_a_model_that_is_down_says_so():
    """It can still be chosen, but nobody is surprised."""
    down = ModelView("qwen:7b", endpoints=("Ollama",), is_local=True, health=0.0)
    (found,) = choices(PlaygroundSnapshot(models=(down,)))
    assert (found.note, found.is_usable) == ("down", False)


@pytest.mark.parametrize(
    ("models", "part"),
    [
        ((), "Start Ollama"),
        ((UNSERVED,), "Start Ollama"),
        ((TINY,), "tiny built-in model answers now"),
        ((TINY, LOCAL), "1 model is ready"),
        ((TINY, LOCAL, CLOUD), "2 models are ready"),
    ],
)
def test_the_empty_page_says_who_would_answer(models, part):
    """And where nobody would, or only the tiny model, what to do about it."""
    assert part in hint_text(PlaygroundSnapshot(models=models, is_ready=True))
    assert "starting" in hint_text(PlaygroundSnapshot(models=models))


def test_figures_in_a_line():
    """What is known stands there with its unit, what is not is left out."""
    figures = {
        "first_token_ms": 212.0,
        "tokens_per_s": 48.3,
        "completion_tokens": 1312.0,
        "prompt_tokens": 96.0,
        "total_ms": 6700.0,
        "cost_usd": 0.0042,
    }
    parts = figures_text(figures).split("  ·  ")
    assert parts == ["first token 212 ms", "48 tokens/s", "1,312 tokens", "6.7 s", "$0.0042"]
    assert figures_tip(figures).endswith("96 tokens were sent")
    assert figures_text({}) == figures_tip({}) == ""
    assert figures_text({"cached": 1.0, "total_ms": 3.0}) == "from the cache  ·  3 ms"


@pytest.mark.parametrize(
    ("usd", "text"), [(0, "free"), (0.25, "$0.25"), (0.00042, "$0.00042"), (2.94e-5, "$0.000029")]
)
def test_costs_are_dollars(usd, text):
    """Small sums keep two digits that count."""
    assert cost_text(usd) == text


def test_spans():
    """Below a second in milliseconds, above in seconds."""
    assert (span_text(212), span_text(3400)) == ("212 ms", "3.4 s")


def test_states_have_words():
    """Only a finished answer needs none."""
    said = {
        state: state_text(ChatEntry(1, "assistant", "", NOW, state=state))[0]
        for state in EntryState
    }
    assert said[EntryState.DONE] == said[EntryState.STREAMING] == ""
    assert all(said[state] for state in (EntryState.WAITING, EntryState.STOPPED, EntryState.FAILED))


def test_a_name_nobody_offers_stands_for_itself():
    """A conversation may have been with a model that is gone."""
    assert label_of("gone", ()) == "gone"
