"""Who is let in and what becomes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.errors import Overloaded, Rejected
from engine.gateway import chat
from engine.gateway.asking import Malformed
from engine.gateway.client_keys import ClientKeys
from engine.gateway.dispatching import Routes
from engine.gateway.door import FrontDoor
from engine.gateway.ports import Call, Handler, Head, Result
from engine.gateway.settings import GatewaySettings
from engine.gateway.traffic import Traffic
from tests.conftest import FakeClock
from tests.engine.gateway.fake_router import FakeRouter
from tests.engine.gateway.fake_server import HOST, Written, visit

PATH = "/v1/chat/completions"
GOOD = b'{"messages":[{"role":"user","content":"x"}]}'
PREFLIGHT = {"origin": "http://a.test", "access-control-request-method": "POST"}


class House:
    """A door with what stands behind it."""

    def __init__(
        self,
        folder: Path,
        clock: FakeClock,
        handlers: Mapping[tuple[str, str], Handler] | None = None,
        **settings: Any,
    ) -> None:
        self.router = FakeRouter()
        self.written = Written()
        self.traffic = Traffic(clock)
        keys = ClientKeys(folder, clock=clock)
        keys.load()
        self.key = keys.key_file.read_text(encoding="utf-8").strip()
        every = {("GET", "/health"): health, **chat.routes(self.router), **(handlers or {})}
        self.door = FrontDoor(
            settings=GatewaySettings(**settings),
            routes=Routes(every),
            keys=keys,
            traffic=self.traffic,
            clock=clock,
            activity=self.written,
        )

    def visit(
        self, method: str = "POST", path: str = PATH, body: bytes = GOOD, **headers: str
    ) -> Result:
        """Return the answer to a request with the key, unless `headers` say otherwise."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        usual = {"authorization": f"Bearer {self.key}"} | named
        return asyncio.run(visit(self.door, method, path, usual, body))


async def health(call: Call) -> Result:
    return Result(body=b"{}")


def code(result: Result) -> object:
    """Return the word for programs in an error."""
    return msgspec.json.decode(result.body)["error"]["code"]


def test_good_request(tmp_path: Path, clock: FakeClock):
    """Who has the key is answered, and counted by the key's name."""
    house = House(tmp_path, clock)
    result = house.visit()
    assert result.status == 200
    (request,) = house.router.requests
    assert (request.client, request.id) == ("default", result.headers["x-request-id"])
    assert house.traffic.counts["2xx"] == 1
    assert house.traffic.clients["default"].requests == 1
    assert house.written.records == []


@pytest.mark.parametrize(
    ("headers", "status", "word"),
    [
        ({"authorization": "Bearer no"}, 401, "invalid_api_key"),
        ({"authorization": ""}, 401, "invalid_api_key"),
        ({"host": "evil.example"}, 403, "host_not_allowed"),
        ({"host": ""}, 400, "host_missing"),
        ({"origin": "http://evil.example"}, 403, "origin_not_allowed"),
    ],
)
def test_turned_away(
    tmp_path: Path, clock: FakeClock, headers: dict[str, str], status: int, word: str
):
    """Who may not call learns why; no handler sees it, and it is counted as refused only."""
    house = House(tmp_path, clock)
    result = house.visit(**headers)
    assert (result.status, code(result)) == (status, word)
    assert house.router.requests == []
    assert house.traffic.counts["refused"] == 1
    assert house.traffic.in_flight == 0
    assert ("www-authenticate" in result.headers) is (status == 401)


def test_key_comes_before_paths(tmp_path: Path, clock: FakeClock):
    """Without a key nobody learns which paths there are; health is open."""
    house = House(tmp_path, clock)
    assert house.visit(path="/v1/nothing", authorization="").status == 401
    assert house.visit(path="/v1/nothing").status == 404
    assert house.visit("GET", "/health", authorization="").status == 200


def test_dialect_of_the_path(tmp_path: Path, clock: FakeClock):
    """Under /v1/messages also the door speaks Anthropic's dialect."""
    result = House(tmp_path, clock).visit(path="/v1/messages", authorization="")
    told = msgspec.json.decode(result.body)
    assert (told["type"], told["error"]["type"]) == ("error", "authentication_error")


def test_wrong_method(tmp_path: Path, clock: FakeClock):
    """A path that is there says which methods it takes."""
    result = House(tmp_path, clock).visit("GET")
    assert (result.status, result.headers["allow"]) == (405, "OPTIONS, POST")


