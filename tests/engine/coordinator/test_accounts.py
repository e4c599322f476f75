"""Who used how much is told by model, endpoint and client."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.accounts import OTHERS, Accounts
from engine.exchange import LlmRequest, Reply, Usage

MINE = LlmRequest("m", {}, client="me")


def reply(**fields: object) -> Reply:
    """Return an answer of ten and five tokens, after one second, complete after three."""
    usual = {"usage": Usage(10, 5), "cost_usd": 0.25, "first_byte_s": 1.0, "ended_s": 3.0}
    return Reply("m", "one", **(usual | fields))


def test_answers_add_up():
    """Tokens and cost are summed, times are means, and the totals are those of all rows."""
    accounts = Accounts()
    accounts.note(MINE, reply())
    accounts.note(MINE, reply(first_byte_s=2.0, ended_s=5.0))
    accounts.note(replace(MINE, client="you"), reply(cost_usd=None))
    row, other = accounts.rows()
    assert (row.model, row.endpoint, row.client) == ("m", "one", "me")
    assert (row.requests, row.failures) == (2, 0)
    assert (row.prompt_tokens, row.completion_tokens, row.cost_usd) == (20, 10, 0.5)
    assert (row.mean_first_token_ms, row.mean_total_ms) == (1500.0, 4000.0)
    assert (other.client, other.cost_usd) == ("you", 0.0)
    assert (accounts.prompt_tokens, accounts.completion_tokens, accounts.cost_usd) == (30, 15, 0.5)


def test_what_came_from_the_cache_used_nothing():
    """It is a request, but its tokens were paid when it was made, and its time says nothing."""
    accounts = Accounts()
    accounts.note(MINE, reply(cached="hit", cost_usd=0.0))
    (row,) = accounts.rows()
    assert (row.requests, row.prompt_tokens, row.mean_total_ms) == (1, 0, None)
    assert accounts.prompt_tokens == 0


def test_failures_are_counted_where_they_happened():
    """A stream that broke has cost what it used; a request without an answer only counts."""
    accounts = Accounts()
    accounts.note(MINE, reply(problem="it broke off"))
    accounts.note_failure(MINE, "m", "one")
    (row,) = accounts.rows()
    assert (row.requests, row.failures, row.prompt_tokens) == (2, 2, 10)
    assert (row.mean_total_ms, row.mean_first_token_ms) == (None, 1000.0)


@given(st.lists(st.tuples(st.text(max_size=2), st.text(max_size=1), st.booleans())))
def test_the_table_is_bounded_and_loses_nothing(asked: list[tuple[str, str, bool]]):
    """Whatever names clients make up, there are few rows, and their sum is right."""
    accounts = Accounts(most_rows=5)
    for model, client, is_answered in asked:
        request = LlmRequest(model, {}, client=client)
        if is_answered:
            accounts.note(request, Reply(model, "one", usage=Usage(2, 1)))
        else:
            accounts.note_failure(request, model)
    rows = accounts.rows()
    assert len(rows) <= 5
    assert sum(row.requests for row in rows) == len(asked)
    assert sum(row.prompt_tokens for row in rows) == accounts.prompt_tokens
    assert [row.requests for row in rows] == sorted((row.requests for row in rows), reverse=True)


def test_the_rest_is_pooled():
    """What has no row of its own is in the row for the others."""
    accounts = Accounts(most_rows=2)
    for model in ("a", "b", "c"):
        accounts.note(MINE, Reply(model, "one"))
    assert [(row.model, row.requests) for row in accounts.rows()] == [(OTHERS, 2), ("a", 1)]


def test_estimates_count_and_are_told_apart():
    """What a stream used that was left early is added like any other, and known as an estimate."""
    accounts = Accounts()
    accounts.note(MINE, reply())
    accounts.note(MINE, reply(usage=Usage(8, 3, is_estimated=True)))
    (row,) = accounts.rows()
    assert (row.prompt_tokens, row.completion_tokens, row.estimated) == (18, 8, 1)
    assert row.cost_usd == 0.5


def test_what_nobody_took_was_used_all_the_same():
    """The answer of a server that lost a race is paid and counted apart; it is no request."""
    accounts = Accounts()
    accounts.note(MINE, reply())
    accounts.note_unused(MINE, Reply("m", "two", usage=Usage(10, 0), cost_usd=0.125))
    accounts.note_left(MINE, "m", "two")
    one, two = sorted(accounts.rows(), key=lambda row: row.endpoint)
    assert (one.requests, one.unused) == (1, 0)
    assert (two.requests, two.unused, two.failures) == (1, 1, 0)
    assert (two.prompt_tokens, two.completion_tokens, two.cost_usd) == (10, 0, 0.125)
    assert (accounts.prompt_tokens, accounts.completion_tokens) == (20, 5)
    assert accounts.cost_usd == 0.375
