"""The choice: who is in, in which order, and what every number of it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter

from engine.router import scoring
from engine.router.constraints import passing_reason, position_in, standing_reason
from engine.router.needs import Needs
from engine.router.rows import Row
from engine.router.scoring import Weights
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
    """Return who of `shelf` can answer, the best first; equals stay in the order of servers.

    This is written out, as 200 models must be compared within 0.2 ms.
    """
    wanted, total, answer_tokens = needs.capabilities, needs.total_tokens, needs.answer_tokens
    weights, budget_usd = shelf.weights, shelf.budget_usd
    for_speed, for_price, for_health = weights.speed, weights.price, weights.health
    half_ms, half_usd = 1e3 * scoring.HALF_SPEED_S, scoring.HALF_PRICE_USD
    ranked: list[Scored] = []
    out: list[tuple[Row, str]] = []
    for seat in shelf.seats:
        row = seat.row
        cost = 0.0 if row.is_free or shelf.local_only else scoring.cost_usd(row, needs)
        if (
            not wanted <= row.capabilities
            or row.room < total
            or not row.homes
            or (budget_usd and (cost is None or cost > budget_usd))
        ):
            out.append((row, passing_reason(row, needs, cost, budget_usd)))
            continue
        track, speed = row.track, scoring.SPEED_UNKNOWN
        wait_ms = track.first_token_ms.value
        if wait_ms is None:
            wait_ms = row.first_token_ms
        each_ms = track.token_ms.value
        if each_ms is None:
            each_ms = row.token_ms
        if wait_ms is not None:
            speed = 1.0 / (1.0 + (wait_ms + answer_tokens * (each_ms or 0.0)) / half_ms)
        price = scoring.PRICE_UNKNOWN if cost is None else 1.0 / (1.0 + cost / half_usd)
        health = row.homes[0].value if len(row.homes) == 1 else row.health
        score = seat.base + for_speed * speed + for_price * price + for_health * health
        ranked.append((score, seat, speed, price, health, wait_ms, each_ms, cost))
    ranked.sort(key=itemgetter(0), reverse=True)
    return Selection(shelf, ranked, out)


def candidates_of(selection: Selection, needs: Needs) -> Iterator[Candidate]:
    """Yield everybody who was thought of with scores and reasons, the best first."""
    shelf = selection.shelf
    for scored in selection.ranked:
        terms = _terms(shelf, scored)
        yield Candidate(scored[1].row.name, "", scored[0], terms, shelf.tier.name)
    for row, reason in (*selection.out, *shelf.out):
        yield Candidate(row.name, reason, tier=shelf.tier.name)


def _terms(shelf: Shelf, scored: Scored) -> tuple[Term, ...]:
    _, seat, speed, price, health, wait_ms, each_ms, cost = scored
    weights, row, count = shelf.weights, seat.row, len(shelf.tier.models)
    position = round(count * (1.0 - seat.preference)) + 1
    cost_note = "no price known" if cost is None else f"{cost:.4g} USD" if cost else "free"
    found = (
        Term("preference", seat.preference, weights.preference, f"{position} of {count}"),
        Term("quality", seat.quality, weights.quality, scoring.quality_note(row)),
        Term("speed", speed, weights.speed, scoring.speed_note(wait_ms, each_ms)),
        Term("price", price, weights.price, cost_note),
        Term("health", health, weights.health, f"best of {len(row.homes)} servers"),
    )
    return tuple(term for term in found if term.weight)
