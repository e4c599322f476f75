"""What parameter analytics needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from engine.analytics.answers import WhatIf
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.search_view import SearchView
from engine.analytics.snapshot import Estimate, Value, Values
from engine.analytics.space import Space
from engine.analytics.spaces import goes_on
from engine.analytics.tried_values import Tried


@dataclass(frozen=True, slots=True)
class Prepared:
    """Parameters that the search would try now."""

    values: dict[str, Value]
    reward: Estimate | None
    why: str


@dataclass(frozen=True, slots=True)
class SearchOrder:
    """What the search looks for in one study."""

    key: StudyKey
    space: Space
    max_latency_ms: float = 0.0
    max_cost_usd: float = 0.0
    """0 is no limit."""

    def is_continued_by(self, other: SearchOrder) -> bool:
        """Tell whether `other` differs in choices alone."""
        return replace(other, space=self.space) == self and goes_on(self.space, other.space)


ENOUGH_OWN = 100
"""Answers of a study after which those of other types of task do not count any more: it then knows
itself better than they do."""


class Search(Protocol):
    """Finds parameters by Bayesian optimisation, on a thread of its own.

    All calls but two return at once, and none raises but as it says.
    """

    def learn(
        self,
        order: SearchOrder,
        observations: Sequence[Observation],
        others: Mapping[str, Sequence[Observation]] | None = None,
    ) -> None:
        """Begin a study anew with `observations`, and prepare something to try.

        others: observations of the same model's other types of task, which count as well while
        this one has few of its own.
        """
        ...

    def tell(self, order: SearchOrder, found: Observation) -> None:
        """Learn one observation more, and prepare something to try."""
        ...

    def adopt(self, order: SearchOrder) -> bool:
        """Go on with a study in a space with other choices; False where another must begin."""
        ...

    def knows(self, order: SearchOrder) -> bool:
        """Tell whether the study was begun, with this space and these limits."""
        ...

    def take(self, key: StudyKey) -> Prepared | None:
        """Return what to try now and prepare the next; None where nothing is ready yet."""
        ...

    def forget(self, key: StudyKey) -> None:
        """Let go of a study."""
        ...

    async def inspect(self, key: StudyKey, *, pair: tuple[str, str] | None) -> SearchView:
        """Return what is believed. pair: the parameters of the contour; None: the important ones.

        Raises Rejected where there is no such parameter.
        """
        ...

    async def foresee(
        self, key: StudyKey, values: Values, tried: Sequence[Tried], space: Space | None
    ) -> WhatIf:
        """Return what to expect of `values`, which may lie outside of everything.

        tried: answers of the study, oldest first; it need not have been begun. space: None where
        no parameter may be chosen. Raises Rejected for values that are none of their parameters.
        """
        ...

    async def aclose(self) -> None:
        """End the thread. Never raises; may be called twice."""
        ...


class ObservationChannel(Protocol):
    """Tells other hosts what was observed."""

    def publish(self, message: dict[str, Any]) -> None:
        """Tell the others, soon. Never raises."""
        ...

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Call `hear` with what others say, on the engines' loop, until `aclose()`."""
        ...

    async def aclose(self) -> None:
        """Listen no more. Never raises; may be called twice."""
        ...
