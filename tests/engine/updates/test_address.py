from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.updates.address import LONGEST, host_of, wrong_with


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/newest.json",
        "https://example.org:8443/a/b?c=d",
        "https://192.0.2.7/",
        "http://127.0.0.1:8080/newest.json",
        "http://localhost/newest.json",
        "http://[::1]:8080/newest.json",
    ],
)
def test_https_and_this_machine_may_be_asked(url):
    """Encrypted addresses are right, and unencrypted ones that never leave the machine."""
    assert wrong_with(url) == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/newest.json", "https://"),
        ("http://localhost.example.org/", "https://"),
        ("http://127.0.0.1.example.org/", "https://"),
        ("http://192.168.0.1/", "https://"),
        ("http://0.0.0.0/", "https://"),
        ("file:///etc/passwd", "such as"),
        ("ftp://example.org/", "https://"),
        ("javascript://example.org/%0aalert(1)", "https://"),
        ("https://", "such as"),
        ("example.org/newest.json", "such as"),
        ("https://me@example.org/", "user name"),
        ("https://me:secret@example.org/", "user name"),
        ("https://:@example.org/", "user name"),
        ("https://example.org:port/", "such as"),
        ("https://example.org:99999/", "such as"),
        ("https://[::1", "such as"),
        ("https://exam ple.org/", "plain letters"),
        ("https://example.org/\n", "plain letters"),
        ("https://example.org\\@evil.example/", "plain letters"),
        ("https://ex\u00e4mple.org/", "plain letters"),
        ("https://example.org/" + "a" * LONGEST, "plain letters"),
        ("", "such as"),
    ],
)
def test_what_may_not_be_asked_says_why(url, why):
    """What could be read on the way, names who asks or is no address is told what it must be."""
    assert why in wrong_with(url)


@given(st.text(max_size=60) | st.text(max_size=60).map("https://{}".format))
def test_any_text_is_right_or_is_told_why(text):
    """No text makes it raise, and what is right is asked at a host without a user."""
    if not wrong_with(text):
        assert urlsplit(text).scheme in ("http", "https")
        assert "@" not in host_of(text)
        assert text.isprintable()
