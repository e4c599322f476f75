"""Patterns stand for models by all their names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.router.catalogue import Catalogue, matcher, plain
from engine.router.snapshot import ModelEntry


def test_longest_pattern_counts():
    """Of several patterns that fit, the one that says most counts, wherever it stands."""
    entries = (ModelEntry("gpt-4o*"), ModelEntry("gpt-4o-mini*"), ModelEntry("gpt*"))
    catalogue = Catalogue(entries)
    assert catalogue.find("gpt-4o-mini-2024-07-18") is entries[1]
    assert catalogue.find("gpt-4o-2024-08-06") is entries[0]
    assert catalogue.find("gpt-3.5-turbo") is entries[2]
    assert catalogue.find("claude") is None


def test_users_entry_before_the_application_s():
    """Of equal patterns the first counts, which is the user's."""
    entries = (ModelEntry("a*", label="mine"), ModelEntry("a*", label="theirs"))
    assert Catalogue(entries).find("abc").label == "mine"


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("llama3.2:3b*", "Llama-3.2-3B-Instruct-Q4_K_M.gguf", True),
        ("llama3.2:3b*", "llama3.2:30b", False),
        ("phi4", "phi4:latest", True),
        ("phi4", "phi4-mini", False),
        ("a[b]*", "a[b]c", True),
        ("a[b]*", "abc", False),
        ("a.c", "abc", False),
        ("*", "", True),
        ("*a*b", "xaxbxb", True),
        ("ab*ba", "aba", False),
        ("a**", "a", True),
    ],
)
def test_only_the_star_is_special(pattern, name, fits):
    """A star stands for anything, and every other letter for itself."""
    assert matcher(pattern)(name) is fits


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_stars_stand_for_anything(pattern, name):
    """A pattern means what the regular expression means that it stands for."""
    slow = re.fullmatch(pattern.replace("*", ".*"), name) is not None
    assert matcher(pattern)(name) is slow


def test_many_stars_take_no_time():
    """A word of many stars, which any client may send, is compared at once."""
    assert not matcher("*" * 60 + "~")("qwen2.5-coder-32b-instruct-q4_k_m-and-a-long-ending")
    assert not matcher("*a" * 30 + "~")("a" * 60)


@given(st.text())
def test_every_name_means_itself(name):
    """A name without a star is a pattern for itself, and plain names stay as they are."""
    if "*" not in name:
        assert matcher(name)(name)
    assert plain(plain(name)).lower() == plain(plain(name))
