"""The parameters of an answer in words: what was chosen or suggested, and why."""

from __future__ import annotations

from engine.analytics.answers import written
from engine.router.snapshot import ParameterChoice

SUGGESTED = "suggest"


def choice_text(choice: ParameterChoice) -> str:
    """Return what was suggested and whether it was used: "Suggested: temperature 0.2, used"."""
    if not choice.values:
        return "Left as they came"
    used = "used" if choice.is_applied else "not used"
    return f"Suggested: {written(choice.values)}, {used}"


def reason_text(choice: ParameterChoice) -> str:
    """Return why a suggestion was not used; "" where it was, or where there was none."""
    if choice.is_applied or not choice.values:
        return ""
    if choice.mode == SUGGESTED:
        return "Parameters are only suggested here; automatic would fill them in."
    return "The request sets parameters itself."


def study_text(choice: ParameterChoice) -> str:
    """Return for which kind of task it was chosen."""
    return f"Learnt for {choice.task_type}" if choice.task_type else ""
