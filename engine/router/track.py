"""What real requests showed of each model: speed and reliability."""

from __future__ import annotations

from collections.abc import Sequence

from engine.clock import Clock
from engine.exchange import Attempt, Reply
from engine.router.evidence import Mean

MOST_MODELS = 2_000
"""Models whose record is kept; more only come from somebody who tries names."""


class Track:
    """The record of one model, over all servers."""

    __slots__ = ("answered", "first_token_ms", "requests", "token_ms")

    def __init__(self) -> None:
        self.requests = 0
        self.answered = 0
        self.first_token_ms = Mean()
        self.token_ms = Mean()

    @property
    def reliability(self) -> float | None:
        """Share of its requests that were answered; None before the first."""
        return self.answered / self.requests if self.requests else None


class Tracks:
    """The records of all models, by name. For the engines' loop."""

    def __init__(self, *, clock: Clock, half_life_s: float) -> None:
        self._clock = clock
        self.half_life_s = half_life_s
        self._tracks: dict[str, Track] = {}

    def of(self, model: str) -> Track:
        """Return the record of `model`; the same object while the engine runs."""
        found = self._tracks.get(model)
        if found is None:
            if len(self._tracks) >= MOST_MODELS:
                self._tracks.clear()
            found = self._tracks[model] = Track()
        return found

    def fade(self) -> None:
        """Forget speeds that were measured long ago: else who was slow once is never asked again,
        and never seen to be fast.
        """
        now_s = self._clock.now()
        for each in self._tracks.values():
            each.first_token_ms.fade(now_s, self.half_life_s)
            each.token_ms.fade(now_s, self.half_life_s)

    def note_failure(self, model: str) -> None:
        """Count a request that the servers of `model` could not answer."""
        self.of(model).requests += 1

    def note_answer(self, model: str, reply: Reply, attempts: Sequence[Attempt]) -> None:
        """Count an answer of `model` and measure how fast it was; the cache's are not measured."""
        track = self.of(model)
        track.requests += 1
        track.answered += not reply.problem
        if reply.cached or reply.problem or not attempts:
            return
        last, now_s, half_life_s = attempts[-1], self._clock.now(), self.half_life_s
        if last.first_byte_s is None:
            return
        waited_s = last.first_byte_s - last.began_s
        usage = reply.usage
        # Whoever leaves early leaves at any time: an estimate of that is no speed.
        tokens = 0 if usage is None or usage.is_estimated else usage.completion_tokens
        if reply.stream is None:  # all came at once: nobody saw the first token
            return
        track.first_token_ms.note(waited_s * 1e3, now_s, half_life_s)
        if tokens > 1 and last.ended_s > last.first_byte_s:
            each_ms = (last.ended_s - last.first_byte_s) * 1e3 / (tokens - 1)
            track.token_ms.note(each_ms, now_s, half_life_s)
