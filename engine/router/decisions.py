"""Every decision is kept: the last ones here, all of them in the activity list."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from engine.activity import UnderWay
from engine.exchange import Attempt, Similar
from engine.router.plan import Plan
from engine.router.ports import Advice
from engine.router.snapshot import ContextStep, Decision, ParameterChoice

MOST_KEPT = 1_000
MOST_CANDIDATES = 16
"""Of those that are in and of those that are out: a thousand decisions are in memory."""


@dataclass(slots=True, eq=False)
class Draft:
    """A decision while its request is under way, and until somebody looks at it.

    What it says is put into words when it is read, not while a client waits.
    """

    id: str
    at: datetime
    asked: str
    task: str
    client: str
    via: str = ""
    plan: Plan | None = None
    """None where nobody knew what was asked for, and once it has been written out."""
    context: tuple[ContextStep, ...] = ()
    trail: list[Attempt] = field(default_factory=list)
    chosen: str = ""
    endpoint: str = ""
    outcome: str = ""
    routed_ms: float = 0.0
    similar: Similar | None = None
    advice: Advice | None = None
    parameters: ParameterChoice | None = None
    _final: Decision | None = None

    def under_way(self) -> UnderWay:
        """Return its request, which is not over yet. From any thread."""
        return UnderWay(
            id=self.id,
            at_s=self.at.timestamp(),
            kind=self.via,
            client=self.client,
            asked=self.asked,
            model=self.chosen,
            endpoint=self.endpoint,
        )

    def decision(self) -> Decision:
        """Return it as the world may see it. From any thread; the same once it has an outcome."""
        if self._final is not None:
            return self._final
        found = self.whole(most=MOST_CANDIDATES)
        if self.outcome:
            self._final = found
            self.plan = None  # lets go of the servers and models of that moment
        return found

    def whole(self, *, most: int | None = None) -> Decision:
        """Return it with all candidates, or with the `most` that are in and that are out."""
        plan = self.plan
        if plan is None:
            return self._final or self._decision()
        needs = plan.needs
        return self._decision(
            tier=plan.tier,
            needs=tuple(sorted(needs.capabilities)),
            prompt_tokens=needs.prompt_tokens,
            answer_tokens=needs.answer_tokens,
            candidates=plan.candidates(most=most),
            plan=tuple(plan.models),
        )

    def _decision(self, **of_plan: Any) -> Decision:
        return Decision(
            id=self.id,
            at=self.at,
            asked=self.asked,
            task=self.task,
            client=self.client,
            context=self.context,
            attempts=tuple(self.trail),
            chosen=self.chosen,
            endpoint=self.endpoint,
            outcome=self.outcome,
            routed_ms=self.routed_ms,
            similar=self.similar,
            parameters=self.parameters,
            **of_plan,
        )


class Decisions:
    """The last decisions by id. Written on the engines' loop, read from any thread."""

    def __init__(self) -> None:
        self._drafts: OrderedDict[str, Draft] = OrderedDict()

    def add(self, draft: Draft) -> None:
        """Keep `draft`; the oldest leaves."""
        self._drafts[draft.id] = draft
        if len(self._drafts) > MOST_KEPT:
            self._drafts.popitem(last=False)

    def find(self, id: str) -> Decision | None:
        """Return the decision `id`, or None where it is not among the last."""
        draft = self._drafts.get(id)
        return None if draft is None else draft.decision()

    def latest(self, count: int) -> tuple[Decision, ...]:
        """Return the last `count`, newest first."""
        while True:
            try:
                drafts = list(islice(reversed(self._drafts.values()), count))
            except RuntimeError:  # the loop added one meanwhile
                continue
            return tuple(draft.decision() for draft in drafts)


def decision_from(stored: Any) -> Decision | None:
    """Return a decision as the activity list kept it; None for what is none."""
    if stored is None or isinstance(stored, Decision):
        return stored
    try:
        plain = stored() if callable(stored) else stored
        return msgspec.convert(plain, Decision, strict=False)
    except msgspec.ValidationError:  # an older version wrote it
        return None
