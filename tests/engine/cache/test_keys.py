"""What keys are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.keys import (
    DATA_IDENTITY,
    GENERATIONS,
    PREFIX,
    VALUES,
    Key,
    generation_key,
    key_of,
    namespace_of,
    parse_key,
    prefix_of,
)

WORDS = st.text("abcXYZ019_-", min_size=1, max_size=64)


def test_a_plain_name_stays_readable():
    """People who look into Redis see what the owner called it."""
    assert key_of("chat", "llama/3.3:70b".replace(":", "@"), "team") == Key(
        "chat", b"team:=llama/3.3@70b"
    )
    assert key_of("chat", "one") == Key("chat", b":=one")


@pytest.mark.parametrize(
    "name", ["", "two words", "a:b", "ü", "x" * 65, "\ud800", "*", "a\n", "{a}"]
)
def test_any_other_name_is_hashed(name: str):
    """The key is short and plain whatever the name is."""
    key = key_of("chat", name, "team")
    assert key.tail.startswith(b"team:#")
    assert len(key.tail) == len(b"team:#") + 32
    assert key == key_of("chat", name, "team")


def test_a_name_cannot_imitate_a_hashed_one():
    """A plain name that looks like a hash is another key."""
    hashed = key_of("chat", "two words").tail.decode()[2:]
    assert key_of("chat", hashed).tail != key_of("chat", "two words").tail
    assert key_of("chat", f"#{hashed}").tail != key_of("chat", "two words").tail


@pytest.mark.parametrize("word", ["", "a.b", "a:b", "a b", "ü", "x" * 65, "a\n"])
def test_a_namespace_is_a_word(word: str):
    """Anything that could be read as another part of a key is refused."""
    with pytest.raises(ValueError, match="namespace"):
        key_of(word, "name")


@pytest.mark.parametrize("word", ["a:b", "a.b", " ", "x" * 65])
def test_a_tenant_is_a_word_or_empty(word: str):
    """One tenant cannot take the name of another's key."""
    with pytest.raises(ValueError, match="tenant"):
        key_of("chat", "name", word)


@given(namespace=WORDS, tenant=st.one_of(st.just(""), WORDS), name=st.text(max_size=80))
def test_a_key_is_found_again(namespace: str, tenant: str, name: str):
    """What stands in Redis tells namespace, generation, tenant and name again."""
    key = key_of(namespace, name, tenant)
    physical = prefix_of(namespace, 12) + key.tail
    assert parse_key(physical) == (key, 12)
    assert namespace_of(generation_key(namespace)) == namespace


NAMED = st.tuples(WORDS, st.one_of(st.just(""), WORDS), st.text(max_size=70), st.integers(0, 99))


@given(one=NAMED, other=NAMED)
def test_different_values_have_different_keys(
    one: tuple[str, str, str, int], other: tuple[str, str, str, int]
):
    """No two of namespace, tenant, name and generation share a key."""
    keys = [
        prefix_of(namespace, generation) + key_of(namespace, name, tenant).tail
        for namespace, tenant, name, generation in (one, other)
    ]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize(
    "physical",
    [
        b"",
        b"foreign",
        b"uat:1:lease:x",
        b"uat:2:c:chat.0::=a",
        VALUES,
        VALUES + b"chat",
        VALUES + b"chat.0",
        VALUES + b"chat.0:a",
        VALUES + b"chat.x::=a",
        VALUES + b".0::=a",
        VALUES + b"chat::=a",
    ],
)
def test_a_foreign_key_is_none_of_ours(physical: bytes):
    """What others keep in the same Redis is left alone."""
    assert parse_key(physical) is None


@given(physical=st.binary(max_size=60))
def test_any_bytes_may_be_a_key(physical: bytes):
    """Reading a key never fails."""
    parse_key(physical)
    parse_key(VALUES + physical)


def test_everything_lies_under_one_prefix():
    """One pattern finds all we keep, and values, generations and identity never meet."""
    assert all(each.startswith(PREFIX) for each in (VALUES, GENERATIONS, DATA_IDENTITY))
    assert generation_key("chat") == b"uat:1:g:chat"
    assert prefix_of("chat", 3) == b"uat:1:c:chat.3:"
