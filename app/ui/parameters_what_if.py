"""What would have been, had one choice always been made: asked of the engine, told in words."""

from __future__ import annotations

from app.ui.parameters_texts import interval_text
from engine.analytics.answers import Comparison, OffPolicyView
from engine.analytics.snapshot import StudyView

HINT = "Pick a choice: what if it had always been made?"
REMOVED = "What {name} has earned stays, and comes back with it."


def rival_of(study: StudyView, name: str) -> str:
    """Return the arm that `name` is compared with: the best, or of the others the best."""
    if name != study.best_arm and study.best_arm:
        return study.best_arm
    others = [arm for arm in study.arms if arm.name != name and arm.probability_best is not None]
    found = max(others, key=lambda arm: arm.probability_best or 0.0, default=None)
    return "" if found is None else found.name


def what_if_lines(found: Comparison) -> tuple[str, str]:
    """Return what choosing the first arm for good would have earned, and whether it is better."""
    words = found.words[:1].upper() + found.words[1:]
    return _earned(found.a.name, found.off_policy_a), f"{words}."


def _earned(name: str, found: OffPolicyView) -> str:
    if found.reward is None:
        why = f": {found.refusal}" if found.refusal else ""
        return f"What {name} would have earned alone cannot be said{why}."
    counted = f"as from {found.effective_samples:,.0f} answers of {found.observations:,}"
    return f"{name} alone would have earned {interval_text(found.reward)}, {counted}."
