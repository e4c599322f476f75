"""The choice: who is in, in which order, and what every number of it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from engine.decimals import decimals
from engine.router import scoring
from engine.router.constraints import budget_reason, passing_reason, position_in, standing_reason
from engine.router.needs import Needs
from engine.router.rows import Row
from engine.router.scoring import (
    HALF_PRICE_USD,
    HALF_SPEED_S,
    PRICE_UNKNOWN,
    SPEED_UNKNOWN,
    Weights,
)
from engine.router.settings import RouterSettings
from engine.router.snapshot import Candidate, Term, Tier

Scored = tuple[float, "Seat", float, float, float, "float | None", "float | None", "float | None"]
"""Score, seat, the values of speed, price and health; and behind them the milliseconds to the first
token and for each further one, and the cost in USD."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A model in a tier, with what does not depend on the request."""

    row: Row
    preference: float
    quality: float
    base: float
    """The weighted sum of both."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models of a tier as long as servers, catalogue and settings stay as they are."""

    tier: Tier
    weights: Weights
    local_only: bool
    budget_usd: float
    seats: tuple[Seat, ...]
    out: tuple[tuple[Row, str], ...]
    """Those that no request gets, and why."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What one request gets of one shelf."""

    shelf: Shelf
    ranked: list[Scored]
    """The best first."""
    out: list[tuple[Row, str]]

    @property
    def rows(self) -> Iterator[Row]:
        """The models, the best first."""
        return (each[1].row for each in self.ranked)


def shelf_of(tier: Tier, rows: Iterable[Row], settings: RouterSettings, local_only: bool) -> Shelf:
    """Return the models of `tier` among `rows`."""
    weights, is_local_only = scoring.weights_of(settings, tier), local_only or tier.local_only
    seats, out = [], []
    for row in rows:
        reason = standing_reason(row, tier, local_only=is_local_only)
        if reason:
            out.append((row, reason))
            continue
        position, quality = position_in(tier, row) or 0, scoring.quality_value(row)
        preference = scoring.preference_value(position, len(tier.models))
        base = weights.preference * preference + weights.quality * quality
        seats.append(Seat(row, preference, quality, base))
    budget_usd = settings.budget_usd
    return Shelf(tier, weights, is_local_only, budget_usd, tuple(seats), tuple(out))


def select(shelf: Shelf, needs: Needs) -> Selection:
    """Return who of `shelf` can answer, the best first; equals stay in the order of servers."""
    ranked: list[Scored] = []
    out: list[tuple[Row, str]] = []
    for seat in shelf.seats:
        row = seat.row
        cost = 0.0 if row.is_free or shelf.local_only else scoring.cost_usd(row, needs)
        if shelf.budget_usd and row.is_local and budget_reason(cost, shelf.budget_usd):
            cost = 0.0  # it goes to one's own servers alone
        reason = passing_reason(row, needs, cost, shelf.budget_usd)
        if reason:
            out.append((row, reason))
        else:
            ranked.append(_scored(seat, shelf.weights, cost, needs.answer_tokens))
    ranked.sort(key=itemgetter(0), reverse=True)
    return Selection(shelf, ranked, out)


def candidates_in(selection: Selection) -> Iterator[Candidate]:
    """Yield who is in with score and terms, the best first."""
    shelf = selection.shelf
    for scored in selection.ranked:
        yield Candidate(scored[1].row.name, "", scored[0], _terms(shelf, scored), shelf.tier.name)


def candidates_out(selection: Selection) -> Iterator[Candidate]:
    """Yield who is out and why: first those that only this request excludes."""
    for row, reason in chain(selection.out, selection.shelf.out):
        yield Candidate(row.name, reason, tier=selection.shelf.tier.name)


def _scored(seat: Seat, weights: Weights, cost: float | None, answer_tokens: int) -> Scored:
    """Return the score of a model and all that it was worked out from.

    Written out where it could call for each term: 200 models are compared within 0.2 ms.
    """
    row = seat.row
    track, homes, speed = row.track, row.homes, SPEED_UNKNOWN
    wait_ms = track.first_token_ms.value
    if wait_ms is None:
        wait_ms = row.first_token_ms
    each_ms = track.token_ms.value
    if each_ms is None:
        each_ms = row.token_ms
    if wait_ms is not None:
        seconds = (wait_ms + answer_tokens * (each_ms or 0.0)) / 1e3
        speed = 1.0 / (1.0 + seconds / HALF_SPEED_S)
    price = PRICE_UNKNOWN if cost is None else 1.0 / (1.0 + cost / HALF_PRICE_USD)
    health = homes[0].value if len(homes) == 1 else row.health
    dynamic = weights.speed * speed + weights.price * price + weights.health * health
    return seat.base + dynamic, seat, speed, price, health, wait_ms, each_ms, cost


def _terms(shelf: Shelf, scored: Scored) -> tuple[Term, ...]:
    _, seat, speed, price, health, wait_ms, each_ms, cost = scored
    weights, row, count = shelf.weights, seat.row, len(shelf.tier.models)
    position = round(count * (1.0 - seat.preference)) + 1
    cost_note = "no price known" if cost is None else f"{decimals(cost, 4)} USD" if cost else "free"
    found = (
        Term("preference", seat.preference, weights.preference, f"{position} of {count}"),
        Term("quality", seat.quality, weights.quality, scoring.quality_note(row)),
        Term("speed", speed, weights.speed, scoring.speed_note(wait_ms, each_ms)),
        Term("price", price, weights.price, cost_note),
        Term("health", health, weights.health, _homes_note(row)),
    )
    return tuple(term for term in found if term.weight)


def _homes_note(row: Row) -> str:
    best = max(row.homes, key=lambda home: home.value)
    seen = "nothing known yet" if best.score is None else "by probes and traffic"
    return f"{best.name}: {seen}" if len(row.homes) == 1 else f"{best.name}, the best: {seen}"
