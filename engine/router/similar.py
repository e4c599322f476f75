"""Finds an earlier question that says about the same: a suggestion, never an answer."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import aclosing
from math import ceil
from typing import NamedTuple

from engine.activity import ActivityQuery, ActivityRecord
from engine.activity_log import ActivityLog
from engine.errors import EngineError
from engine.exchange import LlmRequest, Similar, Task
from engine.router.likeness import Essence, essence_of, likeness_of
from engine.router.settings import RouterSettings

_log = logging.getLogger(__name__)

MOST_KEPT = 2_000
"""Questions that are compared, 4 KB each at most: nobody looks for the answer of last year."""
MOST_READ = 5_000
"""Requests of the activity list that are looked through for them when it is switched on."""
ROUNDED = 1e-9
"""0.55 * 20 is a little more than 11."""
READ_AT_ONCE = 20
"""So many are taken in, less than a millisecond, before others have their turn."""


class _Known(NamedTuple):
    id: str
    at_s: float


class SimilarQuestions:
    """The last questions that were answered, in this run and before, of clients apart.

    For the engines' loop. Holds nothing while it is switched off.
    """

    def __init__(self, *, activity: ActivityLog) -> None:
        self.is_on = False
        self._likeness = 1.0
        self._activity = activity
        self._clears = activity.clears
        self._known: OrderedDict[Essence, _Known] = OrderedDict()
        """The oldest first; of those that are the same the last."""
        self._with_word: dict[int, set[Essence]] = {}
        self._reading: asyncio.Task[None] | None = None

    def use(self, settings: RouterSettings) -> None:
        """Begin, go on or end, as `settings` say."""
        self._likeness = settings.similar_likeness
        if settings.suggest_similar == self.is_on:
            return
        self.is_on = settings.suggest_similar
        self._forget()
        if self.is_on:
            self._reading = asyncio.create_task(self._read(), name="similar questions")

    async def ready(self) -> None:
        """Return once what was asked before has been read."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def aclose(self) -> None:
        """End what is under way. Never raises; may be called twice."""
        self.is_on, reading = False, self._reading
        self._forget()
        if reading is not None:
            await asyncio.wait([reading])

    def look(self, request: LlmRequest) -> Callable[[], Similar | None]:
        """Look for it in the loop's next turn, when `request` is on its way; return what tells it.

        Who asks earlier, as nothing had to be waited for, has it looked for at once.
        """
        found: list[Similar | None] = []

        def told() -> Similar | None:
            if not found:
                found.append(self.find(request))
            return found[0]

        asyncio.get_running_loop().call_soon(told)
        return told

    def find(self, request: LlmRequest) -> Similar | None:
        """Return the question that is most like that of `request`, or None where none is."""
        self._keep_up()
        asked = self._essence(request) if self._known else None
        if asked is None or not self._activity.keeps_texts:
            return None
        best = max(
            ((likeness_of(asked, each), self._known[each]) for each in self._near(asked)),
            key=lambda found: (found[0], found[1].at_s),
            default=None,
        )
        if best is None or best[0] < self._likeness:
            return None
        likeness, known = best
        return Similar(known.id, likeness, known.at_s)

    def note(self, request: LlmRequest, record: ActivityRecord) -> None:
        """Take in that `request` has come to the end that `record` tells."""
        self._keep_up()
        essence = self._essence(request) if _is_answered(record) else None
        if essence is not None:
            self._known.pop(essence, None)
            self._add(essence, record)

    def _essence(self, request: LlmRequest) -> Essence | None:
        # What a session remembers is part of its questions.
        is_whole = request.task is Task.CHAT and not request.session
        return essence_of(request.client, request.body) if is_whole else None

    def _near(self, asked: Essence) -> Iterator[Essence]:
        """Yield those that can be alike, each once.

        Who shares at least J n of n words has one of any n - ceil(J n) + 1 of them: the rarest are
        looked at (prefix filtering; Chaudhuri, Ganti, Kaushik 2006).
        """
        rarest = sorted(asked.words, key=lambda word: len(self._with_word.get(word, ())))
        shared = ceil(self._likeness * len(rarest) - ROUNDED)
        looked_at = rarest[: len(rarest) - shared + 1]
        found = (self._with_word[word] for word in looked_at if word in self._with_word)
        yield from set[Essence]().union(*found)

    def _add(self, essence: Essence, record: ActivityRecord) -> None:
        self._known[essence] = _Known(record.id, record.at_s)
        for word in essence.words:
            self._with_word.setdefault(word, set()).add(essence)
        if len(self._known) > MOST_KEPT:
            self._drop(self._known.popitem(last=False)[0])

    def _drop(self, essence: Essence) -> None:
        for word in essence.words:
            with_word = self._with_word[word]
            with_word.discard(essence)
            if not with_word:
                del self._with_word[word]

    def _keep_up(self) -> None:
        """Forget all that is not in the activity list any more, as the user has cleared it."""
        if self._clears != self._activity.clears:
            self._forget()

    def _forget(self) -> None:
        self._clears = self._activity.clears
        self._known.clear()
        self._with_word.clear()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _read(self) -> None:
        """Take in what was answered before, the newest first."""
        count = 0
        try:
            async with aclosing(self._activity.export(ActivityQuery(outcome="ok"))) as records:
                async for record in records:
                    count += 1
                    if count > MOST_READ or len(self._known) >= MOST_KEPT:
                        return
                    self._take(record)
                    if count % READ_AT_ONCE == 0:
                        await asyncio.sleep(0)
        except EngineError as error:
            _log.warning("Earlier questions are not suggested: %s", error)

    def _take(self, record: ActivityRecord) -> None:
        is_good = _is_answered(record) and isinstance(record.request, dict)
        essence = essence_of(record.client, record.request) if is_good else None
        if essence is not None and essence not in self._known:
            self._add(essence, record)
            self._known.move_to_end(essence, last=False)


def _is_answered(record: ActivityRecord) -> bool:
    """Tell whether there is an answer to point to that was made for this question."""
    is_good = record.status < 400 and not record.problem
    return is_good and not record.cached and bool(record.answer)
