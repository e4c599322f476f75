"""What is known of one server, as rows for lists and tables."""

from __future__ import annotations

from app.ui.models_texts import (
    BREAKERS,
    DASH,
    KINDS,
    health_of,
    is_built_in,
    plain_reason,
    span_text,
    speed_of,
    tokens_text,
)
from app.ui.quantity_texts import count_text, counted, duration_text, size_text
from app.ui.widgets.table_model import Cell, Mark, Row
from engine.coordinator.snapshot import EndpointView
from engine.exchange import ServedModel

SPAN_S = 300.0
LOADED: dict[bool | None, Cell] = {
    True: Mark("In memory", "ok"),
    False: Mark("On disk", "mute"),
    None: DASH,
}
Facts = list[tuple[str, str, str]]


def traffic_facts(view: EndpointView, now_s: float) -> Facts:
    """Return how it answers: (name, value, meaning)."""
    health = health_of(view, now_s, SPAN_S)
    good = DASH if health is None else f"{100 * health:.1f} %"
    return [
        ("Good answers, 5 min", good, "Mean of the seconds in which somebody asked"),
        ("First token, lately", span_text(view.first_token_ms), "An average that tells peaks"),
        ("First token, slowest 5 %", span_text(view.first_token_p95_ms), "95 of 100 come sooner"),
        ("Speed", speed_of(view), "Once an answer has begun"),
        ("Requests", count_text(view.requests), "Since the start"),
        ("Failures", count_text(view.failures), "Since the start"),
        ("Told to wait (429)", count_text(view.busy_answers), "Load, not illness"),
        ("Asked as a second", count_text(view.hedges), "While another one was unusually slow"),
        ("Requests left", count_text(view.remaining_requests), "As its headers last said"),
        ("Tokens left", count_text(view.remaining_tokens), "As its headers last said"),
    ]


def standing_facts(view: EndpointView, now_s: float) -> Facts:
    """Return what and where it is, and whether it is asked: (name, value, meaning)."""
    endpoint = view.endpoint
    breaker, meaning = BREAKERS[view.breaker]
    again = DASH if view.retry_in_s is None else f"in {duration_text(max(1.0, view.retry_in_s))}"
    listed = DASH
    if view.models_at_s is not None:
        listed = f"{duration_text(max(0.0, now_s - view.models_at_s))} ago"
    facts = [
        ("Speaks", KINDS[endpoint.kind], "The API it is asked by"),
        ("Breaker", breaker, meaning),
        ("Tried again", again, "When it is left alone, or asked for a pause"),
        ("In flight", f"{view.in_flight} of {endpoint.slots}", "Under way, of its slots"),
        ("Models listed", listed, "When it last said what it has"),
    ]
    if not is_built_in(view):
        key = "In the keyring" if view.has_key else "None"
        where = "Your own machines" if endpoint.is_local else "Elsewhere"
        facts.insert(1, ("Key", key, "It is never shown"))
        facts.insert(1, ("Runs on", where, "What runs elsewhere may cost money"))
    return facts


def model_row(model: ServedModel) -> Row:
    """Return a model that a server has: name, state, context, size, what it is."""
    context = tokens_text(model.context_tokens)
    can = ", ".join(sorted(model.capabilities or ())) or DASH
    return Row(
        id=model.name,
        cells=(
            model.name,
            LOADED[model.is_loaded],
            context,
            size_text(model.size_bytes),
            model.details or DASH,
            can,
        ),
        order=(
            model.name,
            str(model.is_loaded),
            model.context_tokens or 0,
            model.size_bytes or 0,
            model.details,
            can,
        ),
        tooltip=f"{model.name}\n{can}",
    )


def last_error_text(view: EndpointView, now_s: float) -> str:
    """Return the last thing that went wrong and when; "" where nothing has."""
    if not view.last_error:
        return ""
    ago = duration_text(max(0.0, now_s - view.last_error_s)) if view.last_error_s else ""
    words = plain_reason(view, view.last_error)
    return f"Last error, {ago} ago: {words}" if ago else f"Last error: {words}"


def count_of_models(view: EndpointView) -> str:
    """Return the caption of the table of models."""
    return counted(len(view.models), "model", "models") if view.models else "Models"
