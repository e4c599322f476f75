from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from app.ui.playground_decision import PlaygroundDecision
from app.ui.playground_why import (
    attempt_text,
    attempt_title,
    excluded,
    headline,
    included,
    needs_text,
    term_text,
    why_text,
)
from app.ui.widgets.attempt_waterfall import AttemptWaterfall
from app.ui.widgets.decision_candidate import DecisionCandidate
from engine.exchange import Attempt
from engine.router.snapshot import Candidate, ContextStep, Decision, ParameterChoice, Term

TERMS = (Term("quality", 0.9, 1.0, "MMLU-Pro 0.9"), Term("speed", 0.5, 0.6))
TRIED = (
    Attempt("LM Studio", "a", 0.0, 0.3, "failed", reason="refused"),
    Attempt("Ollama", "a", 0.3, 6.7, "answered", first_byte_s=0.5, is_hedge=True),
)
WHOLE = Decision(
    "d1",
    datetime(2026, 3, 1, tzinfo=UTC),
    "balanced",
    "chat",
    tier="balanced",
    needs=("chat", "tools"),
    prompt_tokens=1200,
    answer_tokens=1024,
    candidates=(
        Candidate("b", score=0.9, terms=TERMS),
        Candidate("a", score=1.2, terms=TERMS),
        Candidate("c", excluded="no tools"),
        Candidate("d", excluded="no tools"),
        Candidate("e", excluded="down"),
    ),
    plan=("a", "b"),
    context=(ContextStep("notes", True, "2 notes", 240), ContextStep("memory", False)),
    attempts=TRIED,
    chosen="a",
    endpoint="Ollama",
    outcome="answered",
    routed_ms=0.12,
)


def test_a_choice_that_did_not_answer_is_told():
    """Where another model answered than the best one, it is said why; nothing is claimed of it."""
    tried = (Attempt("LM Studio", "a", 0.0, 0.3, "failed"), Attempt("x", "b", 0.3, 1, "answered"))
    second = replace(WHOLE, chosen="b", endpoint="x", attempts=tried)
    said = "You asked for the tier balanced: a is the best of 2 models, but "
    assert why_text(second) == f"{said}it failed, so b was asked."
    assert why_text(replace(second, attempts=tried[1:])) == (
        f"{said}it had no server free, so b was asked."
    )


def test_the_choice_is_told_in_words():
    """Who answers, out of how many, and what spoke for it."""
    assert headline(WHOLE) == "a on Ollama"
    assert "the best of 2 models" in why_text(WHOLE)
    assert why_text(WHOLE).endswith("that can answer.")
    behind = replace(WHOLE.candidates[0], terms=(Term("quality", 0.4, 1.0), TERMS[1]))
    ahead = replace(WHOLE, candidates=(WHOLE.candidates[1], behind))
    assert why_text(ahead).endswith("ahead of b by its quality.")
    assert needs_text(WHOLE) == "1,200 + 1,024 tokens  ·  chat, tools  ·  chosen in 0.12 ms"
    assert headline(replace(WHOLE, chosen="", outcome="")) == "a would answer"
    assert headline(replace(WHOLE, chosen="", outcome="failed: all")) == "No model has answered"
    assert headline(replace(WHOLE, chosen="", plan=())) == "No model can answer this"
    assert "no choice" in why_text(replace(WHOLE, tier="", asked="a"))
    assert "every model of it is out" in why_text(replace(WHOLE, candidates=()))


def test_candidates_stand_in_the_order_of_the_plan():
    """Those that are tried come first; those that are out are gathered by their reasons."""
    assert [one.model for one in included(WHOLE)] == ["a", "b"]
    assert [(one.reason, one.text) for one in excluded(WHOLE)] == [
        ("no tools", "c, d"),
        ("down", "e"),
    ]
    many = tuple(Candidate(f"m{n}", excluded="down") for n in range(9))
    assert excluded(replace(WHOLE, candidates=many))[0].text == "m0, m1, m2, m3 and 5 more"


def test_a_term_shows_its_sum():
    """Value, weight and what they make."""
    assert term_text(TERMS[1]) == "0.50 × 0.6 = 0.30"


def test_attempts_tell_what_became_of_them():
    """With the time they took; one that ran beside another says so."""
    assert attempt_text(TRIED[0]) == ("failed, 300 ms", "bad")
    assert attempt_title(TRIED[1]) == "a on Ollama (beside it)"


def test_the_whole_decision_is_drawn(theme, qtbot):
    """Every part of it stands there; without one the page says how to get one."""
    view = PlaygroundDecision(theme)
    qtbot.addWidget(view)
    view.resize(344, 900)
    view.show()
    assert view.empty.isVisible()
    view.show_decision(WHOLE)
    assert not view.empty.isVisible()
    said = " ".join(label.text() for label in view.findChildren(QLabel))
    for part in (
        "a on Ollama",
        "Candidates",
        "Plan",
        "Attempts",
        "2 notes",
        "Off: memory",
        "c, d",
        "no tools",
    ):
        assert part in said
    rows = view.findChildren(DecisionCandidate)
    assert [row.candidate.model for row in rows] == ["a", "b"]
    assert view.findChild(AttemptWaterfall).accessibleName().startswith("Attempts: a on LM Studio")
    view.grab()


def test_terms_open_by_mouse_and_keyboard(theme, qtbot):
    """A row grows by its terms, and shrinks again."""
    row = DecisionCandidate(theme, WHOLE.candidates[0], place=2, most=1.2, is_chosen=False)
    qtbot.addWidget(row)
    row.resize(300, 200)
    row.show()
    small = row.sizeHint().height()
    QTest.keyClick(row, Qt.Key.Key_Space)
    assert row.sizeHint().height() > small
    row.grab()
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    assert row.sizeHint().height() == small
    assert "quality 0.90" in row.accessibleName()


def test_the_only_model_needs_no_score(theme, qtbot):
    """Where there was nothing to choose, that is what is said; no empty bar is drawn."""
    alone = replace(WHOLE, candidates=(Candidate("a"),))
    assert why_text(alone) == "You asked for the tier balanced: no other model can answer."
    row = DecisionCandidate(theme, alone.candidates[0], place=1, most=0.0, is_chosen=True)
    qtbot.addWidget(row)
    scored = DecisionCandidate(theme, WHOLE.candidates[0], place=1, most=1.2, is_chosen=False)
    qtbot.addWidget(scored)
    assert row.sizeHint().height() < scored.sizeHint().height()
    row.grab()


def test_parameters_that_were_chosen_are_shown_with_their_reasons(theme, qtbot):
    """What was suggested, whether it was used, why, and the id by which it is rated."""
    page = PlaygroundDecision(theme)
    qtbot.addWidget(page)
    choice = ParameterChoice(
        "sug_7", "automatic", "chat", {"temperature": 0.2}, True, ("precise earns most.",)
    )
    page.show_decision(replace(WHOLE, parameters=choice))
    told = [label.text() for label in page.findChildren(QLabel)]
    assert "Suggested: temperature 0.2, used" in told
    assert "precise earns most." in told
    assert any(text.endswith("sug_7") for text in told)
    other = PlaygroundDecision(theme)
    qtbot.addWidget(other)
    other.show_decision(WHOLE)
    assert "Parameters" not in [label.text() for label in other.findChildren(QLabel)]
