"""Where the router asks parameter analytics: neither knows the other."""

from __future__ import annotations

from engine.analytics.advising import Advice
from engine.analytics.service import ParameterAnalytics
from engine.exchange import LlmRequest, Reply
from engine.router.snapshot import ParameterChoice, Tier


class LearntParameters:
    """The router's `Advisor`: what was learnt from earlier answers."""

    def __init__(self, analytics: ParameterAnalytics) -> None:
        self._analytics = analytics

    def advise(self, request: LlmRequest, model: str, tier: Tier | None) -> LearntAdvice | None:
        """Return what to fill in; None where nothing is learnt."""
        if tier is None:
            found = self._analytics.advise(request, model, tier="", mode="")
        else:
            found = self._analytics.advise(request, model, tier=tier.name, mode=tier.parameters)
        return None if found is None else LearntAdvice(found)


class LearntAdvice:
    """The router's `Advice`."""

    def __init__(self, advice: Advice) -> None:
        self._advice = advice
        self.request = advice.request
        self.wants_words = advice.wants_words
        self.drop = advice.drop
        self.refuse = advice.refuse
        found = advice.found
        self.choice = ParameterChoice(
            id=found.id,
            mode=advice.mode,
            task_type=found.key.task_type,
            values=dict(found.suggested),
            is_applied=found.is_applied,
            why=found.why,
        )

    def over(self, reply: Reply, words: str) -> None:
        """Learn from an answer that is over."""
        self._advice.over(reply, words)
