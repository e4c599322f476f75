"""What would fit."""

from __future__ import annotations

from engine.gpu.estimate import Load
from engine.gpu.planner import CardRoom, Verdict, options
from tests.engine.gpu.test_estimate import LLAMA

SMALL = CardRoom("small", "RTX 3060", capacity_mib=11_600, free_mib=5_000, idle_mib=3_000)
LARGE = CardRoom("large", "RTX 4090", capacity_mib=23_800, free_mib=20_000)


def test_best_comes_first():
    """Each card by itself and both together are told, those that fit now before all others."""
    found = options(LLAMA, Load(8192), [SMALL, LARGE])
    assert [(each.card_ids, each.verdict) for each in found] == [
        (("large",), Verdict.FITS),
        (("small", "large"), Verdict.FITS),
        (("small",), Verdict.AFTER_UNLOADING),
    ]
    assert found[0].short_mib == 0
    assert found[0].remedy is None
    assert found[2].short_mib == 6732 - 5000


def test_verdicts():
    """What is held by others, and what no card has, are told apart."""
    [busy] = options(LLAMA, Load(32768), [SMALL])
    assert busy.verdict is Verdict.WHEN_OTHERS_LEAVE
    [never] = options(LLAMA, Load(131072), [SMALL])
    assert never.verdict is Verdict.TOO_LARGE


def test_remedies():
    """The gentlest change that makes it fit is named: the type first, then the length."""
    room = CardRoom("a", "A", capacity_mib=24_000, free_mib=8_000)
    [kept_smaller] = options(LLAMA, Load(32768), [room])
    assert kept_smaller.remedy == "keep the context as q8_0"
    [shorter] = options(LLAMA, Load(131072), [room])
    assert shorter.remedy == f"shorten the context to {shorter.most_context_tokens} tokens"
    assert 8192 < shorter.most_context_tokens < 32768


def test_no_remedy():
    """Where not even the weights fit, nothing is promised."""
    [found] = options(LLAMA, Load(8192), [CardRoom("a", "A", capacity_mib=4000, free_mib=3000)])
    assert (found.verdict, found.remedy, found.most_context_tokens) == (Verdict.TOO_LARGE, None, 0)


def test_no_card():
    """Without a card there is no option."""
    assert options(LLAMA, Load(8192), []) == ()
