"""Suggestions as texts for the Parameters page."""

from __future__ import annotations

from app.ui.parameters_texts import DASH, DOT, interval_text, part_text, values_text
from app.ui.quantity_texts import latency_words
from app.ui.widgets.plot_axes import moment_text
from app.ui.widgets.table_model import Column, Mark, Row
from engine.analytics.snapshot import SuggestionView

SUGGESTION_COLUMNS = (
    Column("Made", 112),
    Column("Model and task"),
    Column("What", 112),
    Column("State", 92),
    Column("Earned", 60, is_number=True, tooltip="Reward, 0 to 1"),
)
STATES = {
    "waiting": ("Waiting", "accent", "Nobody has rated the answer yet"),
    "rewarded": ("Rated", "ok", "The answer was rated"),
    "settled": ("Settled", "dim", "Nobody rated it in time: it counts with its other signs"),
    "dropped": ("Dropped", "mute", "The request failed, or its answer came from the cache"),
    "expired": ("Expired", "mute", "Too old to be rated"),
}
TERMS = {
    "rated": ("Rated", "Thumbs, or a rating from 0 to 1"),
    "json": ("Valid JSON", "Where JSON was asked for"),
    "regenerated": ("Kept", "Another answer was not asked for"),
    "edited": ("Not edited", "The answer was taken as it came"),
    "copied": ("Copied", "Somebody could use it"),
    "latency": ("Fast", "Compared with the time that has half its worth"),
    "cost": ("Cheap", "Compared with the price that has half its worth"),
}
SEARCHED = "by the search"


def state_look(found: SuggestionView) -> tuple[str, str, str]:
    """Return what became of a suggestion: words, token, and what they mean."""
    return STATES[found.state]


def suggestion_row(found: SuggestionView) -> Row:
    """Return a suggestion as a row of SUGGESTION_COLUMNS."""
    text, token, _ = state_look(found)
    study, what = f"{found.model}{DOT}{found.task_type}", found.arm or values_text(found.values)
    earned = DASH if found.rewarded is None else f"{found.rewarded:.2f}"
    return Row(
        id=found.id,
        cells=(moment_text(found.at_s), study, what, Mark(text, token), earned),
        order=(
            found.at_s,
            study.casefold(),
            what.casefold(),
            text,
            -1.0 if found.rewarded is None else found.rewarded,
        ),
        tooltip="\n".join((f"{study}: {values_text(found.values)}", *found.why)),
    )


def suggestion_facts(found: SuggestionView) -> tuple[tuple[str, str, str], ...]:
    """Return what was predicted of a suggestion, and what came of it."""
    latency = found.latency_ms
    spread = "" if latency is None else f"{latency_words(latency.mean)} ({_span(found)})"
    how = "Filled in" if found.is_applied else "Only shown"
    rows = [
        ("For", f"{found.model}{DOT}{found.task_type}", "Model and type of task"),
        ("Used", how, "Whether the request went with it"),
        ("Predicted reward", interval_text(found.reward), "With 90 % probability"),
        ("Predicted latency", spread or DASH, "With 90 % probability"),
    ]
    odds = part_text(found.propensity) if found.propensity is not None else SEARCHED
    rows.append(("Chosen with", odds, "The probability with which it was chosen, or by what"))
    if found.rewarded is not None:
        rows.append(("Earned", f"{found.rewarded:.2f}", "Reward, 0 to 1"))
    rows.append(("Id", found.id, "For /v1/feedback"))
    return tuple(rows)


def term_facts(found: SuggestionView) -> tuple[tuple[str, str, str], ...]:
    """Return the signs that are known of an answer, each 0 (bad) to 1 (good)."""
    rows = []
    for name, value in found.terms.items():
        label, meaning = TERMS.get(name, (name, ""))
        filled = round(10 * min(1.0, max(0.0, value)))
        bar = "\N{BLACK SQUARE}" * filled + "\N{WHITE SQUARE}" * (10 - filled)
        rows.append((label, f"{bar}  {value:.2f}", meaning))
    return tuple(rows)


def _span(found: SuggestionView) -> str:
    assert found.latency_ms is not None
    low, high = latency_words(found.latency_ms.low), latency_words(found.latency_ms.high)
    return f"{low}\N{EN DASH}{high}"
