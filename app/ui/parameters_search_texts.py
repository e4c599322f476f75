"""What the search believes, in words."""

from __future__ import annotations

from app.ui.models_texts import sentence
from app.ui.parameters_texts import DOT, interval_text, values_text
from engine.analytics.search_view import SearchView

NOTHING = ("Nothing to draw yet", "This appears once the search has looked at enough answers.")
ONE_PARAMETER = (
    "Only one parameter is searched",
    "A map needs two: let another one be chosen under Setup.",
)
SEARCH = "search"
ARMS_TITLE = "This study uses arms"
ARMS_HINT = (
    "The search can look at the same answers, though nothing asks it: see Method under Setup."
)


def empty_text(view: SearchView | None, failure: str, method: str) -> tuple[str, str]:
    """Return title and text of the empty state: why there is nothing, and what changes that."""
    if failure:
        return "The search cannot be shown", sentence(failure)
    if view is None:
        return "Working it out", "The search is asked what it makes of this study."
    told = f"{sentence(view.reason)} Rate answers in the Playground."
    if method != SEARCH:
        return ARMS_TITLE, f"{ARMS_HINT} {told}"
    return "The search has too little to go on", told


def belief_text(view: SearchView, method: str) -> str:
    """Return the best parameters known and the next to be tried."""
    parts = [f"{view.observations:,} rated answers"]
    if view.best:
        earns = "" if view.best_reward is None else f" earns {interval_text(view.best_reward)}"
        parts.append(f"Best: {values_text(view.best)}{earns}")
    if view.next:
        parts.append(f"Next try: {values_text(view.next)}")
    told = DOT.join(parts)
    if method != SEARCH:
        return f"{told}{DOT}Requests use arms: this is what the search makes of their answers."
    return told
