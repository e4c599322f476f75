"""Who used how much of which model, since the start."""

from __future__ import annotations

from dataclasses import dataclass

from engine.coordinator.snapshot import UsageRow
from engine.exchange import LlmRequest, Reply, Usage

MOST_ROWS = 2_000
"""Clients choose the names of models: the table must not grow with them."""
OTHERS = "(others)"
"""Model of the row that takes in what has no row of its own."""

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Row:
    requests: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    timed: int = 0
    total_s: float = 0.0
    begun: int = 0
    first_byte_s: float = 0.0
    estimated: int = 0
    unused: int = 0


class Accounts:
    """Requests, tokens, cost and times by model, endpoint and client. For the engines' loop.

    An answer out of the cache counts as a request and uses nothing: its tokens were paid once.
    """

    def __init__(self, *, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._rows: dict[Key, _Row] = {}
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost_usd = 0.0

    def note(self, request: LlmRequest, reply: Reply) -> None:
        """Enter an answer that is over, one that broke off as a failure."""
        row = self._row(reply.model, reply.endpoint, request.client)
        row.requests += 1
        row.failures += bool(reply.problem)
        if reply.cached:
            return
        row.estimated += reply.usage is not None and reply.usage.is_estimated
        self._add(row, reply.usage, reply.cost_usd)
        if reply.ended_s is not None and not reply.problem:
            row.timed += 1
            row.total_s += reply.ended_s
        if reply.first_byte_s is not None:
            row.begun += 1
            row.first_byte_s += reply.first_byte_s

    def note_failure(self, request: LlmRequest, model: str, endpoint: str = "") -> None:
        """Enter a request to which nobody had an answer; `endpoint` is who failed last."""
        row = self._row(model, endpoint, request.client)
        row.requests += 1
        row.failures += 1

    def note_unused(self, request: LlmRequest, reply: Reply) -> None:
        """Enter an answer, or what there was of it, that nobody took: it is no request of its
        own, yet has used what it used.
        """
        row = self._row(reply.model, reply.endpoint, request.client)
        row.unused += 1
        self._add(row, reply.usage, reply.cost_usd)

    def note_left(self, request: LlmRequest, model: str, endpoint: str = "") -> None:
        """Enter a request whose client left before there was an answer."""
        self._row(model, endpoint, request.client).requests += 1

    def rows(self) -> tuple[UsageRow, ...]:
        """Return the whole table, the most used first; from any thread."""
        found = [_view(key, row) for key, row in list(self._rows.items())]
        return tuple(sorted(found, key=lambda row: row.requests, reverse=True))

    def _add(self, row: _Row, usage: Usage | None, cost_usd: float | None) -> None:
        if usage is not None:
            row.prompt_tokens += usage.prompt_tokens
            row.completion_tokens += usage.completion_tokens
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
        if cost_usd is not None:
            row.cost_usd += cost_usd
            self.cost_usd += cost_usd

    def _row(self, model: str, endpoint: str, client: str) -> _Row:
        key = (model, endpoint, client)
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= self._most_rows - 1:
                key = (OTHERS, "", "")
            row = self._rows.setdefault(key, _Row())
        return row


def _view(key: Key, row: _Row) -> UsageRow:
    model, endpoint, client = key
    return UsageRow(
        model=model,
        endpoint=endpoint,
        client=client,
        requests=row.requests,
        failures=row.failures,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        cost_usd=row.cost_usd,
        mean_total_ms=row.total_s / row.timed * 1e3 if row.timed else None,
        mean_first_token_ms=row.first_byte_s / row.begun * 1e3 if row.begun else None,
        estimated=row.estimated,
        unused=row.unused,
    )
