"""The whole way through `serve`, whatever goes wrong behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from urllib.parse import urlsplit

import pytest

from tests.live.faulty import AWAY, BEFORE, DOWN, STORM, WITHIN, Faulty, among_faults
from tests.live.programs import wait_until
from tests.live.served import START_S, upstream_thread
from tests.live.upstream import Upstream

pytestmark = pytest.mark.live

STATUS = dict.fromkeys((*BEFORE, "tls", "dns"), 502)
STATUS |= {"close": 503, "dns": 503, "tls": 503, "nobody": 503, "silent": 504}
STATUS |= {"429": 429, "503": 429}
"""What a client is told where one server is all there is; 503 with Retry-After is load."""
DONE = b"data: [DONE]"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """Return `serve` among servers that fail; in the end no key may stand anywhere."""
    with among_faults(tmp_path_factory.mktemp("upstreams")) as found:
        yield found
        assert found.places_that_tell() == []


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", [*BEFORE, *AWAY])
def test_before_the_first_byte_nobody_sees_it(faulty: Faulty, fault: str, is_stream: bool):
    """Whatever one server does before it answers, the client gets the answer of another."""
    heard = faulty.ask(f"m-{fault}", is_stream=is_stream)
    assert heard.status == 200, heard.body
    assert heard.headers["x-endpoint"] == f"good-{fault}"
    assert b'"error"' not in heard.body
    if is_stream:
        assert heard.events()[-1] == b"[DONE]"
    else:
        assert heard.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("fault", WITHIN)
def test_after_the_first_byte_it_is_said_in_the_stream(faulty: Faulty, fault: str):
    """A stream that breaks keeps its whole events, ends with an error, and never with [DONE]."""
    heard = faulty.ask(f"m-{fault}", is_stream=True)
    assert (heard.status, heard.headers["x-endpoint"]) == (200, f"bad-{fault}")
    *words, last = map(json.loads, heard.events())
    assert any(choice["delta"].get("content") for each in words for choice in each["choices"])
    assert set(last["error"]) >= {"message", "type", "code"}
    assert last["error"]["message"]
    assert DONE not in heard.body


@pytest.mark.parametrize("fault", ["cut-utf8", "stall", "bad-later"])
@pytest.mark.parametrize(
    ("path", "good_end", "bad_end"),
    [("/messages", b"message_stop", b"error"), ("/responses", b"response.completed", b"failed")],
)
def test_other_dialects_say_so_as_well(
    faulty: Faulty, fault: str, path: str, good_end: bytes, bad_end: bytes
):
    """Clients of Anthropic's and of the newer API learn of a break in their own words."""
    heard = faulty.ask(f"m-{fault}", path, is_stream=True)
    assert heard.status == 200
    assert good_end not in heard.body
    assert bad_end in heard.events()[-1]


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", [*BEFORE, *AWAY])
def test_only_server(faulty: Faulty, fault: str, is_stream: bool):
    """Where nobody else has the model the client is told what is wrong, with the right status."""
    heard = faulty.ask(f"only-{fault}", is_stream=is_stream)
    assert heard.status == STATUS[fault], heard.body
    assert set(heard.json()["error"]) == {"message", "type", "param", "code"}
    assert f"only-{fault}" in heard.message
    assert "Traceback" not in heard.message


def test_keys_that_servers_repeat_are_left_out(faulty: Faulty):
    """Where a server quotes its key, in an error or within a stream, the client does not see it."""
    for heard in (
        faulty.ask("only-tells-key"),
        faulty.ask("only-error-later", is_stream=True),
    ):
        assert b"[key]" in heard.body
        assert b"sk-only" not in heard.body


def test_every_server_down(faulty: Faulty):
    """Where nobody is at any address it is said at once; who comes back is asked at once."""
    for is_stream in (False, True):
        heard = faulty.ask(DOWN, is_stream=is_stream)
        assert heard.status == 503
        assert "nobody answers" in heard.message
    port = urlsplit(faulty.address("down-2")).port
    assert port is not None
    with upstream_thread(Upstream(port=port, models=(DOWN,))):
        back = faulty.ask(DOWN)
    assert back.status == 200, back.body
    assert back.headers["x-endpoint"] == "down-2"


def test_storm(faulty: Faulty, monkeypatch: pytest.MonkeyPatch):
    """Where all say 429 clients hear the shortest wait, servers are left alone, and none is ill."""
    # Long enough that a slow machine asks once more within it.
    for server, wait_s in ((faulty.bad, 30), (faulty.good, 10)):
        monkeypatch.setattr(server, "retry_after", str(wait_s))
        server.of_model[STORM] = repeat("429")
    with ThreadPoolExecutor(16) as pool:
        storm = list(pool.map(lambda _: faulty.ask(STORM), range(32)))
    assert {each.status for each in storm} == {429}
    assert max(int(each.headers["retry-after"]) for each in storm) <= 10
    asked = faulty.posts(STORM)
    assert faulty.ask(STORM).status == 429
    assert faulty.posts(STORM) == asked
    for name in ("storm-a", "storm-b"):
        label = f'endpoint="{name}"'
        assert faulty.metric("uat_endpoint_failures_total", label) == 0
        assert faulty.metric("uat_endpoint_busy_total", label) > 0
        assert faulty.metric("uat_endpoint_state", f'{label},state="busy"') == 1
    for server in (faulty.bad, faulty.good):
        del server.of_model[STORM]
    answered = wait_until(
        lambda: faulty.ask(STORM).status == 200, "the storm is over", within_s=START_S
    )
    assert answered


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_late_first_token(faulty: Faulty, is_stream: bool):
    """A late first token is waited for as long as the client allows, and no longer."""
    assert faulty.ask("slow", is_stream=is_stream).status == 200
    late = faulty.ask("slow", is_stream=is_stream, headers={"x-deadline-ms": "300"})
    assert late.status == 504, late.body
    assert "slow" in late.message
