"""How servers have been: by probes, by real traffic, and by what other hosts say."""

from __future__ import annotations

from collections.abc import Iterable

from engine.clock import Clock
from engine.exchange import Attempt
from engine.router.evidence import LEAST_WEIGHT, Evidence
from engine.router.snapshot import HealthView
from engine.telemetry import Series

UNKNOWN_HEALTH = 0.8
"""What a server is taken for of which nothing is known: better than one that fails at times."""
MOST_OF_OTHERS = 3.0
"""Observations that all other hosts together count for at most: one's own eyes decide."""
MOST_HOSTS = 64
"""Other hosts whose word is kept for one server."""


class ServerHealth:
    """What is known of one server. `value` is its health now, 0 to 1, for scoring."""

    __slots__ = ("by_others", "history", "name", "probed_s", "probes", "score", "traffic", "value")

    def __init__(self, name: str) -> None:
        self.name = name
        self.traffic = Evidence()
        self.probes = Evidence()
        self.by_others: dict[str, Evidence] = {}
        self.probed_s: float | None = None
        self.history = Series(f"health of {name}", "share")
        self.score: float | None = None
        self.value = UNKNOWN_HEALTH

    def judge(self, now_s: float, half_life_s: float) -> None:
        """Set `score` and `value` from what is known at `now_s`."""
        self.traffic.fade(now_s, half_life_s)
        self.probes.fade(now_s, half_life_s)
        good, total = self.traffic.good + self.probes.good, self.traffic.total + self.probes.total
        if self.by_others:
            others = self._others(now_s, half_life_s)
            scale = min(1.0, MOST_OF_OTHERS / others.total) if others.total else 0.0
            good, total = good + scale * others.good, total + scale * others.total
        if total < LEAST_WEIGHT:
            self.score, self.value = None, UNKNOWN_HEALTH
        else:
            self.score = good / total
            # As if it had been seen once with the usual health: one failure is no verdict.
            self.value = (good + UNKNOWN_HEALTH) / (total + 1.0)

    def view(self) -> HealthView:
        """Return what the world may see."""
        shares = [each.share for each in self.by_others.copy().values()]
        known = [share for share in shares if share is not None]
        return HealthView(
            endpoint=self.name,
            score=self.score,
            by_probes=self.probes.share,
            by_traffic=self.traffic.share,
            by_others=sum(known) / len(known) if known else None,
            probed_s=self.probed_s,
            history=self.history,
        )

    def _others(self, now_s: float, half_life_s: float) -> Evidence:
        found = Evidence()
        for host, each in list(self.by_others.items()):
            each.fade(now_s, half_life_s)
            if each.total < LEAST_WEIGHT:
                del self.by_others[host]
            found.good += each.good
            found.total += each.total
        return found


class Health:
    """The health of all servers, by name. For the engines' loop."""

    def __init__(self, *, clock: Clock, half_life_s: float) -> None:
        self._clock = clock
        self.half_life_s = half_life_s
        self._servers: dict[str, ServerHealth] = {}

    def of(self, server: str) -> ServerHealth:
        """Return what is known of `server`; the same object as long as it exists."""
        found = self._servers.get(server)
        if found is None:
            found = self._servers[server] = ServerHealth(server)
        return found

    def keep_only(self, servers: Iterable[str]) -> None:
        """Forget every server that is none of `servers`."""
        wanted = set(servers)
        for name in [name for name in self._servers if name not in wanted]:
            del self._servers[name]

    def note_attempt(self, attempt: Attempt) -> None:
        """Count one try: a server that is busy or says that the request is wrong is not ill."""
        if attempt.outcome == "answered" or attempt.outcome == "rejected":
            self._note_traffic(attempt.endpoint, 1.0)
        elif attempt.outcome == "failed":
            self._note_traffic(attempt.endpoint, 0.0)

    def note_probe(self, server: str, lives: bool) -> None:
        """Count the answer to a probe."""
        found, now_s = self.of(server), self._clock.now()
        found.probes.note(float(lives), now_s, self.half_life_s)
        found.probed_s = now_s
        found.judge(now_s, self.half_life_s)

    def note_others(self, server: str, host: str, good: float, total: float) -> None:
        """Take what `host` knows of `server` in the place of what it said before."""
        found, now_s = self.of(server), self._clock.now()
        if host not in found.by_others and len(found.by_others) >= MOST_HOSTS:
            return
        found.by_others[host] = Evidence(good, total, now_s)
        found.judge(now_s, self.half_life_s)

    def forget_others(self) -> None:
        """Go by what was seen here alone."""
        for each in self._servers.values():
            each.by_others.clear()
        self.judge_all()

    def judge_all(self) -> None:
        """Bring every score up to date and add it to its history."""
        now_s = self._clock.now()
        for each in self._servers.values():
            each.judge(now_s, self.half_life_s)
            if each.score is not None:
                each.history.append(now_s, each.score)

    def silent(self, for_s: float) -> frozenset[str]:
        """Return the servers of which no traffic was seen in the last `for_s`."""
        since_s = self._clock.now() - for_s
        return frozenset(
            name for name, each in self._servers.items() if each.traffic.seen_s < since_s
        )

    def views(self) -> tuple[HealthView, ...]:
        """Return what the world may see, by name."""
        return tuple(each.view() for _, each in sorted(self._servers.copy().items()))

    def _note_traffic(self, server: str, value: float) -> None:
        found, now_s = self.of(server), self._clock.now()
        found.traffic.note(value, now_s, self.half_life_s)
        found.judge(now_s, self.half_life_s)