def test_pages(tmp_path: Path, clock: FakeClock):
    """A page on the list may ask first without a key, and read the answer."""
    house = House(tmp_path, clock, origins="http://a.test")
    asked = asyncio.run(visit(house.door, "OPTIONS", PATH, PREFLIGHT))
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (204, "http://a.test")
    assert house.visit(origin="http://a.test").headers["vary"] == "Origin"
    assert house.visit("OPTIONS", authorization="").status == 401
    # Also what is refused: else the page sees no reason.
    assert "vary" in house.visit(origin="http://a.test", authorization="").headers


def test_places(tmp_path: Path, clock: FakeClock):
    """As many as there are places are let in; who leaves makes room; health needs none."""
    house = House(tmp_path, clock, most_requests=2)
    head = Head("POST", PATH, {"host": HOST, "authorization": f"Bearer {house.key}"})
    first, second = house.door.admit(head), house.door.admit(head)
    assert (first[1], second[1]) == (None, None)
    result = house.visit()
    assert (result.status, result.headers["retry-after"]) == (503, "1")
    assert house.visit("GET", "/health").status == 200
    house.door.leave(first[0], 200)
    house.door.leave(first[0], 200)  # leaving twice makes no second place
    assert house.visit().status == 200
    third, fourth = house.door.admit(head), house.door.admit(head)
    assert third[1] is None
    assert fourth[1] is not None


def test_closing(tmp_path: Path, clock: FakeClock):
    """While the application closes nobody new is let in."""
    house = House(tmp_path, clock)
    house.door.is_draining = True
    assert house.visit().status == 503


@pytest.mark.parametrize(
    ("error", "status"), [(Rejected("x", status=422), 422), (Overloaded("x"), 429)]
)
def test_errors(tmp_path: Path, clock: FakeClock, error: Exception, status: int):
    """What a handler raises on purpose becomes its status; the router has written it down."""
    house = House(tmp_path, clock)
    house.router.error = error
    assert house.visit().status == status
    assert house.written.records == []


def test_mistakes(tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture):
    """A mistake is a 500 whose place is logged, without its words, which may hold a secret."""
    house = House(tmp_path, clock)
    house.router.error = KeyError("sk-secret")
    with caplog.at_level(logging.DEBUG):
        result = house.visit()
    assert result.status == 500
    assert "KeyError" in caplog.text
    assert "fake_router.py" in caplog.text
    assert "sk-secret" not in caplog.text + result.body.decode()


def test_deep_nesting(tmp_path: Path, clock: FakeClock):
    """What is nested too deeply to be written again is the client's fault."""
    house = House(tmp_path, clock)
    house.router.error = RecursionError()
    assert house.visit().status == 400


def test_what_no_engine_has_seen(tmp_path: Path, clock: FakeClock):
    """A call that is refused before the router stands in the activity list all the same."""
    house = House(tmp_path, clock)
    assert house.visit(body=b"{").status == 400
    (record,) = house.written.records
    assert (record.kind, record.client, record.status) == ("chat", "default", 400)
    assert "JSON" in record.problem


def test_body_that_could_not_be_read(tmp_path: Path, clock: FakeClock):
    """What the server finds wrong with a body is told in the path's dialect, and written down."""
    house = House(tmp_path, clock)
    head = Head("POST", PATH, {"host": HOST, "authorization": f"Bearer {house.key}"})
    seen, _ = house.door.admit(head)
    assert house.door.refuse(seen, Malformed("too large", status=413)).status == 413
    assert house.written.records[0].status == 413


def test_settings_count_at_once(tmp_path: Path, clock: FakeClock):
    """Other limits and names count for the next request."""
    house = House(tmp_path, clock)
    assert house.visit(host="my.box").status == 403
    house.door.use(GatewaySettings(hosts="my.box", largest_body_mib=1, head_timeout_s=3))
    assert house.visit(host="my.box").status == 200
    assert house.door.limits.head_timeout_s == 3
    seen, _ = house.door.admit(Head("POST", PATH, {"host": HOST}))
    assert seen.largest_body_bytes == 1024 * 1024


def test_only_sound_may_be_as_large_as_sound(tmp_path: Path, clock: FakeClock):
    """A form that comes where none belongs does not fill the disk before that is noticed."""
    sound = "/v1/audio/transcriptions"
    house = House(tmp_path, clock, {("POST", sound): health}, largest_body_mib=1)
    headers = {"host": HOST, "authorization": f"Bearer {house.key}"}
    seen = [house.door.admit(Head("POST", path, headers))[0] for path in (PATH, sound)]
    assert [each.largest_form_bytes >> 20 for each in seen] == [1, 1024]


def test_numbers(tmp_path: Path, clock: FakeClock):
    """Each request has a number of its own, also after a new start."""
    houses = [House(tmp_path, clock), House(tmp_path, clock)]
    ids = {house.visit().headers["x-request-id"] for house in houses for _ in range(50)}
    assert len(ids) == 100
