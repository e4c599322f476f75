"""What the user says and shows of answers, on its way to what learns parameters from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from app.chat_turns import ChatTurns
from app.chat_values import ChatEntry, EntryState, Rating
from engine.analytics.answers import Noted
from engine.analytics.rewards import RATED, Signs
from engine.analytics.snapshot import SuggestionView
from engine.errors import EngineError, Refused

_log = logging.getLogger(__name__)

SIGNS = {
    Rating.UP: Signs(thumbs="up"),
    Rating.DOWN: Signs(thumbs="down"),
    Rating.NONE: Signs(thumbs="none"),
}
LIKED = 0.5
"""A reward above it, which a program may have told, shows as a thumb up."""
SHOWN = (EntryState.DONE, EntryState.STOPPED)
"""Of an answer that failed nothing is told: it says nothing of its parameters."""


class AnswerRater(Protocol):
    """What learns from ratings. Both methods raise EngineError."""

    async def feedback(self, signs: Signs, *, suggestion_id: str) -> Noted:
        """Take in what is told of one answer."""
        ...

    async def suggestions_of(self, request_ids: Iterable[str]) -> Mapping[str, SuggestionView]:
        """Return what was suggested for requests, by their ids; others are left out."""
        ...


class ChatFeedback:
    """Rates the answers of `turns`. For the engines' loop."""

    def __init__(self, turns: ChatTurns) -> None:
        self._turns = turns
        self._in_order = asyncio.Lock()

    async def rate(self, rater: AnswerRater, key: int, rating: Rating) -> None:
        """Say what the user thinks of answer `key`; NONE takes it back. Raises EngineError."""
        entry = self._turns.entry(key)
        if entry is None or not entry.suggestion_id:
            raise Refused("That answer cannot be rated: no parameters were learnt with it")
        self._turns.note_rating(key, entry.suggestion_id, rating)
        try:
            async with self._in_order:
                await rater.feedback(SIGNS[rating], suggestion_id=entry.suggestion_id)
        except EngineError:
            now = self._turns.entry(key)
            if now is not None and now.rating is rating:
                self._turns.note_rating(key, entry.suggestion_id, entry.rating)
            raise

    async def tell(
        self, rater: AnswerRater | None, entries: Iterable[ChatEntry], signs: Signs
    ) -> None:
        """Tell what the user has done with answers; nobody waits for it, so it never raises."""
        for entry in entries:
            if rater is None or not entry.suggestion_id or entry.state not in SHOWN:
                continue
            try:
                await rater.feedback(signs, suggestion_id=entry.suggestion_id)
            except EngineError as error:
                _log.info("a sign for an answer does not count: %s", error)

    async def tell_gone(
        self, rater: AnswerRater | None, entries: Iterable[ChatEntry], signs: Signs
    ) -> None:
        """Tell `signs` of those answers that another one takes the place of by now."""
        gone = [entry for entry in entries if self._turns.entry(entry.key) is None]
        await self.tell(rater, gone, signs)

    async def recall(self, rater: AnswerRater | None) -> None:
        """Find out what was said of the answers of the open conversation. Never raises."""
        asked = [one for one in self._turns.view().entries if _may_be_rated(one)]
        if rater is None or not asked:
            return
        try:
            found = await rater.suggestions_of([one.decision_id for one in asked])
        except EngineError as error:
            _log.info("what was said of answers cannot be read: %s", error)
            return
        for one in asked:
            view = found.get(one.decision_id)
            if view is not None:
                self._turns.note_rating(one.key, view.id, _rating_in(view))


def _may_be_rated(entry: ChatEntry) -> bool:
    return entry.role == "assistant" and bool(entry.decision_id) and not entry.suggestion_id


def _rating_in(view: SuggestionView) -> Rating:
    reward = view.terms.get(RATED)
    if reward is None or reward == LIKED:
        return Rating.NONE
    return Rating.UP if reward > LIKED else Rating.DOWN
