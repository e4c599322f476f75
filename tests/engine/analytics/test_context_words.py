"""What speaks for an arm at a request, in words."""

from __future__ import annotations

from engine.analytics.context_words import term_words, usual_words
from engine.analytics.contextual_arms import ContextualArms
from engine.analytics.request_context import FLAG, NAMES, RequestContext, vector

AT = vector(RequestContext({"length": 0.2, "tools": FLAG, "turns": 0.4, "json": FLAG}), "summary")


def test_the_terms_that_matter_are_named_the_largest_first():
    """With what they add or take; what hardly matters, and what is no feature, is not told."""
    terms = {"usual": 0.9, "unknown": 0.5, "length": 0.031, "tools": -0.12, "turns": 0.004,
             "json": 0.02, "summary": 0.015}  # fmt: skip
    assert term_words(terms, AT, "free") == (
        "what matters in this request, beside free: tools (-0.12), a prompt of about 4,000 tokens "
        "(+0.03), JSON is wanted (+0.02)"
    )
    assert term_words({"usual": 0.5, "tools": 0.001}, AT, "free") == (
        "beside free, nothing in this request makes more of a difference than usual"
    )


def test_every_entry_can_be_said():
    """Whichever matters most, there are words for it."""
    for name in NAMES[2:]:
        words = term_words({name: 0.5}, AT, "free")
        assert words.endswith("(+0.50)"), name
    assert "turn 4 of the conversation" in term_words({"turns": 0.5}, AT, "free")
    assert "no tools (+0.50)" in term_words({"tools": 0.5}, vector(None, "chat"), "free")
    assert "that it is summary" in term_words({"summary": 0.5}, AT, "free")


def test_the_usual_request_is_told():
    """Its length, its turn, and how often the rest is there."""
    policy = ContextualArms(2, seed=0)
    assert usual_words(policy) == "about 1,000 tokens, turn 1, nothing known in 100%"
    for at in (AT, vector(RequestContext({"length": 0.2, "turns": 0.4}), "summary")):
        policy.reward(0, 1.0, at)
    assert usual_words(policy) == "about 4,000 tokens, turn 4, tools in 50%, JSON wanted in 50%"
