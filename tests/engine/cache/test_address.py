"""URLs of Redis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.address import SCHEMES, Address, is_loopback, parse_address
from engine.errors import SettingsError

HOSTS = (("a", 7001), ("b", 7002))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost", Address("server", (("localhost", 6379),))),
        ("redis://localhost/", Address("server", (("localhost", 6379),))),
        ("redis://10.0.0.7:6380/3", Address("server", (("10.0.0.7", 6380),), database=3)),
        ("redis://[::1]:6380", Address("server", (("::1", 6380),))),
        ("rediss://cache.lan:6380", Address("server", (("cache.lan", 6380),), is_tls=True)),
        ("unix:///run/redis.sock", Address("socket", path="/run/redis.sock")),
        ("unix:///run/my%20redis.sock", Address("socket", path="/run/my redis.sock")),
        (
            "redis+sentinel://a,b:7002/mymaster/1",
            Address("sentinel", (("a", 26379), ("b", 7002)), service="mymaster", database=1),
        ),
        (
            "rediss+sentinel://a:7001,b:7002/mymaster",
            Address("sentinel", HOSTS, service="mymaster", is_tls=True),
        ),
        ("redis+cluster://a:7001,b:7002", Address("cluster", HOSTS)),
        ("rediss+cluster://a:7001,b:7002/", Address("cluster", HOSTS, is_tls=True)),
    ],
)
def test_every_kind_of_redis_has_a_url(url: str, address: Address):
    """Servers, sockets, Sentinels and Clusters are told apart, with the usual ports."""
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "must begin with"),
        ("localhost:6379", "must begin with"),
        ("http://localhost", "must begin with"),
        ("redis://", "names no host"),
        ("redis://a:0", "names no host"),
        ("redis://a:70000", "no port from 1 to 65535"),
        ("redis://a:port", "no port from 1 to 65535"),
        ("redis://a,,b", "names no host"),
        ("redis://a/x", "no number of a database"),
        ("redis://a/-1", "no number of a database"),
        ("redis://a/²", "no number of a database"),
        ("redis://a/0/1", "too much"),
        ("redis+cluster://a/1", "too much"),
        ("redis+sentinel://a", "Sentinel needs a name"),
        ("redis+sentinel://a/name/0/1", "too much"),
        ("unix:run/redis.sock", "a socket needs its path"),
        ("redis://a/0?timeout=1", "nothing may follow"),
        ("redis://a/0#here", "nothing may follow"),
        ("redis://[::1", "must begin with"),
    ],
)
def test_a_wrong_url_is_told_with_the_reason(url: str, reason: str):
    """The error names the setting, the value and what is wrong with it."""
    with pytest.raises(SettingsError, match=reason) as told:
        parse_address(url)
    assert f'cache.url is "{url}"' in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:s3cret@localhost",
        "redis://user:s3cret@localhost",
        "redis+sentinel://user:s3cret@a,b/mymaster",
        "redis+cluster://a:7001,user:s3cret@b:7002",
        "redis://user:s3cret@[::1]:70000",
        "unix://user:s3cret@/run/redis.sock",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str):
    """Passwords belong into the keychain, and into no message."""
    with pytest.raises(SettingsError) as told:
        parse_address(url)
    assert "s3cret" not in str(told.value)
    assert "cache.username" in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:s3cret@[::1",
        "http://:s3cret@localhost",
        "redis://:s3cret#1@localhost",
        "redis://:s3cret/1@localhost",
        "redis://:a@s3cret?1@localhost",
        "//:s3cret@localhost",
    ],
)
def test_a_password_in_a_misspelt_url_is_not_repeated(url: str):
    """A message may be logged; what may be a password is left out."""
    with pytest.raises(SettingsError) as told:
        parse_address(url)
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("redis://localhost", "localhost:6379"),
        ("unix:///run/redis.sock", "/run/redis.sock"),
        ("redis+sentinel://a:7001,b:7002/mymaster", "mymaster (a:7001, b:7002)"),
        ("redis+cluster://a:7001,b:7002", "a:7001, b:7002"),
    ],
)
def test_people_read_where_it_is(url: str, label: str):
    """The label names hosts, path or service."""
    assert parse_address(url).label == label


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("redis.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("cache.lan", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_names(host: str, expected: bool):
    """No name is looked up for it."""
    assert is_loopback(host) == expected


@given(
    scheme=st.sampled_from(sorted(SCHEMES)),
    rest=st.text("abc01:/@,.[]?#%[]~é\\ ", max_size=30),
)
def test_any_text_is_an_address_or_a_settings_error(scheme: str, rest: str):
    """Whatever is typed in, the user hears a sentence and no program error."""
    try:
        address = parse_address(f"{scheme}://{rest}")
    except SettingsError:
        return
    assert address.kind == SCHEMES[scheme][0]
    assert address.path if address.kind == "socket" else address.hosts
