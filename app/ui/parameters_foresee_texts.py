"""What values would lead to, in words."""

from __future__ import annotations

from collections.abc import Iterable

from app.ui.parameters_texts import CardText, arm_of, values_text
from app.ui.quantity_texts import latency_text, latency_words
from app.ui.widgets.interval_bar import Interval
from engine.analytics.answers import WhatIf
from engine.analytics.snapshot import ArmView, StudyView

WIDEST = 1.15
"""How much room the scale of latencies leaves beside the longest."""
LEFT_OPEN = "Values that are left empty stay as requests have them."
UNKNOWN = "Nothing like this was rated yet, so there is nothing to go by."


def reward_text(found: WhatIf | None) -> CardText:
    """Return the reward as number, unit and note."""
    if found is None or found.reward is None:
        return None, "", "" if found is None else "Nothing like it was rated yet"
    each = found.reward
    return f"{each.mean:.2f}", "of 1", f"90 %: {each.low:.2f} to {each.high:.2f}"


def latency_card_text(found: WhatIf | None) -> CardText:
    """Return the latency as number, unit and note."""
    if found is None or found.latency_ms is None:
        return None, "", "" if found is None else "Nothing like it was timed yet"
    each = found.latency_ms
    number, unit = latency_text(each.mean)
    low, high = latency_words(each.low), latency_words(each.high)
    ends = (low.rpartition(" "), high.rpartition(" "))
    first = ends[0][0] if ends[0][2] == ends[1][2] else low
    return number, unit, f"90 %: {first} to {high}"


def best_text(study: StudyView) -> str:
    """Return what the best choice earns and takes now; empty where none is known."""
    best = arm_of(study, study.best_arm)
    if best is None or best.reward is None:
        return ""
    took = "" if best.latency_ms is None else f", {latency_words(best.latency_ms)}"
    earned = f"{best.reward.mean:.2f}{took}"
    return (
        f"The upright line is the best choice, {best.name} ({values_text(best.values)}): {earned}"
    )


def reward_interval(found: WhatIf | None, study: StudyView | None) -> Interval | None:
    """Return the reward on a scale from 0 to 1, beside that of the best choice."""
    if found is None or found.reward is None:
        return None
    each, best = found.reward, _best(study)
    beside = None if best is None or best.reward is None else best.reward.mean
    return Interval(each.mean, each.low, each.high, 0.0, 1.0, beside)


def latency_interval(found: WhatIf | None, study: StudyView | None) -> Interval | None:
    """Return the latency on a scale from 0, beside that of the best choice."""
    if found is None or found.latency_ms is None:
        return None
    each, best = found.latency_ms, _best(study)
    beside = None if best is None else best.latency_ms
    most = WIDEST * max(each.high, beside or 0.0)
    return Interval(each.mean, each.low, each.high, 0.0, most, beside)


def warning_text(found: WhatIf | None) -> str:
    """Return what makes it a guess, in one text; empty where nothing does."""
    if found is None or not found.warnings:
        return ""
    is_known = found.reward is not None
    return f"{'Only a guess: ' if is_known else ''}{'; '.join(found.warnings)}."


def evidence_text(found: WhatIf | None) -> str:
    """Return on what the prediction stands, a line for each."""
    if found is None:
        return ""
    return "\n".join(_sentences(found.evidence or (UNKNOWN.rstrip("."),)))


def _sentences(told: Iterable[str]) -> list[str]:
    return [f"{each[:1].upper()}{each[1:]}." for each in told]


def _best(study: StudyView | None) -> ArmView | None:
    return None if study is None else arm_of(study, study.best_arm)
