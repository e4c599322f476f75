"""What a server says it can take: a pause after a 429, and what is left of its quota."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite

from engine.clock import Clock
from engine.moments import http_date

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""How long a server that says 429 without saying until when is left alone; doubled each time."""
LONGEST_WISH_S = 3600.0
"""A server that asks for more than an hour is asked again after one: quotas get raised."""
USUAL_RESET_S = 60.0
"""Quotas are by the minute where nothing else is said."""

NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
"""For resets that are none either."""
LONGEST_NUMBER = 20
"""Characters; Python refuses to read numbers of thousands of digits."""

QUOTAS = (
    (
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ),
    (
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ),
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d)")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Quota:
    """What is left of something until it is filled up again."""

    __slots__ = ("_remaining", "resets_s")

    def __init__(self) -> None:
        self._remaining: int | None = None
        self.resets_s = 0.0
        """Clock time."""

    def note(self, remaining: int, resets_s: float) -> None:
        """Take in what the server said."""
        self._remaining, self.resets_s = remaining, resets_s

    def take(self, count: int) -> None:
        """Count what is sent before the server says again how much is left."""
        if self._remaining is not None:
            self._remaining = max(0, self._remaining - count)

    def remaining(self, now_s: float) -> int | None:
        """Return what is left; None where nobody has said, or it was filled up since."""
        return self._remaining if now_s < self.resets_s else None

    def allows(self, count: int, now_s: float) -> bool:
        """Tell whether `count` may be left."""
        left = self.remaining(now_s)
        return left is None or left >= count


class RateLimits:
    """When one model of one server may be asked. For the engines' loop.

    429 is load and not illness: it never touches the breaker. A pause is never shortened.
    """

    __slots__ = ("_clock", "_pause_s", "has_said", "paused_until_s", "requests", "tokens")

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._pause_s = 0.0
        self.paused_until_s = 0.0
        self.requests = Quota()
        self.tokens = Quota()
        self.has_said = False
        """It has ever said what is left."""

    def pause(self, retry_after_s: float | None) -> None:
        """Note a 429; `retry_after_s` is what the server asked for."""
        if retry_after_s is None or not isfinite(retry_after_s) or retry_after_s < 0:
            self._pause_s = min(2 * self._pause_s or FIRST_PAUSE_S, LONGEST_PAUSE_S)
            retry_after_s = self._pause_s
        until_s = self._clock.now() + min(retry_after_s, LONGEST_WISH_S)
        self.paused_until_s = max(self.paused_until_s, until_s)

    def note(self, headers: Mapping[str, str]) -> None:
        """Take in the headers of an answer, names in lower case."""
        self._pause_s = 0.0
        if not headers:
            return
        for quota, names in zip((self.requests, self.tokens), QUOTAS, strict=True):
            for remaining, reset in names:
                if remaining in headers:
                    self._note(quota, headers[remaining], headers.get(reset, ""), headers)

    def take(self, tokens: int) -> None:
        """Count a request of about `tokens` that is sent now."""
        if self.has_said:
            self.requests.take(1)
            self.tokens.take(tokens)

    def free_at_s(self, tokens: int, now_s: float) -> float:
        """Return the clock time from which a request of `tokens` may go; not after `now_s`: now."""
        if not self.has_said:
            return self.paused_until_s
        free_s = self.paused_until_s
        if not self.requests.allows(1, now_s):
            free_s = max(free_s, self.requests.resets_s)
        if not self.tokens.allows(tokens, now_s):
            free_s = max(free_s, self.tokens.resets_s)
        return free_s

    def _note(self, quota: Quota, remaining: str, reset: str, headers: Mapping[str, str]) -> None:
        if len(remaining) > LONGEST_NUMBER or not remaining.strip().isdecimal():
            return
        wall = self._answered_at(headers) if ":" in reset else NO_MOMENT
        wait_s = seconds_in(reset, wall)
        self.has_said = True
        wait_s = USUAL_RESET_S if wait_s is None else min(wait_s, LONGEST_WISH_S)
        quota.note(int(remaining), self._clock.now() + wait_s)

    def _answered_at(self, headers: Mapping[str, str]) -> datetime:
        """Return the moment of an answer by the server's own clock, where it tells that: ours may
        be wrong by years.
        """
        try:
            return http_date(headers["date"])
        except (KeyError, ValueError):
            return self._clock.wall()


def seconds_in(reset: str, wall: datetime) -> float | None:
    """Return how long from `wall` a quota's reset is away; None where `reset` says nothing.

    It may be "6m0s", "20ms", seconds, or a moment in ISO 8601.
    """
    reset = reset.strip()
    spans = _SPAN.findall(reset)
    if spans and "".join(map("".join, spans)) == reset:
        return sum(float(number) * _UNITS_S[unit] for number, unit in spans)
    try:
        seconds = float(reset)
        return seconds if isfinite(seconds) and seconds >= 0 else None
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(reset)
    except ValueError:
        return None
    return None if moment.tzinfo is None else max(0.0, (moment - wall).total_seconds())
