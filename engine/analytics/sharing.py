"""What hosts tell each other of observations: plain tables, checked when they are heard."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from engine.analytics.learning import Learning
from engine.analytics.observation_book import ObservationBook
from engine.analytics.observations import Observation, StudyKey, kept
from engine.analytics.ports import ObservationChannel
from engine.analytics.request_context import context_from, plain_of
from engine.analytics.snapshot import Value
from engine.analytics.studies import Studies
from engine.analytics.study import matching
from engine.analytics.suggestions import LONGEST_ID
from engine.errors import EngineError

_log = logging.getLogger(__name__)

MOST_HEARD = 1_000
"""Observations of other hosts that wait to be learnt."""
VERSION = 1
LONGEST_NAME = 300
MOST_VALUES = 32
SOONEST_S = 600.0
"""Clocks of other hosts may be wrong; further ahead they are not believed."""


class _Message(msgspec.Struct, forbid_unknown_fields=False):
    """One observation. Figures out of their range are refused when they are decoded."""

    v: int
    id: str
    model: str
    task_type: str
    made_s: float
    arm: str = ""
    values: dict[str, Value] = {}
    terms: dict[str, float] = {}
    latency_ms: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None
    over_s: float | None = None
    host: str = ""
    context: Any = None
    """Read by itself: one that cannot be used does not take its observation with it."""


def message_of(found: Observation, host: str) -> dict[str, Any]:
    """Return `found` as other hosts are told it; nothing of what was asked or answered."""
    told: dict[str, Any] = msgspec.to_builtins(
        _Message(
            v=VERSION, id=found.id, model=found.key.model, task_type=found.key.task_type,
            made_s=found.made_s, arm=found.arm, values=found.values, terms=found.terms,
            latency_ms=found.latency_ms, cost_usd=found.cost_usd, tokens=found.tokens,
            over_s=found.over_s, host=host, context=plain_of(found.context),
        )
    )  # fmt: skip
    return told


def observation_in(message: dict[str, Any], now_s: float) -> Observation | None:
    """Return the observation in what another host told; None where it is none that can be used."""
    try:
        told = msgspec.convert(message, _Message, strict=True)
    except (msgspec.ValidationError, RecursionError):
        return None
    names = (told.id, told.model, told.task_type, told.arm, told.host)
    if told.v != VERSION or not told.id or not told.model or not told.task_type:
        return None
    if max(map(len, names)) > max(LONGEST_NAME, LONGEST_ID) or len(told.values) > MOST_VALUES:
        return None
    over_s = told.made_s if told.over_s is None else told.over_s
    times = (told.made_s, over_s)
    figures = (told.latency_ms or 0.0, told.cost_usd or 0.0, told.tokens or 0)
    if any(isinstance(each, float) and each != each for each in told.values.values()):
        return None
    if not all(0 <= each <= now_s + SOONEST_S for each in times):
        return None
    if not all(0 <= each < 1e12 for each in figures) or not _are_terms(told.terms):
        return None
    return Observation(
        id=told.id,
        key=StudyKey(told.model, told.task_type),
        made_s=told.made_s,
        values={name: kept(value) for name, value in told.values.items()},
        arm=told.arm,
        origin=told.host or "another host",
        terms=told.terms,
        latency_ms=told.latency_ms,
        cost_usd=told.cost_usd,
        tokens=told.tokens,
        over_s=over_s,
        context=context_from(told.context),
    )


def _are_terms(terms: dict[str, float]) -> bool:
    return len(terms) <= MOST_VALUES and all(0 <= each <= 1 for each in terms.values())


class Sharing:
    """Tells other hosts what was counted here, and learns what they tell. For the engines' loop."""

    def __init__(
        self,
        *,
        channel: ObservationChannel | None,
        learning: Learning,
        studies: Studies,
        book: ObservationBook,
        host: str,
    ) -> None:
        self._channel = channel
        self._learning = learning
        self._studies = studies
        self._book = book
        self._host = host
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MOST_HEARD)
        self._recent: dict[str, Observation] = {}
        """Heard, and perhaps not written down yet."""
        self._task: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Begin to hear. Called once, on the engines' loop."""
        if self._channel is not None:
            self._task = asyncio.create_task(self._learn_on(), name="observations heard")
            self._channel.listen(self._hear)

    async def aclose(self) -> None:
        """Hear no more. Never raises; may be called twice."""
        if self._channel is not None:
            await self._channel.aclose()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def tell(self, found: Observation) -> None:
        """Tell other hosts of an observation of this one, where that is wanted."""
        if self._channel is None or found.origin or not self._learning.settings.share:
            return
        self._channel.publish(message_of(found, self._host))
        self._learning.counts["shared"] += 1

    def _hear(self, message: dict[str, Any]) -> None:
        settings = self._learning.settings
        if not settings.share or settings.is_paused:
            return
        if self._heard.full():  # who tells more than can be learnt is not heard to the end
            self._heard.get_nowait()
        self._heard.put_nowait(message)

    async def _learn_on(self) -> None:
        while True:
            message = await self._heard.get()
            try:
                await self._learn(message)
            except EngineError as error:
                _log.warning("what another host observed is left out: %s", error)
            except Exception:  # noqa: BLE001 - the outer loop
                _log.exception("what another host observed could not be learnt")

    async def _learn(self, message: dict[str, Any]) -> None:
        found = observation_in(message, self._learning.now_s())
        if found is None:
            self._learning.counts["rejected"] += 1
            return
        study = await self._studies.get(found.key)
        known = self._recent.get(found.id) or await self._book.find(id=found.id)
        if self._learning.has_suggested(found.id) or (known is not None and not known.origin):
            return  # it is this host's own: nobody else changes it
        self._recent[found.id] = found
        if len(self._recent) > MOST_HEARD:
            del self._recent[next(iter(self._recent))]
        if known is None:
            if study.number(found.arm) is None:
                found.arm = matching(study.live, found.values)
            self._learning.hear(found)
        elif known.terms != found.terms:
            # Its host was told something else later.
            found.counted_s, found.state = known.counted_s, known.state
            self._learning.rehear(found)
