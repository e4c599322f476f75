from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.updates.versions import LONGEST, version_in

NUMBERS = st.integers(0, 10**6).map(str)
WORDS = st.text("0123456789abcXYZ-", min_size=1, max_size=6).filter(
    lambda text: not text.isdecimal() or str(int(text)) == text
)


@st.composite
def versions(draw):
    """Return a version that the rules allow."""
    numbers = ".".join(draw(st.lists(NUMBERS, min_size=3, max_size=3)))
    before = ".".join(draw(st.lists(WORDS, max_size=3)))
    return f"{numbers}-{before}" if before else numbers


def is_after_slowly(left, right):
    """Return what section 11 of the rules says, word by word."""
    left_numbers, _, left_before = left.partition("-")
    right_numbers, _, right_before = right.partition("-")
    for one, two in zip(left_numbers.split("."), right_numbers.split("."), strict=True):
        if int(one) != int(two):
            return int(one) > int(two)
    if not left_before or not right_before:
        return bool(right_before) and not left_before
    ones, twos = left_before.split("."), right_before.split(".")
    for one, two in zip(ones, twos, strict=False):
        if one == two:
            continue
        if one.isdecimal() and two.isdecimal():
            return int(one) > int(two)
        if one.isdecimal() != two.isdecimal():
            return two.isdecimal()
        return one > two
    return len(ones) > len(twos)


def test_versions_are_ordered_as_published():
    """The example of section 11.4, oldest first, each newer than the one before."""
    published = [
        *("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta"),
        *("1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0"),
    ]
    for older, newer in pairwise(published):
        assert version_in(newer).is_after(version_in(older))
        assert not version_in(older).is_after(version_in(newer))


@given(versions(), versions())
def test_the_order_is_that_of_the_rules(left, right):
    """Any two versions are compared as a slow reading of the rules does."""
    assert version_in(left).is_after(version_in(right)) == is_after_slowly(left, right)


@given(versions())
def test_nothing_is_newer_than_itself(text):
    """Nor does what follows a plus sign make a version newer."""
    assert not version_in(text).is_after(version_in(text))
    assert not version_in(f"{text}+build.5").is_after(version_in(text))


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b"),
        *("1.2.3+", " 1.2.3", "1.2.3\n", "-1.2.3", "1.2.x", "\u0661.2.3", "0.2.0.dev1", "1.2.3rc1"),
        *("1.2.3-\u00e4", "9" * LONGEST + ".0.0"),
    ],
)
def test_what_is_no_version_is_refused(text):
    """The message shows what was read."""
    with pytest.raises(ValueError, match="is no version such as"):
        version_in(text)


@given(st.text(max_size=80))
def test_any_text_is_a_version_or_a_value_error(text):
    """Nothing else comes of what somebody else's server says."""
    try:
        found = version_in(text)
    except ValueError:
        return
    assert len(found.numbers) == 3
