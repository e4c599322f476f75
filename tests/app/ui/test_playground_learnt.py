from __future__ import annotations

import pytest

from app.ui.playground_learnt import choice_text, reason_text, study_text
from engine.router.snapshot import ParameterChoice


@pytest.mark.parametrize(
    ("choice", "text", "reason"),
    [
        (
            ParameterChoice("s", "automatic", "chat", {"temperature": 0.2}, is_applied=True),
            "Suggested: temperature 0.2, used",
            "",
        ),
        (
            ParameterChoice("s", "suggest", "chat", {"temperature": 0.25, "top_p": 0.9}),
            "Suggested: temperature 0.25, top_p 0.9, not used",
            "Parameters are only suggested here; automatic would fill them in.",
        ),
        (
            ParameterChoice("s", "automatic", "chat", {"temperature": 0.2}),
            "Suggested: temperature 0.2, not used",
            "The request sets parameters itself.",
        ),
        (ParameterChoice("s", "automatic", "chat"), "Left as they came", ""),
    ],
)
def test_a_choice_says_whether_it_was_used(choice, text, reason):
    """And why not, where it was not."""
    assert (choice_text(choice), reason_text(choice)) == (text, reason)


def test_a_choice_says_for_what_it_was_learnt():
    """Nothing, where the type of task is not known."""
    assert study_text(ParameterChoice("s", "suggest", "summary")) == "Learnt for summary"
    assert study_text(ParameterChoice("s", "suggest", "")) == ""
