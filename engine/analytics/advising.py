"""Requests on their way: what is filled in, and what their answers tell by themselves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from engine.analytics.choosing import Chosen
from engine.analytics.learning import Learning
from engine.analytics.limits import Bound, Limits
from engine.analytics.observations import Observation, kept
from engine.analytics.request_context import RequestContext
from engine.analytics.rewards import Signs
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import Value
from engine.analytics.task_types import wants_json
from engine.exchange import LlmRequest, Reply

ALIASES: Mapping[str, tuple[str, ...]] = {"max_tokens": ("max_completion_tokens",)}
"""Other names of parameters: a client that uses one has set the parameter."""
NATIVE_BOUNDS = {"temperature": Bound(0.0, 1.0, is_required=False)}
"""Of Anthropic's dialect."""
STAYS_OPEN = Bound(low=1.0, high=0.0, is_required=False)
NATIVE_NAMES = frozenset({"temperature", "top_p", "top_k", "max_tokens"})
ODD = "(odd)"
"""Stands for a value that is none; the server will say so."""
CALLS = frozenset({"tool_calls", "function_call", "tool_use"})
"""Reasons why an answer ended that has another form than words."""
LONGEST_JSON = 30_000
"""Characters; the router keeps no more words than a few more than this."""
AGAIN_S = 900.0
"""The same question asked again within this time in a session: the answer was not good enough."""
MOST_REMEMBERED = 2_000


class Advice:
    """Parameters for one request to one model; told what became of them."""

    def __init__(
        self, found: Observation, request: LlmRequest, learning: Learning, *, mode: str = ""
    ) -> None:
        self.found = found
        self.mode = mode
        self.request = request
        self._learning = learning
        self.wants_words = wants_json(request.body)
        self.refused: Callable[[Observation, str], None] | None = None

    def drop(self) -> None:
        """Nobody answered."""
        self._learning.drop(self.found)

    def refuse(self, reason: str) -> None:
        """The model does not take the parameters."""
        self._learning.drop(self.found)
        if self.refused is not None:
            self.refused(self.found, reason)

    def over(self, reply: Reply, words: str) -> None:
        """Learn what the answer tells by itself; one that broke off tells nothing."""
        if reply.problem:
            self._learning.drop(self.found)
            return
        self._learning.over(self.found, signs_of(reply, words if self.wants_words else None))


def sent_values(body: Mapping[str, Any], names: frozenset[str]) -> dict[str, Value]:
    """Return the parameters of `names` that a client has set itself."""
    found: dict[str, Value] = {}
    for name in names:
        for each in (name, *ALIASES.get(name, ())):
            value = body.get(each)
            if value is not None:
                found[name] = kept(value) if isinstance(value, int | float | str) else ODD
    return found


def limits_of(request: LlmRequest, settings: AnalyticsSettings, names: frozenset[str]) -> Limits:
    """Return what parameters of `names` must keep for `request`."""
    bounds = {} if request.native is None else native_bounds(names)
    return Limits(settings.max_latency_ms, settings.max_cost_usd, bounds)


def native_bounds(names: frozenset[str]) -> dict[str, Bound]:
    """Return what parameters may be in Anthropic's dialect; those it does not know stay open."""
    open_ = dict.fromkeys(names - NATIVE_NAMES, STAYS_OPEN)
    return {**open_, **NATIVE_BOUNDS}


def filled_in(request: LlmRequest, values: Mapping[str, Value]) -> LlmRequest:
    """Return `request` with `values` where it leaves them open; the same object for none."""
    if not values:
        return request
    native = request.native
    if native is not None:
        known = {name: value for name, value in values.items() if name in NATIVE_NAMES}
        native = replace(native, body={**known, **native.body})
    return replace(request, body={**request.body, **values}, native=native)


def signs_of(reply: Reply, words: str | None) -> Signs:
    """Return what an answer tells by itself. words: where JSON was asked for.

    An answer from the cache, or that its client left, took no time of its own; of one that was
    left, and of one that calls a tool, nobody can say whether its words are JSON.
    """
    is_text = reply.finish_reason != "" and reply.finish_reason not in CALLS
    is_whole = not reply.cached and reply.finish_reason != "" and reply.ended_s is not None
    usage = reply.usage
    return Signs(
        is_json=_is_json(words) if words is not None and is_text else None,
        latency_ms=max(0.0, reply.ended_s * 1e3) if is_whole and reply.ended_s else None,
        cost_usd=None if reply.cached else reply.cost_usd,
        tokens=None if usage is None or not is_whole else usage.completion_tokens,
    )


Mark = tuple[str, str, int]
"""Of a question in its session."""


def mark_of(request: LlmRequest) -> Mark | None:
    """Return by what the same question is known again; None where nobody could tell."""
    if not request.session or not request.messages:
        return None
    return request.client, request.session, hash(_encode(request.messages))


class Repeats:
    """Notices a question that is asked again in its session. For one thread."""

    def __init__(self) -> None:
        self._asked: OrderedDict[Mark, tuple[float, Observation]] = OrderedDict()

    def earlier(self, mark: Mark | None, now_s: float) -> Observation | None:
        """Return the suggestion for the same question just before, where it was answered."""
        found = None if mark is None else self._asked.get(mark)
        if found is None or now_s - found[0] > AGAIN_S or found[1].over_s is None:
            return None
        return found[1]

    def remember(self, mark: Mark | None, found: Observation, now_s: float) -> None:
        """Keep what was suggested; the oldest question leaves."""
        if mark is None:
            return
        self._asked.pop(mark, None)
        self._asked[mark] = (now_s, found)
        if len(self._asked) > MOST_REMEMBERED:
            self._asked.popitem(last=False)


def observed(
    request: LlmRequest,
    chosen: Chosen,
    *,
    is_applied: bool,
    made_s: float,
    context: RequestContext | None = None,
) -> Observation:
    """Return the observation that begins with `request` and what was chosen for it."""
    is_applied = is_applied and chosen.is_choice
    used = dict(chosen.values) if is_applied else dict(chosen.sent)
    return Observation(
        id=chosen.id,
        key=chosen.key,
        made_s=made_s,
        values=used,
        arm=chosen.arm if is_applied else chosen.sent_arm,
        request_id=request.id,
        suggested=dict(chosen.values),
        is_applied=is_applied and bool(chosen.values),
        why=chosen.why,
        predicted=chosen.reward,
        predicted_ms=chosen.latency_ms,
        client=request.client,
        context=context,
        choice=chosen.choice if is_applied else None,
        generation=chosen.generation,
    )


def _is_json(words: str) -> bool | None:
    if len(words) > LONGEST_JSON:
        return None  # nobody has heard it to its end
    try:
        _decode(words)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


_decode = msgspec.json.decode


def _encode(messages: list[dict[str, Any]]) -> bytes:
    try:
        return msgspec.json.encode(messages)
    except (TypeError, ValueError, RecursionError):
        return b""
