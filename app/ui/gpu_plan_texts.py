"""What the planner says."""

from __future__ import annotations

from collections.abc import Mapping

from app.ui.gpu_texts import DASH
from app.ui.gpu_values import Plan
from app.ui.widgets.table_model import Column, Mark, Row
from engine.gpu.planner import Option, Verdict

GIB = 2**30
TERM_COLUMNS = (
    Column("Part", 130),
    Column("Size", 104, is_number=True),
    Column("What it is"),
)
OPTION_COLUMNS = (
    Column("On"),
    Column("Verdict", 208),
    Column("Needs", 100, is_number=True, tooltip="On each card"),
    Column("Missing", 100, is_number=True, tooltip="Now, on each card"),
    Column("Longest context", 118, is_number=True, tooltip="Of each slot, that would fit now"),
    Column("What helps", 232),
)
OPTION_WIDE = (3, 5)
"""The columns for which a narrow page has no room."""
TOKENS = {
    Verdict.FITS: "ok",
    Verdict.AFTER_UNLOADING: "ok",
    Verdict.WHEN_OTHERS_LEAVE: "warn",
    Verdict.TOO_LARGE: "bad",
}
USUAL_HELP = {
    Verdict.FITS: "",
    Verdict.AFTER_UNLOADING: "idle models leave by themselves",
    Verdict.WHEN_OTHERS_LEAVE: "wait in the queue until others end",
    Verdict.TOO_LARGE: "a smaller model",
}


def shape_text(plan: Plan) -> str:
    """Return what the file says of the model."""
    shape = plan.shape
    parts = [shape.name, shape.kind, f"{shape.layers} layers"]
    parts.append(f"{shape.weights_bytes / GIB:.1f} GiB of weights")
    if shape.context_tokens:
        parts.append(f"trained for {shape.context_tokens:,} tokens")
    return " \N{MIDDLE DOT} ".join(part for part in parts if part)


def verdict_text(plan: Plan) -> tuple[str, str]:
    """Return the answer in one sentence, and the token of its colour."""
    best = plan.options[0]
    need = f"{best.estimate.mib:,} MiB"
    if not plan.names:
        return f"It would need {need} of graphics memory", "text"
    where = where_text(best, plan.names)
    each = " each" if len(best.card_ids) > 1 else ""
    if best.verdict is Verdict.TOO_LARGE:
        return f"Too large for every card: it needs {need}{each}", "bad"
    return f"{best.verdict.value.capitalize()} on {where}: {need}{each}", TOKENS[best.verdict]


def help_text(option: Option) -> str:
    """Return what makes the model fit; nothing where it does."""
    return option.remedy or USUAL_HELP[option.verdict]


def where_text(option: Option, names: Mapping[str, str]) -> str:
    """Return the names of the cards."""
    return " and ".join(names.get(each, each) for each in option.card_ids)


def option_row(option: Option, names: Mapping[str, str]) -> Row:
    """Return a way to place the model."""
    count = len(option.card_ids)
    where = where_text(option, names) if count == 1 else f"split over {count} cards"
    verdict = option.verdict.value
    missing = f"{option.short_mib:,} MiB" if option.short_mib else DASH
    context = f"{option.most_context_tokens:,}" if option.most_context_tokens else DASH
    remedy = help_text(option)
    return Row(
        id=" ".join(option.card_ids),
        cells=(
            where,
            Mark(verdict, TOKENS[option.verdict]),
            f"{option.estimate.mib:,} MiB",
            missing,
            context,
            remedy,
        ),
        tooltip=f"{where}: {verdict}" + (f"; {remedy}" if remedy else ""),
    )


def term_rows(option: Option) -> list[Row]:
    """Return the parts of an estimate, and their sum."""
    terms = option.estimate.terms
    rows = [Row(each.name, (each.name, f"{each.mib:,} MiB", each.why)) for each in terms]
    whole = ("together", f"{option.estimate.mib:,} MiB", "on each card")
    return [*rows, Row("together", whole)]
