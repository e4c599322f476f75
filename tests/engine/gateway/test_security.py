"""Who may call at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.gateway.security import Callers, origin_headers, preflight_headers, presented_key
from engine.gateway.settings import GatewaySettings


def is_host_good(name: str | None, **settings: str) -> bool:
    """Return whether `name` is let in, also the second time."""
    callers = Callers(GatewaySettings(**settings))
    answers = set()
    for _ in range(2):
        try:
            callers.check_host(name)
            answers.add(True)
        except Rejected:
            answers.add(False)
    assert len(answers) == 1
    return answers.pop()


@pytest.mark.parametrize(
    ("host", "on_loopback", "on_all"),
    [
        ("127.0.0.1", True, True),
        ("127.0.0.1:11480", True, True),
        ("127.8.9.1:1", True, True),
        ("localhost", True, True),
        ("LOCALHOST:80", True, True),
        ("[::1]", True, True),
        ("[::1]:80", True, True),
        ("192.168.0.9:11480", False, True),
        ("[fe80::1]:80", False, True),
        ("0.0.0.0", False, True),
        ("evil.example", False, False),
        ("localhost.evil.example", False, False),
        ("127.0.0.1.evil.example", False, False),
        ("127.0.0.1@evil.example", False, False),
        ("localhost:80:80", False, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_host(host: str | None, on_loopback: bool, on_all: bool):
    """Names that anybody can point here are refused; numbers are as far as it listens."""
    assert is_host_good(host) is on_loopback
    assert is_host_good(host, host="0.0.0.0") is on_all


def test_name_it_listens_at():
    """Who lets it listen at a name may call it by that."""
    assert is_host_good("my.box:80", host="my.box")
    assert not is_host_good("your.box:80", host="my.box")


@given(st.text())
def test_any_host(host: str):
    """Whatever stands in the header, it is let in or refused."""
    is_host_good(host)


def test_listed_hosts():
    """The user may add names, in any case and with spaces between."""
    assert is_host_good("My.Box:80", hosts=" my.box , other")
    assert not is_host_good("your.box", hosts="my.box")


def test_not_every_good_name_is_remembered():
    """However many ports a client writes, what is remembered stays small."""
    callers = Callers(GatewaySettings())
    for port in range(1000):
        callers.check_host(f"localhost:{port}")
    assert len(callers._good) < 100


@pytest.mark.parametrize(
    ("origin", "listed", "is_good"),
    [
        ("http://a.test", "http://a.test", True),
        ("http://A.test", "x, http://a.test/", True),
        ("http://a.test:81", "http://a.test", False),
        ("https://a.test", "http://a.test", False),
        ("null", "", False),
        ("http://a.test", "*", True),
        ("http://\udcff", "*", False),
        ("http://é", "*", False),
    ],
)
def test_origin(origin: str, listed: str, is_good: bool):
    """Only pages on the user's list may call."""
    callers = Callers(GatewaySettings(origins=listed))
    if is_good:
        callers.check_origin(origin)
        return
    with pytest.raises(Rejected) as error:
        callers.check_origin(origin)
    assert error.value.status == 403


def test_preflight_answers_what_was_asked():
    """The headers that a page wants to send are allowed; private networks where asked."""
    asked = {"access-control-request-headers": "authorization"}
    assert preflight_headers(asked)["access-control-allow-headers"] == "authorization"
    assert "access-control-allow-private-network" not in preflight_headers(asked)
    private = {"access-control-request-private-network": "true"}
    assert preflight_headers(private)["access-control-allow-private-network"] == "true"
    assert origin_headers("http://a.test")["vary"] == "Origin"


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"authorization": "Basic abc"}, ""),
        ({"authorization": "abc"}, ""),
        ({"x-api-key": "abc"}, "abc"),
        ({"authorization": "Bearer a", "x-api-key": "b"}, "a"),
        ({}, ""),
    ],
)
def test_key(headers: dict[str, str], key: str):
    """A key comes as OpenAI's or as Anthropic's clients send it."""
    assert presented_key(headers) == key
