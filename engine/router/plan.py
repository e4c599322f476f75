"""Which models are tried for a request, one after the other, and why no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from engine.errors import EngineError, Rejected, Unreachable
from engine.router.board import Board
from engine.router.constraints import LAST_RESORT, budget_reason, passing_reason
from engine.router.names import Target
from engine.router.needs import Needs
from engine.router.rows import Row
from engine.router.scoring import cost_usd
from engine.router.selection import Selection, candidates_in, candidates_out, select
from engine.router.snapshot import Candidate

MOST_OF_A_TIER = 8
"""Models of one tier that are tried: what kept eight from answering keeps the ninth."""


class Step(NamedTuple):
    """One model that is tried."""

    row: Row
    tier: str
    """"" where a model was named."""
    local_only: bool
    """Only a server of the user's own may have the request."""


class Plan:
    """The models for one request; the next tier is looked at once the one before is used up."""

    def __init__(self, board: Board, asked: str, needs: Needs, *, local_only: bool = False) -> None:
        """Find out what `asked` means. Raises Rejected where that is nothing."""
        self.board = board
        self.asked = asked
        self.needs = needs
        self.target: Target = board.names.find(asked)
        self.local_only = local_only or board.settings.local_only
        self.selections: list[Selection] = []
        self.models: list[str] = []
        """As far as they were looked at."""
        self._last_resort: list[Row] = []
        self._short: dict[str, str] = {}
        """Why a model that is the last resort is none here."""

    @property
    def tier(self) -> str:
        """The tier that was asked for; "" where a model was named."""
        return "" if self.target.tier is None else self.target.tier.name

    def steps(self) -> Iterator[Step]:
        """Yield what is tried, in this order. To be used once.

        Raises Rejected or Unreachable where there is none at all.
        """
        only, tier = self.target.only, self.target.tier
        if only is not None:
            self._check(only)
            yield self._step(only, "", self.local_only)
        elif tier is not None:
            yield from self._through_tiers()
        else:
            family = self.board.family(self.asked, self.target, self.local_only)
            yield from self._of(select(family, self.needs))
        if not self.models:
            yield from self._unknown()
        if not self.models:
            yield from self._unusable()
        if not self.models:
            raise self._nobody()

    def candidates(self, *, most: int | None = None) -> tuple[Candidate, ...]:
        """Return who was thought of, each once: those that are in, tier by tier, then the others.

        most: of those that are in, and of those that are out; None gives all.
        """
        if self.target.only is not None:
            return (Candidate(self.target.only.name),)
        inside: dict[str, Candidate] = {}
        outside: dict[str, Candidate] = {}
        for selection in list(self.selections):
            for each in islice(candidates_in(selection), most):
                inside.setdefault(each.model, each)
        for row in self._last_resort:
            inside.setdefault(row.name, Candidate(row.name))
        for selection in list(self.selections):
            for each in candidates_out(selection):
                if each.model in self._short:
                    each = replace(each, excluded=self._short[each.model])
                if each.model not in inside:
                    outside.setdefault(each.model, each)
                if most is not None and len(outside) >= most:
                    break
        return (*islice(inside.values(), most), *islice(outside.values(), most))

    def _through_tiers(self) -> Iterator[Step]:
        assert self.target.tier is not None
        # A tier that keeps to one's own servers keeps to them also where it goes on.
        local_only = self.local_only or self.target.tier.local_only
        for tier in self.board.chain(self.target.tier):
            yield from self._of(select(self.board.shelf(tier, local_only), self.needs))
        requires = self.target.tier.requires
        for row in self.board.embedded:
            if row.name in self.models or (requires and row.capabilities.isdisjoint(requires)):
                continue
            if reason := passing_reason(row, self.needs, 0.0, 0.0):
                self._short[row.name] = reason
            else:
                self._last_resort.append(row)
                yield self._step(row, "", local_only)

    def _of(self, selection: Selection) -> Iterator[Step]:
        self.selections.append(selection)
        shelf = selection.shelf
        fresh = (row for row in selection.rows if row.name not in self.models)
        for row in list(islice(fresh, MOST_OF_A_TIER)):
            yield self._step(row, shelf.tier.name, shelf.local_only)

    def _unknown(self) -> Iterator[Step]:
        """Yield those of which nobody knows whether they can: a try is better than none."""
        for selection in self.selections:
            shelf = selection.shelf
            for row, _ in selection.out:
                can_do_task = not self.needs.capabilities.isdisjoint(row.capabilities)
                is_meant = row.is_unknown and row.is_usable and can_do_task
                if is_meant and row.room >= self.needs.total_tokens and not self._unaffordable(row):
                    yield self._step(row, shelf.tier.name, shelf.local_only)

    def _unusable(self) -> Iterator[Step]:
        """Yield those that are out only because their servers are: a try is better than none."""
        for selection in self.selections:
            shelf = selection.shelf
            for row, _ in selection.out:
                if not row.is_usable and self._fits(row) and not self._unaffordable(row):
                    yield self._step(row, shelf.tier.name, shelf.local_only)

    def _step(self, row: Row, tier: str, local_only: bool) -> Step:
        self.models.append(row.name)
        # Where the budget forbids the paid servers of a model, its free ones may still have it.
        return Step(row, tier, local_only or bool(row.is_local and self._too_dear(row)))

    def _fits(self, row: Row) -> bool:
        return self.needs.capabilities <= row.capabilities and row.room >= self.needs.total_tokens

    def _unaffordable(self, row: Row) -> str:
        return "" if row.is_local else self._too_dear(row)

    def _too_dear(self, row: Row) -> str:
        cost = 0.0 if self.local_only else cost_usd(row, self.needs)
        return budget_reason(cost, self.board.settings.budget_usd)

    def _check(self, row: Row) -> None:
        """Raise Rejected where the user forbids what was named; all else its server knows."""
        if self.local_only and not row.is_local:
            raise Rejected(
                f"{row.name} is not on a server of your own, and no other may be asked",
                status=403,
                code="not_allowed",
                param="model",
            )
        if reason := self._unaffordable(row):
            raise Rejected(f"{row.name}: {reason}", status=403, code="budget_exceeded")

    def _nobody(self) -> EngineError:
        """Return why nobody can be asked, in words for who asked."""
        name = self.asked or "the default tier"
        if not self.board.rows:
            return Unreachable(
                f"no server offers a model for {name!r}: start Ollama or LM Studio, or add a server"
            )
        passing = [reason for each in self.selections for _, reason in each.out]
        passing += self._short.values()
        standing = [reason for each in self.selections for _, reason in each.shelf.out]
        if not passing:
            words = _most_said(reason for reason in standing if reason != LAST_RESORT)
            words = words or ": start a server that has one, or add one on the Models page"
            return Rejected(
                f"no model is served for {name!r}{words}", status=404, code="model_not_found"
            )
        code = "no_suitable_model"
        if all(reason.startswith("context ") for reason in passing):
            code = "context_length_exceeded"
        elif any("USD" in reason for reason in passing):
            code = "budget_exceeded"
        return Rejected(f"no model of {name!r} can answer{_most_said(passing)}", code=code)


def _most_said(reasons: Iterable[str]) -> str:
    """Return the three reasons that were given most often, as the end of a sentence."""
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    most = sorted(counts, key=lambda each: -counts[each])[:3]
    return f": {'; '.join(most)}" if most else ""
