"""What was learnt as texts for the Parameters page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.ui.parameters_values import NO_ARM, ParametersView, arm_token, is_removed
from app.ui.quantity_texts import count_text, latency_text, latency_words, usd_text
from app.ui.widgets.table_model import Column, Mark, Row
from engine.analytics.snapshot import (
    AlarmView,
    ArmView,
    Estimate,
    Floats,
    HeatRow,
    StudyView,
    Value,
    Values,
)

DOT = " \N{MIDDLE DOT} "
DASH = "\N{EM DASH}"
MODES = {
    "off": ("Off", "mute"),
    "suggest": ("Suggests only", "accent"),
    "automatic": ("Automatic", "ok"),
}
MODE_CHOICES = (("off", "Off"), ("suggest", "Suggest"), ("automatic", "Automatic"))
MODE_WORDS = {
    "off": "Requests are not looked at, and nothing is learnt.",
    "suggest": "Better parameters are worked out and shown here; requests go as they came.",
    "automatic": "What a request leaves open is filled in with what works best; what a client "
    "sends itself always stays.",
}
ARM_COLUMNS = (
    Column("Choice"),
    Column("Tried", 60, is_number=True, tooltip="How often it was chosen"),
    Column(
        "Mean reward", 124, is_number=True, tooltip="And where it lies with 90 % probability"
    ),
    Column("Is best", 64, is_number=True, tooltip="Probability that no other has a higher mean"),
    Column(
        "May lose", 72, is_number=True,
        tooltip="What choosing it for good would lose on average, in reward",
    ),
    Column("p95", 80, is_number=True, tooltip="95 of 100 answers took no longer"),
    Column("Cost", 80, is_number=True, tooltip="Of an answer on average"),
)  # fmt: skip

CardText = tuple[str | None, str, str]
"""Number (None: unknown), unit, note."""


def head_look(view: ParametersView) -> tuple[str, str]:
    """Return the state in a few words, and its token."""
    if view.analytics.is_paused and view.analytics.mode != "off":
        return "Paused", "warn"
    return MODES.get(view.analytics.mode, MODES["off"])


def change_look(study: StudyView | None, alarms: Sequence[AlarmView]) -> tuple[str, str, str]:
    """Return whether something has changed lately: words, token, all of it; nothing where not."""
    if study is None or not study.is_drifting or not alarms:
        return "", "warn", ""
    last = alarms[0]
    way = "rose" if last.after > last.before else "fell"
    return f"{last.measure.capitalize()} {way}", "warn", last.words


def study_text(study: StudyView | HeatRow) -> str:
    """Return what a study is called."""
    return f"{study.model}{DOT}{study.task_type}"


def value_text(value: Value) -> str:
    """Return one parameter's value."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def values_text(values: Values) -> str:
    """Return parameters in a line."""
    if not values:
        return "as the request came"
    return ", ".join(f"{name} {value_text(value)}" for name, value in values.items())


def interval_text(found: Estimate | None, digits: int = 2) -> str:
    """Return a mean and its interval, such as "0.81 (0.79 to 0.83)"; a dash if unknown."""
    if found is None:
        return DASH
    return f"{found.mean:.{digits}f} ({found.low:.{digits}f}\N{EN DASH}{found.high:.{digits}f})"


def part_text(part: float | None) -> str:
    """Return a probability in percent; a dash where it is unknown."""
    if part is None or not np.isfinite(part):
        return DASH
    percent = 100 * part
    if 0 < percent < 0.5 or 99.5 <= percent < 100:
        return "< 1 %" if percent < 50 else "> 99 %"
    return f"{percent:.0f} %"


