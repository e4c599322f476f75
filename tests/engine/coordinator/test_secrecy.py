"""What of a server nobody may see."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.secrecy import (
    HIDDEN,
    is_same_server,
    login_of,
    masked,
    masked_wholly,
    revealed,
    revealed_url,
    secrets_of,
    sent_in_secret,
    shown,
    without,
)
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.errors import SettingsError

KNOWN = Endpoint(
    "a",
    EndpointKind.OPENAI,
    "http://me:geheim@host:1/v1",
    headers=(("X-Team", "research"), ("X-Token", "Bearer sk-secret")),
)
PLAIN = Endpoint("b", EndpointKind.OPENAI, "http://host:1/v1")


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://host:1/v1", "http://host:1/v1"),
        ("http://me:geheim@host:1/v1", "http://me:***@host:1/v1"),
        ("http://me:ge@he:im@host/v1", "http://me:***@host/v1"),
        ("http://:geheim@host", "http://:***@host"),
        ("http://me@host/@scope", "http://me@host/@scope"),
        ("https://host/a:b@c", "https://host/a:b@c"),
    ],
)
def test_a_password_is_not_shown(url: str, seen: str):
    """The user's name, the host and the path stay as they are."""
    assert masked(url) == seen


@pytest.mark.parametrize(
    "typed", ["ftp://me:geheim@host", "me:geheim@host", "http://me:ge/heim@host", "x\n:geheim@["]
)
def test_what_is_no_address_shows_nothing_that_could_be_a_password(typed: str):
    """Also where nobody can tell where a login would end."""
    assert "heim" not in masked_wholly(typed)
    assert masked_wholly("hots:8") == "hots:8"


def test_a_shown_server_has_names_of_headers_alone():
    """Its snapshot tells which headers are sent, and what to hide is not even in its `repr`."""
    seen = shown(KNOWN)
    assert seen.url == "http://me:***@host:1/v1"
    assert seen.headers == (("X-Team", HIDDEN), ("X-Token", HIDDEN))
    assert shown(PLAIN) is PLAIN
    assert not any(each in repr(KNOWN) for each in ("geheim", "research", "secret"))


def test_what_was_not_edited_comes_back():
    """Who changes something else of a shown server loses neither password nor values."""
    assert revealed(shown(KNOWN), KNOWN) == KNOWN
    assert revealed(replace(shown(KNOWN), weight=2.0), KNOWN) == replace(KNOWN, weight=2.0)
    other = replace(shown(KNOWN), headers=(("x-token", HIDDEN), ("X-New", "7")))
    assert revealed(other, KNOWN).headers == (("x-token", "Bearer sk-secret"), ("X-New", "7"))
    assert revealed(PLAIN, None) is PLAIN
    assert revealed(KNOWN, None) is KNOWN


@pytest.mark.parametrize(
    ("given_", "known"),
    [
        (replace(shown(KNOWN), url="http://me:***@elsewhere:1/v1"), KNOWN),
        (replace(shown(KNOWN), url="http://you:***@host:1/v1"), KNOWN),
        (shown(KNOWN), None),
        (replace(PLAIN, headers=(("X-New", HIDDEN),)), PLAIN),
    ],
)
def test_a_hidden_value_goes_to_nobody_else(given_: Endpoint, known: Endpoint | None):
    """A password stays with its server and its user; what nobody knows must be typed."""
    with pytest.raises(SettingsError, match="type its") as raised:
        revealed(given_, known)
    assert "geheim" not in str(raised.value)


def test_an_address_is_completed_for_the_same_server_alone():
    """Whoever tests an edited address does not ask another server with this one's password."""
    assert revealed_url("http://me:***@host:1/other", KNOWN.url) == "http://me:geheim@host:1/other"
    assert revealed_url("http://me:***@bad/v1", KNOWN.url) == "http://me:***@bad/v1"


def test_a_login_becomes_a_header():
    """As RFC 7617 has it; what is percent-encoded in an address is not in the header."""
    assert login_of("http://Aladdin:open%20sesame@host") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert login_of("http://host/a@b") == ""


@given(st.text("abcXYZ019%-_", min_size=4, max_size=12), st.text("abc ", max_size=9))
def test_no_message_repeats_a_secret(secret: str, words: str):
    """Wherever a server repeats it, in whichever shape it was sent."""
    endpoint = replace(PLAIN, url=f"http://me:{secret}@host", headers=(("X", f"Token {secret}!"),))
    said = f"{words}{secret} {words} {login_of(endpoint.url)} Token {secret}! {secret}!"
    left = without(secrets_of(endpoint), said)
    assert secret not in left
    assert login_of(endpoint.url).partition(" ")[2] not in left


def test_what_is_short_is_no_secret():
    """A header with a number in it does not spoil every message with that number."""
    assert secrets_of(replace(PLAIN, headers=(("X-Project", "7"),))) == ()


def test_what_a_server_is_sent_in_secret():
    """A key, else the login of its address, and its own headers, which go before both."""
    url = "http://ada:s%20ecret@127.0.0.1:1/v1"
    endpoint = Endpoint("box", EndpointKind.OPENAI, url, headers=(("X-Team", "blue"),))
    login = f"Basic {b64encode(b'ada:s ecret').decode()}"
    assert sent_in_secret(endpoint, "") == {"authorization": login, "x-team": "blue"}
    plain = replace(endpoint, url="http://127.0.0.1:1/v1", headers=())
    assert sent_in_secret(plain, "key") == {"authorization": "Bearer key"}
    assert sent_in_secret(plain, "") == {}
    own = replace(endpoint, headers=(("Authorization", "mine"),))
    assert sent_in_secret(own, "key") == {"authorization": "mine"}


def test_a_server_is_known_by_its_shown_address():
    """The hidden password and the path do not matter; user, host and port do."""
    url = "http://ada:secret@127.0.0.1:11434/v1"
    assert is_same_server(url, "http://ada:***@127.0.0.1:11434")
    assert not is_same_server(url, "http://eva:***@127.0.0.1:11434")
    assert not is_same_server(url, "http://ada:***@127.0.0.1:1234")
    assert not is_same_server("nonsense", "nonsense")
