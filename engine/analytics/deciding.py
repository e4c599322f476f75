"""Decides on parameters for requests and programs: by the search where it is ready, else an arm."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from engine.analytics.choosing import Chosen, chosen_arm, chosen_by_search, fits, left_alone
from engine.analytics.limits import Limits
from engine.analytics.observations import StudyKey
from engine.analytics.parameter_sets import spaces_of, with_bounds
from engine.analytics.ports import Prepared, Search, SearchOrder
from engine.analytics.request_context import RequestContext
from engine.analytics.settings import AnalyticsSettings, Method
from engine.analytics.snapshot import Value
from engine.analytics.space import Space
from engine.analytics.study import Study
from engine.analytics.suggestions import Suggestions
from engine.errors import Rejected

SENTENCE = "the request sets {names} itself, which stays"


class Deciding:
    """Chooses; learns nothing. For the engines' loop."""

    def __init__(
        self,
        *,
        settings: AnalyticsSettings,
        search: Search,
        suggestions: Suggestions,
        random: Random,
    ) -> None:
        self._search = search
        self._suggestions = suggestions
        self._random = random
        self._spaces = spaces_of(settings.ranges)
        self._settings = settings

    def use(self, settings: AnalyticsSettings) -> None:
        """Decide by `settings` from now on. Raises SettingsError for ranges that cannot be."""
        if settings.ranges != self._settings.ranges:  # the search knows a space by its object
            self._spaces = spaces_of(settings.ranges)
        self._settings = settings

    @property
    def space(self) -> Space | None:
        """The parameters that any model may have; None where all are switched off."""
        return self._spaces.whole

    @property
    def is_searching(self) -> bool:
        """Whether the search is asked at all."""
        return self._settings.method == Method.SEARCH and self.space is not None

    def order(self, key: StudyKey) -> SearchOrder | None:
        """Return what the search looks for in a study; None where there is nothing to look for."""
        space = self._spaces.of(key.model)
        if space is None:
            return None
        settings = self._settings
        return SearchOrder(key, space, settings.max_latency_ms, settings.max_cost_usd)

    def names(self, study: Study) -> frozenset[str]:
        """Return the parameters that are chosen in a study."""
        space = self._spaces.of(study.key.model)
        of_space = () if space is None else (each.name for each in space.parameters)
        return frozenset(of_space).union(*(each.values for each in study.live))

    def for_request(
        self,
        study: Study,
        sent: Mapping[str, Value],
        limits: Limits,
        context: RequestContext | None = None,
    ) -> Chosen:
        """Return what a request gets; it stays as it came where it has set a parameter itself."""
        id = self._suggestions.new_id()
        if study.refused:
            return left_alone(study, id, sent, study.refused)
        if sent:
            return left_alone(study, id, sent, SENTENCE.format(names=" and ".join(sorted(sent))))
        found = self._prepared(study.key, limits)
        if found is not None:
            return chosen_by_search(study, id, found)
        try:
            return chosen_arm(study, id, study.pick(limits, context))
        except Rejected as error:  # every arm is out of the limits
            return left_alone(study, id, sent, str(error))

    def for_program(self, study: Study, limits: Limits) -> Chosen:
        """Return what a program gets that asked for parameters.

        Raises Rejected where nothing keeps its limits, or one names no parameter.
        """
        self._check(study, limits)
        id = self._suggestions.new_id()
        found = self._prepared(study.key, limits)
        if found is not None:
            return chosen_by_search(study, id, found)
        excluded = study.excluded(limits)
        if len(excluded) == len(study.live) and limits.bounds:
            moved = self._moved(study, id, limits)
            if moved is not None:
                return moved
        return chosen_arm(study, id, study.pick(limits))

    def _prepared(self, key: StudyKey, limits: Limits) -> Prepared | None:
        order = self.order(key)
        if not self.is_searching or order is None or not self._search.knows(order):
            return None
        found = self._search.take(key)
        return found if found is not None and fits(limits, found) else None

    def _check(self, study: Study, limits: Limits) -> None:
        """Raise Rejected where a bound names no parameter, or contradicts the settings."""
        known = self.names(study)
        for name in limits.bounds:
            if name not in known:
                raise Rejected(
                    f"constraint {name}: there is no such parameter here; known: max_latency, "
                    f"max_cost, {', '.join(sorted(known))}",
                    param=f"constraints.{name}",
                    code="invalid_constraint",
                )
        space = self._spaces.of(study.key.model)
        if space is not None:
            with_bounds(
                space,
                {n: (b.low, b.high) for n, b in limits.bounds.items() if not b.choices},
            )

    def _moved(self, study: Study, id: str, limits: Limits) -> Chosen | None:
        """Return the values of an arm, moved into the bounds; None where an arm keeps no limit."""
        free = study.excluded(Limits(limits.max_latency_ms, limits.max_cost_usd))
        arms = [each for each in study.live if each.name not in free]
        if not arms:
            return None
        arm = self._random.choice(arms)
        values = dict(arm.values)
        for name, bound in limits.bounds.items():
            value = values.get(name)
            if bound.choices:
                values[name] = value if value in bound.choices else bound.choices[0]
            elif isinstance(value, int | float):
                values[name] = min(bound.high, max(bound.low, value))
            else:
                values[name] = self._random.uniform(bound.low, bound.high)
        why = f"no arm lies within the bounds: {arm.name} was moved into them"
        return Chosen(id, study.key, values, why=(why,))