def arm_row(number: int, arm: ArmView) -> Row:
    """Return an arm as a row of ARM_COLUMNS."""
    mean = -1.0 if arm.reward is None else arm.reward.mean
    loss, latency, cost = arm.expected_loss, arm.latency_p95_ms, arm.cost_usd
    about = [f"{arm.name}: {values_text(arm.values)}"]
    if not arm.is_allowed:
        about.append(f"Left out: {arm.reason}")
    return Row(
        id=arm.name,
        cells=(
            Mark(arm.name, NO_ARM if is_removed(arm) else arm_token(number)),
            count_text(arm.pulls),
            interval_text(arm.reward),
            part_text(None if is_removed(arm) else arm.probability_best),
            DASH if loss is None else f"{loss:.3f}",
            latency_words(latency),
            DASH if cost is None else usd_text(cost),
        ),
        order=(
            arm.name.casefold(),
            arm.pulls,
            mean,
            -1.0 if arm.probability_best is None else arm.probability_best,
            -1.0 if loss is None else loss,
            -1.0 if latency is None else latency,
            -1.0 if cost is None else cost,
        ),
        tooltip="\n".join(about),
    )


def left_out_text(arms: Sequence[ArmView]) -> str:
    """Return which arms are not allowed now, and why; empty where all are."""
    out = [arm for arm in arms if not arm.is_allowed and not is_removed(arm)]
    told = [f"{arm.name} is left out: {arm.reason}" for arm in out]
    told += [f"{arm.name} is tried no more" for arm in arms if is_removed(arm)]
    return "; ".join(told)


def decision_look(study: StudyView) -> tuple[str, str, str]:
    """Return how far a study is: words, token, and what that means."""
    if study.is_decided and study.best_arm:
        return (
            f"Decided: {study.best_arm}",
            "ok",
            "Enough is known to stop trying others; an error is possible in 5 of 100 such cases",
        )
    if study.rewards == 0:
        return "Nothing rated yet", "mute", "Ratings and other signs make rewards of answers"
    if study.usual_request:
        about = f"Shown as believed for the usual one: {study.usual_request}"
        return "By the request", "accent", f"Each request gets what suits it. {about}"
    return "Still trying", "accent", "Others may yet turn out to be better"


def arm_of(study: StudyView, name: str) -> ArmView | None:
    """Return the arm `name`; None where there is none."""
    return next((arm for arm in study.arms if arm.name == name), None)


def reward_card(study: StudyView) -> CardText:
    """Return what the best arm earns."""
    best = arm_of(study, study.best_arm)
    if best is None or best.reward is None:
        return None, "", "Nothing was rated yet"
    low, high = best.reward.low, best.reward.high
    return f"{best.reward.mean:.2f}", "of 1", f"{best.name}{DOT}90 %: {low:.2f} to {high:.2f}"


def odds_card(study: StudyView) -> CardText:
    """Return how sure it is which arm is the best."""
    best = arm_of(study, study.best_arm)
    if best is None or best.probability_best is None:
        return None, "", "Too little is known"
    number, _, unit = part_text(best.probability_best).rpartition(" ")
    of = "at the usual request" if study.usual_request else f"is the best of {len(study.arms)}"
    return number, unit, f"{best.name} {of}"


def answers_card(study: StudyView) -> CardText:
    """Return how much was observed."""
    number = study.columns.total
    note = f"{count_text(study.rewards)} rated{DOT}{count_text(study.choices)} suggested"
    return count_text(number), "answers" if number != 1 else "answer", note


def latency_card(study: StudyView) -> CardText:
    """Return how long answers take."""
    seen = study.columns.latency_ms
    seen = seen[np.isfinite(seen)]
    if seen.size == 0:
        return None, "", "No answer was timed yet"
    middle, slow = np.quantile(seen, (0.5, 0.95))
    number, unit = latency_text(float(middle))
    return number, f"{unit} typical", f"Slowest 5 %: {latency_words(float(slow))}"


def over_time(at_s: Floats, values: Floats) -> Floats:
    """Return what is known as rows of seconds and value, shape (n, 2)."""
    known = np.isfinite(values)
    return np.column_stack((at_s[known], values[known]))


def change_text(alarm: AlarmView) -> str:
    """Return what a measure was and is."""
    if alarm.measure == "latency":
        return f"{latency_words(alarm.before)} \N{RIGHTWARDS ARROW} {latency_words(alarm.after)}"
    return f"{alarm.before:.2f} \N{RIGHTWARDS ARROW} {alarm.after:.2f}"
