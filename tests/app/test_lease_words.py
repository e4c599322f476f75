from __future__ import annotations

import pytest

from app.lease_words import listed, verb


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b"), "a and b"),
        (("a", "b", "c"), "a, b and c"),
        (("a", "b", "c", "d"), "a, b and 2 more"),
    ],
)
def test_names_are_listed_as_in_a_sentence(names, words):
    """Three names are told, further ones counted."""
    assert listed(names) == words


def test_what_they_do():
    """One ends, several end."""
    assert (verb(["a"]), verb(["a", "b"])) == ("ends", "end")
