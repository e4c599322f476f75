"""Answers that are rated: what a real `serve` learns over a mock server, and keeps."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from engine.folders import Folders
from tests.live.served import (
    Served,
    at_home,
    at_upstream,
    serving,
    upstream_thread,
)
from tests.live.upstream import Upstream

pytestmark = pytest.mark.live

MODEL = "mock-small"
AUTOMATIC = '[analytics]\nmode = "automatic"\n'
GOOD = 0.2
"""The temperature that earns thumbs."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Return a mock server that listens."""
    with upstream_thread(Upstream(tokens=2)) as server:
        yield server


@contextlib.contextmanager
def automatic(folder: Path, server: Upstream) -> Iterator[Served]:
    """Return `serve` whose parameters are chosen by what it learns."""
    with serving(folder, endpoints=at_upstream(server), settings=AUTOMATIC) as served:
        yield served


def again(folder: Path) -> contextlib.AbstractContextManager[Served]:
    """Return `serve` in the home that an earlier one has left."""
    return at_home(folder / "home", name="again")


@contextlib.contextmanager
def client_of(served: Served) -> Iterator[openai.OpenAI]:
    """Return OpenAI's client, which tries once."""
    with openai.OpenAI(api_key=served.key, base_url=served.url, max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, number: int, **fields: Any) -> str:
    """Ask something new; return the id by which the answer can be rated, "" for none."""
    messages: Any = [{"role": "user", "content": f"Hello {number}"}]
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=messages, **fields)
    answer = raw.parse().choices[0].message
    assert answer.content or answer.tool_calls
    return raw.headers.get("x-suggestion-id", "")


def rate(client: openai.OpenAI, **body: Any) -> dict[str, Any]:
    """Say what an answer was worth; return what was made of it."""
    found = client.post("/feedback", body=body, cast_to=object)
    assert isinstance(found, dict)
    return found


def sent_temperatures(server: Upstream) -> list[float | None]:
    """Return the temperatures of all questions that reached the server."""
    return [
        each.json().get("temperature") for each in server.seen if each.path.endswith("completions")
    ]


def teach(client: openai.OpenAI, server: Upstream, count: int, *, first: int = 0) -> list[str]:
    """Ask `count` questions and rate each answer by its temperature; return the ids."""
    ids = []
    for number in range(first, first + count):
        id = ask(client, number)
        if id:
            is_good = sent_temperatures(server)[-1] == GOOD
            noted = rate(client, suggestion_id=id, thumbs="up" if is_good else "down")
            assert (noted["suggestion_id"], noted["reward"]) == (id, float(is_good))
            ids.append(id)
    return ids


def test_thumbs_change_the_temperature_and_are_kept(tmp_path: Path, upstream: Upstream):
    """What earns thumbs is chosen more and more, and after a restart from the first on."""
    with automatic(tmp_path, upstream) as served, client_of(served) as client:
        ids = teach(client, upstream, 80)
        assert len(ids) >= 75
        assert sent_temperatures(upstream)[-20:].count(GOOD) >= 12
        assert rate(client, suggestion_id=ids[0], thumbs="down")["state"] in ("repeated", "revised")
    before = len(upstream.seen)
    with again(tmp_path) as served, client_of(served) as client:
        last = [ask(client, 1000 + number) for number in range(25)]
        learnt = sent_temperatures(upstream)[-20:]
        assert learnt.count(GOOD) >= 12
        assert len(upstream.seen) > before
        assert rate(client, suggestion_id=last[-1], reward=0.5)["state"] == "noted"
        assert rate(client, suggestion_id=ids[5], edited=True)["terms"]["edited"] == 0.0


def test_the_search_tries_values_of_its_own(tmp_path: Path, upstream: Upstream):
    """By Bayesian optimisation any temperature within the ranges may be tried."""
    settings = f'{AUTOMATIC}method = "search"\n'
    with (
        serving(tmp_path, endpoints=at_upstream(upstream), settings=settings) as served,
        client_of(served) as client,
    ):
        tried: set[float] = set()
        for number in range(200):
            id = ask(client, number)
            temperature = sent_temperatures(upstream)[-1]
            if id:
                is_good = temperature is not None and temperature < 0.5
                rate(client, suggestion_id=id, reward=float(is_good))
            if temperature is not None and temperature not in (0.2, 0.7, 1.0):
                tried.add(temperature)
            if len(tried) >= 8:
                break
        assert len(tried) >= 8
        assert all(0.1 <= each <= 1.2 for each in tried)


