"""What learns from ratings, for tests of the Playground."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.analytics.answers import Noted
from engine.analytics.rewards import Signs
from engine.analytics.snapshot import SuggestionView


class FakeRater:
    """Keeps what it is told; `views` are by the id of their request."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Signs]] = []
        self.views: dict[str, SuggestionView] = {}
        self.error: Exception | None = None

    async def feedback(self, signs: Signs, *, suggestion_id: str) -> Noted:
        """Take note, or fail as told."""
        if self.error:
            raise self.error
        self.told.append((suggestion_id, signs))
        return Noted(suggestion_id, "noted", 1.0, {})

    async def suggestions_of(self, request_ids: Iterable[str]) -> Mapping[str, SuggestionView]:
        """Return the views there are, or fail as told."""
        if self.error:
            raise self.error
        return {id: self.views[id] for id in request_ids if id in self.views}
