"""How fast a server answers: peaks count at once, and are forgotten slowly."""

from __future__ import annotations

from collections import deque
from math import ceil, exp

TAU_S = 10.0
"""After so long an old measurement counts a third; Finagle's choice."""
IDLE_TAU_S = 60.0
"""What was measured fades in this time where nothing new is: a server that was slow is tried again
after minutes. Longer than TAU_S, for a person asks once a minute and not a thousand times."""
KEPT = 128
"""Times to the first token that the p95 looks back on."""
LEAST_KEPT = 20
"""Fewer say nothing about the slowest twentieth."""
HEAD_TOKENS = 10
"""The first token of an answer that came whole is taken to have cost as much as so many further
ones, until a stream has told."""


class PeakEwma:
    """A moving average that rises at once and falls slowly.

    Source: Finagle, PeakEwma.scala: with w = exp(-dt / tau), a value above the average replaces
    it, any other moves it to average * w + value * (1 - w).
    """

    __slots__ = ("_at_s", "value")

    def __init__(self) -> None:
        self.value: float | None = None
        """In the unit of what was noted; None before the first."""
        self._at_s = 0.0

    def note(self, value: float, now_s: float) -> None:
        """Take in one measurement."""
        old = self.value
        if old is None or value >= old:
            self.value = value
        else:
            keep = exp((self._at_s - now_s) / TAU_S)
            self.value = old * keep + value * (1 - keep)
        self._at_s = now_s

    def faded(self, now_s: float) -> float | None:
        """Return the average, the lower the longer nothing was noted."""
        if self.value is None:
            return None
        return self.value * exp((self._at_s - now_s) / IDLE_TAU_S)


class Pace:
    """Times to the first token and for each further one, in seconds. For the engines' loop."""

    __slots__ = ("_p95_at", "_p95_s", "_recent", "first", "noted", "token")

    def __init__(self) -> None:
        self.first = PeakEwma()
        self.token = PeakEwma()
        self.noted = 0
        """Times to the first token ever noted."""
        self._recent: deque[float] = deque(maxlen=KEPT)
        self._p95_s: float | None = None
        self._p95_at = 0

    def note_first(self, seconds: float, now_s: float) -> None:
        """Take in how long a stream took to begin."""
        self.first.note(seconds, now_s)
        self._recent.append(seconds)
        self.noted += 1

    def note_token(self, seconds: float, now_s: float) -> None:
        """Take in how long each further token of a stream took."""
        self.token.note(seconds, now_s)

    def note_whole(self, seconds: float, tokens: int, now_s: float) -> None:
        """Take in an answer that came in one piece after `seconds`, with so many tokens.

        It is split as streams were so far, else as HEAD_TOKENS says.
        """
        if seconds <= 0:  # the clock stood still: it tells nothing about shares
            self.first.note(0.0, now_s)
            return
        first_s, token_s = self.first.value, self.token.value
        if not first_s or token_s is None:
            token_s = seconds / (HEAD_TOKENS + tokens)
            first_s = HEAD_TOKENS * token_s if tokens else seconds
        share = seconds / (first_s + tokens * token_s)
        self.first.note(first_s * share, now_s)
        if tokens:
            self.token.note(token_s * share, now_s)

    def expected_s(self, tokens: int, now_s: float) -> float | None:
        """Return how long an answer of `tokens` should take; None before the first answer."""
        first_s = self.first.faded(now_s)
        if first_s is None:
            return None
        return first_s + tokens * (self.token.faded(now_s) or 0.0)

    def tokens_in(self, seconds: float) -> int:
        """Return about how many tokens an answer has by `seconds`; 0 where nothing is known yet."""
        first_s, token_s = self.first.value, self.token.value
        if first_s is None or not token_s or seconds < first_s:
            return 0
        return 1 + int((seconds - first_s) / token_s)

    def p95_s(self) -> float | None:
        """Return what 19 of 20 streams took at most to begin; None where too few are known."""
        if len(self._recent) < LEAST_KEPT:
            return None
        if self._p95_s is None or self.noted - self._p95_at >= LEAST_KEPT:
            ordered = sorted(self._recent.copy())
            self._p95_s = ordered[ceil(0.95 * len(ordered)) - 1]
            self._p95_at = self.noted
        return self._p95_s