def test_the_request_decides_where_it_may(tmp_path: Path, upstream: Upstream):
    """With tools another temperature earns thumbs than without; both are known after a restart."""
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {}}}]
    liked = {True: 1.0, False: GOOD}

    def of_kind(number: int) -> dict[str, Any]:
        return {"tools": tools} if number % 2 else {}

    settings = f'{AUTOMATIC}method = "context"\n'
    with (
        serving(tmp_path, endpoints=at_upstream(upstream), settings=settings) as served,
        client_of(served) as client,
    ):
        for number in range(100):
            id = ask(client, number, **of_kind(number))
            is_good = sent_temperatures(upstream)[-1] == liked[number % 2 == 1]
            if id:
                rate(client, suggestion_id=id, thumbs="up" if is_good else "down")
    with again(tmp_path) as served, client_of(served) as client:
        for number in range(1000, 1044):
            ask(client, number, **of_kind(number))
        last = sent_temperatures(upstream)[-40:]
        assert last[::2].count(liked[False]) >= 14
        assert last[1::2].count(liked[True]) >= 14


def test_what_a_client_sends_stays(tmp_path: Path, upstream: Upstream):
    """A parameter that the client sets itself is never changed, streams get their id too."""
    with automatic(tmp_path, upstream) as served, client_of(served) as client:
        for number in range(10):
            ask(client, number, temperature=0.35)
        assert set(sent_temperatures(upstream)) == {0.35}
        messages: Any = [{"role": "user", "content": "Hello"}]
        raw = client.chat.completions.with_raw_response.create(
            model=MODEL, messages=messages, stream=True, temperature=0.35
        )
        assert [each for each in raw.parse() if each.choices]
        assert (
            rate(client, suggestion_id=raw.headers["x-suggestion-id"], copied=True)["reward"] == 1
        )
        request_id = raw.headers["x-request-id"]
        assert rate(client, request_id=request_id, copied=True)["state"] == "repeated"


def test_a_server_that_takes_no_parameters_is_asked_without(tmp_path: Path, upstream: Upstream):
    """What the client never sent is no reason to refuse it."""
    upstream.unknown_fields = ("temperature", "top_p")
    with automatic(tmp_path, upstream) as served, client_of(served) as client:
        for number in range(12):
            ask(client, number)
        assert sent_temperatures(upstream)[-3:] == [None, None, None]


def test_off_by_default(tmp_path: Path, upstream: Upstream):
    """Nobody who does not want it is changed or observed; a rating then belongs to nothing."""
    with (
        serving(tmp_path, endpoints=at_upstream(upstream)) as served,
        client_of(served) as client,
    ):
        assert [ask(client, number) for number in range(3)] == ["", "", ""]
        assert sent_temperatures(upstream) == [None, None, None]
        with pytest.raises(openai.NotFoundError) as caught:
            rate(client, suggestion_id="sug_1", thumbs="up")
        assert (caught.value.code, caught.value.param) == ("suggestion_not_found", "suggestion_id")
        with pytest.raises(openai.BadRequestError) as wrong:
            rate(client, suggestion_id="sug_1", reward=7)
        assert wrong.value.param == "reward"
        with pytest.raises(openai.BadRequestError):
            ask(client, 9, extra_headers={"x-task-type": "<>"})


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, upstream: Upstream):
    """Killed in the middle of its writes, it has kept every rating that it has acknowledged."""
    rated: list[str] = []
    with contextlib.suppress(AssertionError):  # it does not end well: it was killed
        with automatic(tmp_path, upstream) as served, client_of(served) as client:
            ask(client, 0)
            ids = [id for number in range(1, 30) if (id := ask(client, number))]
            for number, id in enumerate(ids):
                rate(client, suggestion_id=id, thumbs="up")
                rated.append(id)
                if number == 20:
                    served.program.signal(signal.SIGKILL)
                    break
    assert len(rated) == 21
    assert list(Folders.under(tmp_path / "home").data.glob("analytics.sqlite*"))
    with again(tmp_path) as served, client_of(served) as client:
        for id in rated:
            noted = rate(client, suggestion_id=id, thumbs="up")
            assert (noted["state"], noted["reward"]) == ("repeated", 1.0)
