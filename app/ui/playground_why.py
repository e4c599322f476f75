"""A decision in words: what was asked, who was thought of, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.playground_texts import DOT, span_text
from app.ui.quantity_texts import count_text, counted
from engine.exchange import Attempt
from engine.router.snapshot import Candidate, Decision, Term

TERM_TOKENS = {
    "preference": "violet",
    "quality": "accent",
    "speed": "warn",
    "price": "mute",
    "health": "ok",
    "reliability": "ok",
}
OTHER_TOKEN = "dim"
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "answered": ("answered", "ok"),
    "failed": ("failed", "bad"),
    "busy": ("busy", "warn"),
    "rejected": ("refused it", "bad"),
    "abandoned": ("given up", "mute"),
}
"""What is said of an attempt, and in which colour."""
LOST: Mapping[str, str] = {
    "failed": "it failed",
    "busy": "its server was busy",
    "rejected": "its server refused",
    "abandoned": "it was slower",
}
"""What is said of the model that came first and did not answer."""
MOST_NAMES = 4
LEAST_LEAD = 0.005
"""Less than this does not show in a score of two decimals."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """Models that are out for one reason."""

    reason: str
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The names, as many as can be read at a glance."""
        shown = ", ".join(self.names[:MOST_NAMES])
        more = len(self.names) - MOST_NAMES
        return f"{shown} and {more} more" if more > 0 else shown


def term_token(name: str) -> str:
    """Return the colour of a term."""
    return TERM_TOKENS.get(name, OTHER_TOKEN)


def worth(term: Term) -> float:
    """Return what a term adds to a score."""
    return max(0.0, term.value * term.weight)


def term_text(term: Term) -> str:
    """Return a term's sum, such as "0.82 of 1 x weight 0.6"."""
    return f"{term.value:.2f} \N{MULTIPLICATION SIGN} {term.weight:.2g} = {worth(term):.2f}"


def headline(decision: Decision) -> str:
    """Return where the request went, or would go, and whose it was to choose."""
    first = decision.chosen or next(iter(decision.plan), "")
    if not first:
        return "No model can answer this"
    if not decision.chosen and not decision.outcome:
        return f"{first} would answer"
    where = f" on {decision.endpoint}" if decision.endpoint else ""
    return f"{first}{where}" if decision.chosen else "No model has answered"


def why_text(decision: Decision) -> str:
    """Return the reason for the choice in a sentence."""
    if not decision.tier:
        return f"You asked for {decision.asked}: no choice was made among models."
    ranked = included(decision)
    if not ranked:
        return f"You asked for the tier {decision.tier}; every model of it is out."
    if len(ranked) == 1:
        return f"You asked for the tier {decision.tier}: no other model can answer."
    among = counted(len(ranked), "model", "models")
    first = ranked[0].model
    if decision.chosen not in ("", first):
        return (
            f"You asked for the tier {decision.tier}: {first} is the best of {among}, but"
            f" {_lost_text(decision, first)}, so {decision.chosen} was asked."
        )
    lead = lead_text(ranked[0], ranked[1])
    return f"You asked for the tier {decision.tier}: the best of {among} that can answer{lead}."


def _lost_text(decision: Decision, model: str) -> str:
    """Return why `model`, which came first, did not answer."""
    tried = (attempt.outcome for attempt in reversed(decision.attempts) if attempt.model == model)
    return LOST.get(next(tried, ""), "it had no server free")


def lead_text(first: Candidate, second: Candidate) -> str:
    """Return by which term `first` is most ahead of `second`; "" where it is by none."""
    others = {term.name: worth(term) for term in second.terms}
    ahead = {term.name: worth(term) - others.get(term.name, 0.0) for term in first.terms}
    name = max(ahead, key=ahead.__getitem__, default="")
    if not name or ahead[name] < LEAST_LEAD:
        return ""
    return f", ahead of {second.model} by its {name}"


def needs_text(decision: Decision) -> str:
    """Return what the request needs and how long choosing took."""
    tokens = f"{count_text(decision.prompt_tokens)} + {count_text(decision.answer_tokens)} tokens"
    needs = ", ".join(decision.needs)
    took = f"chosen in {decision.routed_ms:.2g} ms" if decision.routed_ms else ""
    return DOT.join(part for part in (tokens, needs, took) if part)


def included(decision: Decision) -> tuple[Candidate, ...]:
    """Return the models that could answer, those that are tried first ahead."""
    order = {name: place for place, name in enumerate(decision.plan)}
    found = [candidate for candidate in decision.candidates if not candidate.excluded]
    found.sort(key=lambda one: (order.get(one.model, len(order)), -one.score))
    return tuple(found)


def excluded(decision: Decision) -> tuple[Excluded, ...]:
    """Return the models that are out, by their reasons."""
    by_reason: dict[str, list[str]] = {}
    for candidate in decision.candidates:
        if candidate.excluded:
            by_reason.setdefault(candidate.excluded, []).append(candidate.model)
    return tuple(Excluded(reason, tuple(names)) for reason, names in by_reason.items())


def attempt_title(attempt: Attempt) -> str:
    """Return who was tried, and whether that was beside another."""
    hedge = " (beside it)" if attempt.is_hedge else ""
    return f"{attempt.model} on {attempt.endpoint}{hedge}"


def attempt_text(attempt: Attempt) -> tuple[str, str]:
    """Return (what became of an attempt, its colour)."""
    text, token = OUTCOMES.get(attempt.outcome, (attempt.outcome, "mute"))
    took = span_text((attempt.ended_s - attempt.began_s) * 1000)
    return f"{text}, {took}", token
