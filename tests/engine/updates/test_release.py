from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged
from engine.updates.address import wrong_with
from engine.updates.release import LARGEST_BYTES, Release, checked, release_in
from engine.updates.versions import version_in

GOOD = {"version": "1.2.3", "released": "2026-11-23", "page": "https://example.org/1.2.3"}


def body(**changes):
    """Return a good answer with changes; None leaves a key out."""
    told = {**GOOD, **changes}
    return json.dumps({key: value for key, value in told.items() if value is not None}).encode()


def test_a_good_answer_is_read():
    """Version, day and page; what else is said is for later versions of the application."""
    wanted = Release("1.2.3", "https://example.org/1.2.3", date(2026, 11, 23))
    assert release_in(body(), "example.org") == wanted
    assert release_in(body(sha256={"linux": "..."}), "example.org") == wanted


def test_the_day_may_be_missing_or_have_a_time():
    """Only version and page are needed."""
    assert release_in(body(released=None), "x").released is None
    assert release_in(body(released="2026-11-23T18:40:00Z"), "x").released == date(2026, 11, 23)


def test_what_is_kept_is_what_was_told():
    """A release that is written down and read again is the same."""
    found = release_in(body(), "x")
    assert checked(found.told) == found


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1.2.3",
        b"[]",
        b"null",
        b"<html>not found</html>",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"version": "1.2.3", "page": "https://example.org/", "x": ' + b"[" * 60_000,
        body(version=1.2),
        body(version=None),
        body(version="newest"),
        body(version=["1.2.3"]),
        body(page=None),
        body(page=7),
        body(page="http://example.org/"),
        body(page="javascript:alert(1)"),
        body(page="file:///bin/sh"),
        body(page="https://me:secret@example.org/"),
        body(released="soon"),
        body(released=20261123),
        body(released="2026-13-01"),
        body(more="x" * LARGEST_BYTES),
    ],
)
def test_a_bad_answer_is_refused_with_who_said_so(content):
    """What is no version, no page or no JSON is told, with a remedy."""
    with pytest.raises(Damaged, match=r"^example\.org answers, but does not say .*: correct"):
        release_in(content, "example.org")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.just("1.2.3"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=300) | JSON.map(lambda each: json.dumps(each).encode()))
def test_any_answer_is_a_release_or_damaged(content):
    """Whatever a server sends, what comes of it can be compared and opened, or is refused."""
    try:
        found = release_in(content, "example.org")
    except Damaged:
        return
    assert version_in(found.version)
    assert wrong_with(found.page) == ""
